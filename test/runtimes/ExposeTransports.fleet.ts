/** Exposures over both clients on a real sshd: ssh2, and OpenSSH's own. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { layerOf } from "../internal/ssh2Lab.ts"
import { tries } from "../patience.ts"
import { ask, askAt, echo, server } from "./exposeSockets.ts"

const folder = "/tmp/sockets"

/** What the host has of an exposure: listeners, files, processes. */
const left = Effect.gen(function*() {
  const fleet = yield* Fleet.Fleet
  const files = yield* fleet.exec(1, ["ls", "-A", folder])
  const processes = yield* fleet.processes(1)
  return [...yield* fleet.listening(1), ...files.split("\n").slice(0, -1), ...processes.map(({ command }) => command)]
})

/** Lease, grace, and a loaded machine. */
const nothingLeft = Effect.map(left, (all) => assert.deepStrictEqual(all, [])).pipe(
  Effect.catchAllDefect(Effect.fail),
  Effect.retry(tries(90, 250))
)

const dying = fileURLToPath(new URL("dyingExposure.ts", import.meta.url))

const emptyFolder = Effect.flatMap(
  Fleet.Fleet,
  (fleet) => fleet.exec(1, ["sh", "-c", `rm -rf ${folder} && mkdir ${folder}`])
)

describe.skipIf(!Fleet.available)("exposures", () => {
  layer(Layer.merge(Fleet.layer({ hosts: 1 }), NodeContext.layer), { excludeTestServices: true })("on sshd", (it) => {
    for (const transport of ["ssh2", "openssh"] as const) {
      it.scoped(`over ${transport}, both ways, ports and Unix sockets; nothing is left`, () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          yield* emptyFolder
          const local = yield* server(echo("manager "))
          yield* Effect.gen(function*() {
            const runtime = yield* Runtime.make("host1")
            const connection = yield* runtime.connection
            const there = yield* Expose.toRuntime(runtime, local, { at: "any" })
            assert.strictEqual(yield* ask(yield* connection.dial({ port: there.port }), "a"), "manager a")
            const path = `${folder}/s`
            yield* Expose.toRuntime(runtime, local, { at: { path } })
            assert.match(yield* fleet.exec(1, ["stat", "-c", "%F %a", path]), /^socket 600$/m)
            assert.strictEqual(yield* ask(yield* connection.dial({ path }), "b"), "manager b")
            // The port leads back here, and out again, and the socket too.
            const here = yield* Expose.fromRuntime(runtime, there.port, { at: "any" })
            assert.strictEqual(yield* askAt({ port: here.port }, "c"), "manager c")
            const files = yield* FileSystem.FileSystem
            const own = `${yield* files.makeTempDirectoryScoped()}/s`
            yield* Expose.fromRuntime(runtime, { path }, { at: { path: own } })
            assert.strictEqual(yield* askAt({ path: own }, "d"), "manager d")
            const taken = yield* Effect.flip(Expose.toRuntime(runtime, local, { at: { path } }))
            assert.deepInclude(taken, { reason: "PortInUse", host: "host1" })
          }).pipe(Effect.scoped, Effect.provide(layerOf(fleet.configFile, { transport })))
          yield* nothingLeft
        }), 180_000)

      it.scoped(
        `over ${transport}: kill -9 of the manager frees the port and removes the socket`,
        () =>
          Effect.gen(function*() {
            const fleet = yield* Fleet.Fleet
            yield* emptyFolder
            const home = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
            const manager = yield* Command.make(
              process.execPath,
              "--import",
              "tsx",
              dying,
              fleet.configFile,
              `${folder}/s`,
              transport
            ).pipe(Command.env({ XDG_STATE_HOME: home, TMPDIR: home }), Command.start)
            const said = yield* manager.stdout.pipe(
              Stream.decodeText(),
              Stream.splitLines,
              Stream.runHead,
              Effect.flatten
            )
            const port = said.replace("listens ", "")
            const standing = yield* left
            assert.includeMembers(standing, [`127.0.0.1:${port}`, "s"])
            yield* manager.kill("SIGKILL")
            yield* nothingLeft
          }),
        180_000
      )
    }
  })
})
