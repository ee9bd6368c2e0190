/** `lazycluster put` and `lazycluster get` with hosts in memory, and the bar of the view. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TransferProgress from "../../src/cli/TransferProgress.ts"
import { InMemorySsh, layer, nothingLeft } from "../../src/testing/InMemorySsh.ts"
import { run } from "./commandLine.ts"
import { over } from "./memoryReach.ts"

const world = Layer.merge(layer(["host-1", "host-2"]), NodeContext.layer)

/** A folder with `data/a`, `data/sub/b` and `one.txt`; its path is masked in what is written. */
const folder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  yield* fs.makeDirectory(`${directory}/data/sub`, { recursive: true })
  yield* fs.writeFileString(`${directory}/data/a`, "aa")
  yield* fs.writeFileString(`${directory}/data/sub/b`, "bbb")
  yield* fs.writeFileString(`${directory}/one.txt`, "1")
  const typed = (...words: ReadonlyArray<string>) =>
    run(...words).pipe(
      over(["host-1", "host-2"]),
      Effect.zipLeft(nothingLeft),
      Effect.map(({ code, err, out }) => ({
        code,
        err: err.replaceAll(directory, "DIR"),
        out: out.replaceAll(directory, "DIR")
      }))
    )
  const on = (host: string, path: string) =>
    Effect.gen(function*() {
      const files = yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.files(host))
      const content = yield* files.read(path, 0, 100)
      return new TextDecoder().decode(content)
    })
  return { directory, typed, on, fs }
})

describe("lazycluster put", () => {
  it.effect("copies files and folders below a folder of each host", () =>
    Effect.gen(function*() {
      const { directory, on, typed } = yield* folder
      const words = [`${directory}/data`, `${directory}/one.txt`, "to", "--exclude", "a"]
      const { code, err, out } = yield* typed("put", ...words)
      assert.strictEqual(
        out,
        [
          "HOST    FILES     SIZE  UNCHANGED  RESUMED",
          "host-1      2  4 bytes          0",
          "host-2      2  4 bytes          0",
          ""
        ].join("\n")
      )
      assert.strictEqual(code, 0)
      assert.include(err, "host-1: over SFTP, as the host lacks ")
      assert.strictEqual(yield* on("host-1", "/home/user/to/data/sub/b"), "bbb")
      assert.strictEqual(yield* on("host-2", "/home/user/to/one.txt"), "1")
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.effect("fails on the host where something is in the way, and copies on the others", () =>
    Effect.gen(function*() {
      const { directory, on, typed } = yield* folder
      const hosts = yield* InMemorySsh
      const files = yield* hosts.files("host-2")
      yield* files.write("/home/user/x", Stream.empty)
      const { code, err, out } = yield* typed("put", `${directory}/one.txt`, "x/", "--json")
      const [first, second] = JSON.parse(out)
      assert.deepInclude(first, { host: "host-1", files: 1, bytes: 1, unchanged: 0, resumed: 0, skipped: [] })
      assert.deepInclude(second, { host: "host-2", files: 0 })
      assert.include(second.error, "host-2: ")
      assert.include(err, second.error.split("\n")[0])
      assert.strictEqual(code, 1)
      assert.strictEqual(yield* on("host-1", "/home/user/x/one.txt"), "1")
      yield* hosts.refuse("host-2")
      const less = yield* typed("put", `${directory}/one.txt`, "x/")
      assert.include(less.err, "without host-2: lazycluster list-runtimes says why\n")
      assert.strictEqual(less.code, 0)
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.effect("says what is missing here, and connects to nobody", () =>
    Effect.gen(function*() {
      const { directory, typed } = yield* folder
      const { code, err } = yield* typed("put", `${directory}/none`, "x")
      assert.strictEqual(
        err,
        "(manager): send DIR/none: there is nothing at that path\nhint: check the path; links must point at something\n"
      )
      assert.strictEqual(code, 1)
      assert.strictEqual((yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.connections("host-1"))).accepted, 0)
      assert.strictEqual((yield* typed("put", "x")).code, 2)
    }).pipe(Effect.scoped, Effect.provide(world)))
})

describe("lazycluster get", () => {
  it.effect("copies from one host to the target, from several below their names", () =>
    Effect.gen(function*() {
      const { directory, fs, typed } = yield* folder
      yield* typed("put", `${directory}/data`, "data")
      const one = yield* typed("get", "data", `${directory}/one`, "--hosts", "host-2")
      assert.deepStrictEqual([one.code, one.out.split("\n")[1]], [0, "host-2      2  5 bytes          0"])
      assert.strictEqual(yield* fs.readFileString(`${directory}/one/sub/b`), "bbb")
      const all = yield* typed("get", "data/a", `${directory}/all`)
      assert.strictEqual(all.code, 0)
      assert.strictEqual(yield* fs.readFileString(`${directory}/all/host-1/a`), "aa")
      assert.strictEqual(yield* fs.readFileString(`${directory}/all/host-2/a`), "aa")
      const none = yield* typed("get", "nothing", `${directory}/none`)
      assert.strictEqual(none.code, 1)
      assert.include(none.err, "not copied on host-1, host-2")
    }).pipe(Effect.scoped, Effect.provide(world)))
})

it("the bar tells share, bytes, rate and the time that is left", () => {
  assert.deepStrictEqual(
    [
      { bytes: 0, total: 100, elapsed: 0 },
      { bytes: 50e6, total: 200e6, elapsed: 1000 },
      { bytes: 200e6, total: 200e6, elapsed: 4000 },
      { bytes: 7e6, total: undefined, elapsed: 1000 },
      { bytes: 1e6, total: 1e12, elapsed: 1000 }
    ].map(TransferProgress.render),
    [
      "[>                   ] 0%  0 bytes of 100 bytes",
      "[=====>              ] 25%  50 MB of 200 MB  50 MB/s  3 s left",
      "[====================] 100%  200 MB of 200 MB  50 MB/s",
      "7 MB  7 MB/s",
      "[>                   ] 0%  1 MB of 1000.0 GB  1 MB/s  277.8 h left"
    ]
  )
})
