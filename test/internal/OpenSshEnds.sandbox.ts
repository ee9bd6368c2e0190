/** What is left of OpenSSH's client when something ends in an odd order. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { bytes, connect, layerOf, program } from "./ssh2Lab.ts"

const directories = () => readdirSync(tmpdir()).filter((name) => name.startsWith("lazycluster-ssh-"))

describe("OpenSSH's client", () => {
  for (const transport of ["ssh2", "openssh"] as const) {
    it.scopedLive(
      `over ${transport}, a process whose scope has closed ends for whoever still waits for it`,
      () =>
        Effect.gen(function*() {
          const sandbox = yield* Sandbox.make({ hosts: 1 })
          yield* Effect.gen(function*() {
            const connection = yield* connect("host-1")
            const scope = yield* Scope.make()
            const process = yield* Scope.extend(
              connection.exec({ program: program("exec sleep 600"), words: [] }),
              scope
            )
            const waiting = yield* Effect.fork(Effect.flip(process.exit))
            const reading = yield* Effect.fork(Effect.exit(bytes(process.stdout)))
            yield* Effect.yieldNow()
            yield* Scope.close(scope, Exit.void)
            const error = yield* Effect.timeout(Fiber.join(waiting), "10 seconds")
            assert.strictEqual(error._tag, "SshError")
            yield* Effect.timeout(Fiber.join(reading), "10 seconds")
          }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile, { transport })))
        }),
      60_000
    )
  }

  it.scopedLive("leaves no socket for forwards that have gone", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const before = new Set(directories())
      yield* Effect.gen(function*() {
        const connection = yield* connect("host-1")
        for (let index = 0; index < 3; index++) yield* Effect.scoped(connection.listen({ port: 0 }))
        const [own] = directories().filter((name) => !before.has(name))
        assert.deepStrictEqual(readdirSync(`${tmpdir()}/${own}`), ["c"])
      }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile, { transport: "openssh" })))
    }), 60_000)
})
