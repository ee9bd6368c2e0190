/** What the launcher of mongod says when mongod does not run: of a real one, and of stand-ins that end as real ones did. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import { environment, platform } from "../clusters/mongoLife.ts"

const launcher = fileURLToPath(new URL("../../programs/mongod.py", import.meta.url))

/** What mongod 6.0.5 wrote on a full disk. */
const full =
  `{"t":{},"s":"E","c":"CONTROL","id":20557,"msg":"DBException in initAndListen, terminating","attr":{"error":"UnknownError: 28: No space left on device"}}`

/** Holds the lock of a directory from before the real one starts, and after our launcher has looked. */
const quicker = (python: string, real: string, folder: string) => [
  `${python} -c 'import fcntl, os, sys, time`,
  `f = open(sys.argv[1], "w"); fcntl.flock(f, fcntl.LOCK_EX)`,
  `print(os.getpid(), file=f, flush=True); print("held", flush=True); time.sleep(60)' "$2/mongod.lock" >${folder}/held &`,
  `until grep -q held ${folder}/held; do sleep 0.05; done`,
  `exec ${real} "$@"`
]

const Report = Schema.parseJson(
  Schema.Struct({ reason: Schema.String, detail: Schema.String, pid: Schema.NullOr(Schema.Int) })
)

describe("mongod.py", () => {
  it.scopedLive("says why there is no mongod, on one line and by its exit code", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const { bare, directory, python } = yield* environment
      const found = (yield* fs.readDirectory(directory, { recursive: true }))
        .find((file) => file.endsWith("/fiftyone/db/bin/mongod"))
      yield* fs.writeFileString(`${folder}/password`, "secret")
      yield* fs.writeFileString(`${folder}/file`, "")

      const run = Effect.fnUntraced(function*(dbpath: string, mongod?: string, interpreter = python) {
        const given = { dbpath: `${folder}/${dbpath}`, password: `${folder}/password`, mongod }
        const rest = { database: "x", user: "lazycluster", cache: "0.25", port: "27997", health: "27998" }
        const words = Object.entries({ ...given, ...rest })
          .flatMap(([name, value]) => value === undefined ? [] : [`--${name}`, value])
        const started = yield* Command.start(
          Command.make(interpreter, launcher, ...words).pipe(Command.env({ PATH: "/usr/bin:/bin" }))
        )
        const said = yield* Stream.mkString(Stream.decodeText(started.stderr))
        const line = said.split("\n").find((line) => line.startsWith("lazycluster-mongod ")) ?? said
        const report = yield* Schema.decode(Report)(line.replace("lazycluster-mongod ", ""))
        return { ...report, code: Number(yield* started.exitCode), said }
      })
      const standIn = Effect.fnUntraced(function*(...lines: ReadonlyArray<string>) {
        const path = yield* fs.makeTempFile({ directory: folder })
        yield* fs.writeFileString(path, ["#!/bin/sh", ...lines, ""].join("\n"))
        yield* fs.chmod(path, 0o755)
        return path
      })

      assert.deepInclude(yield* run("file"), {
        reason: "Directory",
        code: 100,
        detail: `${folder}/file cannot be made: File exists`
      })
      assert.deepInclude(yield* run("a", `${folder}/none`), { reason: "NotFound", code: 127 })
      assert.deepInclude(yield* run("a", undefined, bare), { reason: "NotFound", code: 127 })
      assert.deepInclude(yield* run("a", yield* standIn(`echo '${full}'`, "exit 14")), { reason: "NoSpace", code: 14 })
      assert.deepInclude(yield* run("a", yield* standIn("exit 62")), { reason: "Data", code: 62 })
      assert.deepInclude(yield* run("a", yield* standIn("exit 3")), { reason: "Exited", code: 3 })
      assert.deepInclude(yield* run("a", yield* standIn("kill -ILL $$")), { reason: "Unusable", code: 132 })
      const library = yield* run("a", yield* standIn("echo error while loading shared libraries: libx.so", "exit 127"))
      assert.deepInclude(library, { reason: "Unusable", code: 127 })
      assert.include(library.said, "libx.so")

      yield* fs.makeDirectory(`${folder}/damaged`)
      yield* fs.writeFileString(`${folder}/damaged/WiredTiger`, "WiredTiger\n")
      yield* fs.writeFileString(`${folder}/damaged/WiredTiger.turtle`, "no such thing\n")
      assert.deepInclude(yield* run("damaged"), { reason: "Data" })

      const late = yield* run("a", yield* standIn(...quicker(python, `${directory}/${found}`, folder)))
      yield* Effect.sync(() => process.kill(late.pid ?? Number.NaN))
      assert.deepInclude(late, { reason: "AlreadyRunning", code: 100 })
    }).pipe(Effect.provide(platform)))
})
