/** The plug is pulled while programs run against a cluster. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import { leftThere } from "../campaign/Victim.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { until } from "../patience.ts"

const program = fileURLToPath(new URL("./dyingRun.ts", import.meta.url))

describe.skipIf(!Fleet.available)("programs against a cluster on the fleet", () => {
  layer(Fleet.layer({ hosts: 2 }), { excludeTestServices: true, timeout: "1 minute" })("two hosts", (it) => {
    it.scoped(
      "leave nothing after kill -9 of the manager, on the hosts and on the manager",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const fs = yield* FileSystem.FileSystem
          const home = yield* fs.makeTempDirectoryScoped({ prefix: "dying-run-" })
          yield* fs.makeDirectory(`${home}/tmp`)
          const child = yield* Command.make(
            process.execPath,
            "--import",
            "tsx",
            program,
            fleet.configFile,
            fleet.hosts.join(","),
            "4"
          ).pipe(
            Command.env({ HOME: home, TMPDIR: `${home}/tmp`, XDG_STATE_HOME: `${home}/state` }),
            Command.stderr("inherit"),
            Command.start
          )
          const said = yield* child.stdout.pipe(
            Stream.decodeText(),
            Stream.splitLines,
            Stream.filter((line) => line.startsWith("running ")),
            Stream.take(2),
            Stream.runCollect,
            Effect.timeout("60 seconds")
          )
          const [here] = Chunk.toReadonlyArray(said).filter((line) => line.startsWith("running (manager) "))
          const pids = (here ?? "").split(" ").slice(2)
          const alive = Effect.filter(pids, (pid) => fs.exists(`/proc/${pid}`))
          assert.strictEqual((yield* alive).length, 3)
          const sleepers = Effect.map(
            fleet.processes(2),
            (all) => all.filter(({ command }) => command.startsWith("sleep 100")).length
          )
          // They are forked first, and have other words until they are `sleep`.
          assert.isAtLeast(yield* until(sleepers, (count) => count >= 2), 2)
          yield* child.kill("SIGKILL")

          const left = Effect.map(
            Effect.all([
              alive,
              Effect.orElseSucceed(fs.readDirectory(`${home}/state/lazycluster`), () => []),
              leftThere(fleet)
            ]),
            (all) => all.flat()
          )
          const last = yield* until(left, (all) => all.length === 0, 90, 250)
          assert.deepStrictEqual(last, [])
        }).pipe(Effect.provide(NodeContext.layer)),
      180_000
    )
  })
})
