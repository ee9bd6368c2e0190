import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"

describe.skipIf(!Fleet.available)("a runtime over OpenSSH's client", () => {
  layer(Fleet.layer({ hosts: 1 }), { excludeTestServices: true })("on sshd", (it) => {
    it.effect(
      "runs a task with folders both ways, and leaves nothing, not even what hid from it",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const here = `${fleet.home}/data`
          mkdirSync(`${here}/in/deep`, { recursive: true })
          writeFileSync(`${here}/in/deep/a`, "one")
          writeFileSync(`${here}/in/b`, Buffer.alloc(3_000_000, "x"))
          yield* Effect.gen(function*() {
            const runtime = yield* Runtime.make("host1")
            const task = RuntimeTask.make("over").pipe(
              RuntimeTask.sendFile(`${here}/in`, "in"),
              RuntimeTask.runCommand("cat in/deep/a; wc -c < in/b; cp -r in out; exit 0"),
              // Its parent ends, its environment is empty, and it stays in the session.
              RuntimeTask.runCommand("(env -i sleep 4242 >/dev/null 2>&1 &) ; exit 0"),
              RuntimeTask.getFile("out", `${here}/out`)
            )
            const done = yield* Runtime.execute(runtime, task)
            assert.strictEqual(done.executionLog.map((entry) => entry.stdout).join(""), "one3000000\n")
            const failed = yield* Effect.flip(
              Runtime.execute(runtime, RuntimeTask.make("fails").pipe(RuntimeTask.runCommand("exit 255")))
            )
            assert.include(String(failed), "255")
            assert.include((yield* fleet.processes(1)).map(({ command }) => command), "sleep 4242")
          }).pipe(
            Effect.scoped,
            Effect.provide(Lazycluster.layerOf({
              sshConfig: { file: fleet.configFile },
              ssh: { transport: "openssh" },
              executionLog: { directory: `${fleet.home}/log` }
            }))
          )
          assert.strictEqual(readFileSync(`${here}/out/deep/a`, "utf8"), "one")
          assert.strictEqual(readFileSync(`${here}/out/b`).length, 3_000_000)
          yield* eventually(Effect.gen(function*() {
            assert.deepStrictEqual(yield* fleet.processes(1), [])
          }))
        }).pipe(Effect.provide(NodeContext.layer)),
      120_000
    )
  })
})
