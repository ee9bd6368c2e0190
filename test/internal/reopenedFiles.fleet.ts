import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { connect, layerOf } from "./ssh2Lab.ts"

describe.skipIf(!Fleet.available)("files of a live connection", () => {
  layer(Fleet.layer({ hosts: 1 }), { excludeTestServices: true })("to sshd", (it) => {
    it.effect(
      "work again after their SFTP server was killed",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          yield* Effect.gen(function*() {
            const connection = yield* connect("host1")
            const files = yield* connection.files
            yield* files.makeDirectory("/tmp/one")
            const servers = Effect.map(
              fleet.processes(1),
              (all) => all.filter(({ command }) => command.includes("internal-sftp")).map(({ pid }) => pid)
            )
            const [server] = yield* servers
            assert.isDefined(server)
            yield* fleet.exec(1, ["kill", "-9", String(server)])
            yield* eventually(Effect.gen(function*() {
              assert.deepStrictEqual(yield* files.list("/tmp"), ["one"])
            }))
            const after = yield* servers
            assert.lengthOf(after, 1)
            assert.notInclude(after, server)
            assert.strictEqual(yield* fleet.connections(1), 1)
          }).pipe(Effect.scoped, Effect.provide(layerOf(fleet.configFile)))
        }),
      60_000
    )
  })
})
