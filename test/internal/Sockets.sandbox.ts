import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { eventually } from "../patience.ts"
import { connect, hostOf, layerOf } from "./ssh2Lab.ts"

const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "s" }))

const on = <A, E>(
  body: (parts: {
    readonly connection: SshConnection
    readonly host: Sandbox.SandboxHost
    readonly folder: string
  }) => Effect.Effect<A, E, Scope.Scope>,
  options: Sandbox.Options = {}
) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1, ...options })
    yield* Effect.gen(function*() {
      const connection = yield* connect("host-1")
      yield* body({ connection, host: hostOf(sandbox, "host-1"), folder: yield* folder })
    }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile)))
  })

describe("Unix sockets of a Sandbox host", () => {
  it.scopedLive("the file goes also when the connection does", () =>
    on(({ connection, folder, host }) =>
      Effect.gen(function*() {
        const path = `${folder}/cut.sock`
        yield* connection.listen({ path })
        assert.isTrue(existsSync(path))
        yield* host.cut
        yield* eventually(Effect.filterOrFail(Effect.sync(() => existsSync(path)), (there) => !there))
      })
    ))

  it.scopedLive("are forbidden on their own, and the error says by what", () =>
    on(
      ({ connection, folder }) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Effect.scoped(connection.listen({ path: `${folder}/x` })))
          assert.strictEqual(error.reason, "ForwardForbidden")
          assert.include(error.hint, "AllowStreamLocalForwarding")
          assert.isAbove((yield* connection.listen({ port: 0 })).port, 0)
        }),
      { allowStreamLocalForwarding: false }
    ))
})
