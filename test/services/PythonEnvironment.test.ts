import { assert, describe, it } from "@effect/vitest"
import { assertLeft, assertNone, assertRight, assertSome } from "@effect/vitest/utils"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { daskPackages, daskSharedVersions, daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"
import * as PythonPackages from "../../src/services/PythonPackages.ts"

const linux = { system: "Linux", machine: "x86_64", libc: "glibc 2.36" }

const pins = (...lines: ReadonlyArray<string>) =>
  Either.getOrThrow(PythonEnvironment.check(PythonEnvironment.make({ packages: lines }))).pins

const on = (host: string, pythonVersion: string, versions: Record<string, string>): PythonEnvironment.Provisioned => ({
  host,
  directory: `/cache/${host}`,
  python: `/cache/${host}/bin/python`,
  pythonVersion,
  versions,
  size: 1,
  made: false
})

describe("PythonPackages", () => {
  it("reads pins with extras and markers", () => {
    assertSome(PythonPackages.parsePin("Dask[distributed, array] == 2026.8.0 ; python_version < \"3.12\" "), {
      name: "dask",
      version: "2026.8.0",
      line: "dask[distributed,array]==2026.8.0",
      marker: "python_version < \"3.12\""
    })
    assertSome(PythonPackages.parsePin("ruamel.yaml_clib==0.2.8+local.1"), {
      name: "ruamel-yaml-clib",
      version: "0.2.8+local.1",
      line: "ruamel-yaml-clib==0.2.8+local.1",
      marker: ""
    })
  })

  it("takes nothing that leaves the version open, and no option of pip", () => {
    for (
      const line of [
        "dask",
        "dask>=2026.8.0",
        "dask==2026.*",
        "dask==1.0,!=1.0.1",
        "dask @ https://example.org/dask.whl",
        "--index-url=https://example.org",
        "-r more.txt",
        "dask==1.0 --hash=sha256:00",
        "dask==1.0\n-r more.txt",
        ""
      ]
    ) {
      assertNone(PythonPackages.parsePin(line))
    }
  })

  it("reads bounds on Python", () => {
    assertSome(PythonPackages.parsePython("3.11"), [["==", [3, 11]]])
    assertSome(PythonPackages.parsePython(">=3.10, <3.13"), [[">=", [3, 10]], ["<", [3, 13]]])
    for (const text of ["", "three", "~=3.10", ">=3.10,", "3.11.4.1"]) assertNone(PythonPackages.parsePython(text))
  })
})

describe("PythonEnvironment", () => {
  it("is data that survives its schema", () => {
    const codec = Schema.parseJson(PythonEnvironment.PythonEnvironment)
    for (
      const environment of [
        PythonEnvironment.make({ packages: ["six==1.16.0"], python: ">=3.10", name: "small" }),
        PythonEnvironment.existing({ python: "/usr/bin/python3" })
      ]
    ) {
      assert.deepStrictEqual(Schema.decodeSync(codec)(Schema.encodeSync(codec)(environment)), environment)
    }
  })

  it("has one key for one content", () => {
    const key = PythonEnvironment.key(pins("six==1.16.0", "Toolz == 1.2.0"), "cp311", linux)
    assert.strictEqual(PythonEnvironment.key(pins("toolz==1.2.0", "six==1.16.0"), "cp311", linux), key)
    assert.match(key, /^[0-9a-f]{16}-cp311-linux-x86_64-glibc2\.36$/)
    const others = [
      PythonEnvironment.key(pins("six==1.16.0", "toolz==1.2.1"), "cp311", linux),
      PythonEnvironment.key(pins("six==1.16.0", "toolz==1.2.0; python_version < \"3\""), "cp311", linux),
      PythonEnvironment.key(pins("six==1.16.0", "toolz==1.2.0"), "cp312", linux),
      PythonEnvironment.key(pins("six==1.16.0", "toolz==1.2.0"), "cp311", { ...linux, machine: "aarch64" }),
      PythonEnvironment.key(pins("six==1.16.0", "toolz==1.2.0"), "cp311", { ...linux, libc: "musl 1.2.5" })
    ]
    assert.strictEqual(new Set([...others, key]).size, 6)
  })

  it("keeps a libc that names a path inside its directory", () => {
    assert.notInclude(PythonEnvironment.key([], "cp311", { ...linux, libc: "../../glibc 2" }), "/")
  })

  it("names every package that is not pinned", () => {
    const error = Either.getOrThrow(Either.flip(
      PythonEnvironment.check(PythonEnvironment.make({ packages: ["dask", "six==1.16.0", "toolz>1"] }), "host-1")
    ))
    assert.strictEqual(
      error.message,
      "host-1: read packages, NotPinned: no exact version in \"dask\", \"toolz>1\"\n" +
        "hint: write each package as NAME==VERSION, with a marker behind ; where it is not for all"
    )
  })

  it("names a bound on Python that is none", () => {
    const error = Either.getOrThrow(Either.flip(
      PythonEnvironment.check(PythonEnvironment.make({ packages: [], python: "newest" }))
    ))
    assert.strictEqual(error.reason, "PythonVersion")
    assert.include(error.detail, "\"newest\"")
  })
})

describe("PythonEnvironment.agree", () => {
  const same = { dask: "2026.8.0", msgpack: "1.2.4" }

  it("is content with equal versions, and tells of Python's last number", () => {
    assertRight(PythonEnvironment.agree([on("a", "3.11.7", same), on("b", "3.11.7", same)], ["dask", "msgpack"]), [])
    assertRight(
      PythonEnvironment.agree([on("a", "3.11.7", same), on("b", "3.11.7", same), on("c", "3.11.2", same)], ["dask"]),
      ["Python 3.11.2 on c, 3.11.7 elsewhere"]
    )
  })

  it("names what differs, and where", () => {
    const environments = [
      on("manager:", "3.11.7", same),
      on("host-1", "3.11.7", same),
      on("host-2", "3.12.1", { dask: "2026.3.0" })
    ]
    const error = Either.getOrThrow(Either.flip(PythonEnvironment.agree(environments, ["Dask", "msgpack", "bokeh"])))
    assert.strictEqual(error.reason, "Disagree")
    assert.strictEqual(
      error.detail,
      "Python 3.12 on host-2, 3.11 elsewhere; Dask 2026.3.0 on host-2, 2026.8.0 elsewhere; " +
        "msgpack missing on host-2, 1.2.4 elsewhere"
    )
    assert.include(error.message, "hint: use the same PythonEnvironment on all hosts")
  })

  it("says what mends an interpreter that was there", () => {
    const own = { ...on("host-2", "3.11.2", { dask: "2026.3.0" }), python: "/opt/my python/bin/python3", size: 0 }
    const error = Either.getOrThrow(Either.flip(
      PythonEnvironment.agree([on("a", "3.11.7", same), on("b", "3.11.7", same), own], ["Dask", "msgpack"])
    ))
    assert.strictEqual(
      error.hint,
      "on host-2: '/opt/my python/bin/python3' -m pip install Dask==2026.8.0 msgpack==1.2.4"
    )
  })

  it("takes no side where there is no majority", () => {
    const pair = [on("a", "3.11.7", { dask: "1" }), on("b", "3.11.7", { dask: "2" })]
    assertLeft(
      Either.mapLeft(PythonEnvironment.agree(pair, ["dask"]), (error) => error.detail),
      "dask 1 on a, 2 on b"
    )
  })
})

describe("the packages of Dask", () => {
  it("are pinned, and the shared ones are among them", () => {
    const names = pins(...daskPackages).map((pin) => pin.name)
    assert.strictEqual(new Set(names).size, daskPackages.length)
    assert.includeMembers(pins(...daskWorkerPackages).map((pin) => pin.name), [...daskSharedVersions])
  })
})
