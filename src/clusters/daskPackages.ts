/**
 * What a Dask cluster needs, frozen: `dask[distributed]==2026.8.0` and all that it pulls in, one version for Python 3.10 to 3.13.
 *
 * @since 0.1.0
 */

/**
 * What workers, drivers and clients need, and a scheduler without its dashboard: 5 MB of wheels, 49 MB of memory a process.
 *
 * @since 0.1.0
 * @category models
 */
export const daskWorkerPackages: ReadonlyArray<string> = [
  "click==8.5.1",
  "cloudpickle==3.1.2",
  "dask==2026.8.0",
  "distributed==2026.8.0",
  "fsspec==2026.9.0",
  // Dask itself reads entry points with it before Python 3.12. 10.x leaves out Python 3.10.
  "importlib-metadata==9.0.1; python_version < \"3.12\"",
  "jinja2==3.1.6",
  "locket==1.0.0",
  "markupsafe==3.0.4",
  "msgpack==1.2.4",
  "packaging==26.3",
  "partd==1.4.2",
  "psutil==7.2.2",
  "pyyaml==6.0.3",
  "sortedcontainers==2.4.0",
  "tblib==3.2.2",
  "toolz==1.2.0",
  // 6.6 leaves out Python 3.10.
  "tornado==6.5.10",
  "zict==3.0.0",
  "zipp==4.1.2; python_version < \"3.12\""
]

/**
 * What programs in Python that use a cluster send and compute with, of the version that the scheduler's pages bring: 16 MB of
 * wheels. `lazycluster up dask` has it everywhere; clusters of TypeScript programs do without.
 *
 * @since 0.1.0
 * @category models
 */
export const daskProgramPackages: ReadonlyArray<string> = ["numpy==2.2.6"]

/**
 * The same with Bokeh and what it pulls in: without it the scheduler answers /status with "Dask needs bokeh". 35 MB of wheels and
 * 30 MB of memory more, so it is for the scheduler; workers can do without, and Dask's own version check asks no more of it.
 *
 * @since 0.1.0
 * @category models
 */
export const daskPackages: ReadonlyArray<string> = [
  ...daskWorkerPackages,
  "bokeh==3.9.2",
  "contourpy==1.3.2",
  "narwhals==2.29.0",
  ...daskProgramPackages,
  "pillow==12.3.0",
  "xyzservices==2026.9.1"
]

/**
 * The distributions whose versions scheduler, workers and clients must share.
 *
 * @since 0.1.0
 * @category models
 */
export const daskSharedVersions: ReadonlyArray<string> = [
  "dask",
  "distributed",
  "cloudpickle",
  "msgpack",
  "tornado",
  "toolz"
]
