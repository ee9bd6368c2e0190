import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as process from "node:process"
import * as Fleet from "../fleet/Fleet.ts"
import * as Victim from "./Victim.ts"

/** How many managers are killed; `npm run campaign` sets 1,000, and cuts the cable in every phase, not only in one. */
const kills = Number(process.env["LAZYCLUSTER_KILLS"] ?? "5")
const seed = Number(process.env["LAZYCLUSTER_SEED"] ?? String(process.pid))

const lease = 4
/** Lease, grace, the last look; the machine may be loaded. */
const patience = lease + 40

/** From its start to its idle phase a manager takes about so long; later moments find it idle. */
const life = Duration.seconds(8)

const all = ["connect", "start", "run", "idle"]
const phases = kills > 100 ? all : all.filter((_, index) => index === seed % all.length)

describe.skipIf(!Fleet.available)("nothing is left", () => {
  layer(Layer.merge(Fleet.layer({ hosts: 3 }), NodeContext.layer), { excludeTestServices: true, timeout: "2 minutes" })(
    "on a fleet",
    (it) => {
      it.scoped("warms up: environments are kept on purpose", () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const victim = yield* Victim.start(fleet, 30)
          assert.strictEqual(yield* victim.says("result"), "result -285")
          yield* victim.release
          yield* victim.ended
          yield* Victim.nothingLeft(fleet, victim, 5)
        }), 240_000)

      it.scoped(
        `after kill -9 of the manager at ${kills} moments (LAZYCLUSTER_SEED=${seed})`,
        () =>
          Effect.gen(function*() {
            const fleet = yield* Fleet.Fleet
            for (let kill = 1; kill <= kills; kill += 1) {
              yield* Effect.scoped(Effect.gen(function*() {
                const moment = Duration.times(life, yield* Random.next)
                const victim = yield* Victim.start(fleet, lease)
                yield* Effect.sleep(moment)
                yield* victim.kill("SIGKILL")
                yield* Victim.nothingLeft(fleet, victim, patience).pipe(
                  Effect.tapError((error) =>
                    Console.log(`kill ${kill} after ${Duration.format(moment)}: ${error.message}`)
                  )
                )
              }))
            }
          }).pipe(Effect.withRandom(Random.make(seed))),
        kills * 60_000
      )

      for (const phase of phases) {
        it.scoped(`after the cable is cut in phase ${phase} (LAZYCLUSTER_SEED=${seed})`, () =>
          Effect.gen(function*() {
            const fleet = yield* Fleet.Fleet
            const victim = yield* Victim.start(fleet, lease)
            yield* victim.says(`phase ${phase}`)
            yield* Effect.acquireUseRelease(
              fleet.cut(2),
              () =>
                Effect.gen(function*() {
                  yield* victim.release
                  yield* victim.ended
                  yield* Victim.nothingLeft(fleet, victim, patience)
                }),
              () => Effect.orDie(fleet.join(2))
            )
          }), 240_000)
      }

      it.scoped("after the cable is cut while it closes", () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const victim = yield* Victim.start(fleet, lease)
          yield* victim.says("phase idle")
          yield* victim.release
          yield* victim.says("phase close")
          yield* Effect.acquireUseRelease(
            fleet.cut(2),
            () => Effect.zipRight(victim.ended, Victim.nothingLeft(fleet, victim, patience)),
            () => Effect.orDie(fleet.join(2))
          )
        }), 240_000)

      it.scoped("and a cable that is out for less than the lease changes nothing", () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const victim = yield* Victim.start(fleet, 20)
          yield* victim.says("phase idle")
          const before = yield* Effect.forEach([1, 2, 3], fleet.processes)
          yield* fleet.cut(2)
          yield* Effect.sleep("8 seconds")
          yield* fleet.join(2)
          yield* victim.ask
          assert.strictEqual(yield* victim.says("result", 2), "result -285")
          const dask = (all: ReadonlyArray<{ readonly pid: number; readonly command: string }>) =>
            all.filter(({ command }) => command.includes("dask")).map(({ pid }) => pid)
          assert.deepStrictEqual((yield* Effect.forEach([1, 2, 3], fleet.processes)).map(dask), before.map(dask))
          yield* victim.release
          yield* victim.ended
          yield* Victim.nothingLeft(fleet, victim, 10)
        }), 240_000)
    }
  )
})
