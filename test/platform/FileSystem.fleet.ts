import * as NodeContext from "@effect/platform-node/NodeContext"
import { FileSystem } from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RemoteFileSystem from "../../src/services/RemoteFileSystem.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { register } from "./fileCase.ts"
import { cases } from "./fileConformance.ts"

const on = (fleet: Fleet.FleetService, live: typeof Ssh.layer) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const ssh = yield* Layer.build(
      live().pipe(Layer.provide(SshConfig.layer({ file: fleet.configFile })), Layer.provide(NodeContext.layer))
    )
    const runtime = yield* Effect.provide(Runtime.make("host1"), ssh)
    return Layer.merge(
      RemoteFileSystem.layer({
        files: runtime.files,
        workingDirectory: runtime.workingDirectory,
        temporary: runtime.passing
      }),
      Path.layer
    )
  }))

const alone = (live: typeof Ssh.layer) =>
  Layer.unwrapEffect(Effect.map(Fleet.Fleet, (fleet) => on(fleet, live))).pipe(Layer.provide(Fleet.layer({ hosts: 1 })))

describe.skipIf(!Fleet.available)("on sshd", () => {
  register("fleet", cases, alone(Ssh.layer))
  register("fleet", cases, alone(Ssh.layerOpenSsh))

  layer(Fleet.layer({ hosts: 1 }), { excludeTestServices: true })("handles", (it) => {
    it.effect(
      "an interrupted stream and sink leave no file open, nor a temporary file that was written",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          yield* Effect.gen(function*() {
            const fs = yield* FileSystem
            const directory = yield* fs.makeTempDirectoryScoped()
            yield* Stream.run(
              Stream.repeatValue(new Uint8Array(1024 * 1024)).pipe(Stream.take(64)),
              fs.sink(`${directory}/a`)
            )
            const begun = yield* Deferred.make<void>()
            const copying = yield* Effect.fork(
              Stream.run(
                Stream.tap(Stream.forever(fs.stream(`${directory}/a`)), () => Deferred.succeed(begun, undefined)),
                fs.sink(`${directory}/b`)
              )
            )
            yield* Deferred.await(begun)
            const open = Effect.map(
              fleet.exec(1, ["sh", "-c", `ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F '${directory}/' || :`]),
              (out) => out.trim().split("\n").filter((line) => line !== "")
            )
            yield* eventually(Effect.map(open, (lines) => assert.lengthOf(lines, 2)))
            yield* Fiber.interrupt(copying)
            yield* eventually(Effect.map(open, (lines) => assert.deepStrictEqual(lines, [])))
          }).pipe(Effect.scoped, Effect.provide(on(fleet, Ssh.layer)))
        }),
      60_000
    )

    it.effect("temporary files of a manager that is gone go with its runtime", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const made = yield* Effect.gen(function*() {
          const fs = yield* FileSystem
          const made = yield* fs.makeTempFile({ prefix: "kept-" })
          assert.strictEqual((yield* fleet.exec(1, ["stat", "-c", "%s", made])).trim(), "0")
          return made
        }).pipe(Effect.provide(on(fleet, Ssh.layer)))
        yield* eventually(fleet.exec(1, ["test", "!", "-e", made]))
      }), 60_000)
  })
})
