/** Hyperopt on real hosts that can be reached through port 22 only, one of which loses its power at a trial. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Space from "../../src/clusters/Space.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { comesTrue } from "../patience.ts"
import { busy, live, minimum, sine, trials } from "./hyperoptLife.ts"

const done = 2

describe.skipIf(!Fleet.available)("Hyperopt on the fleet", () => {
  layer(Fleet.layer(), { excludeTestServices: true, timeout: "1 minute" })("three hosts", (it) => {
    it.effect("a search ends although a host is without power; the host is used again when it returns", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const { clean } = yield* live(
          fleet,
          (hyperopt) =>
            Effect.gen(function*() {
              const { cluster } = hyperopt
              assert.closeTo(yield* minimum(hyperopt, { expKey: "sine" }), -Math.PI / 2, 0.35)
              const found = yield* hyperopt.fmin({
                objective: sine,
                space: Space.uniform(-2, 2),
                maxEvals: 30,
                seed: 7
              })
              assert.closeTo(found.best, -Math.PI / 2, 0.35)
              // mongod's port and each worker's own: nothing else listens.
              const [own] = (yield* cluster.processes).filter(({ plan }) => plan.place === fleet.hosts[0])
              assert.deepStrictEqual(
                (yield* fleet.listening(1)).toSorted(),
                [hyperopt.port, own?.ports["health"]].map((port) => `127.0.0.1:${port}`).toSorted()
              )

              const search = yield* Effect.fork(minimum(hyperopt, { expKey: "dark", seconds: 8, evals: 6 }))
              const worker = (yield* cluster.processes).find(({ plan }) => plan.place === fleet.hosts[1])?.plan.id ?? ""
              yield* busy(hyperopt, "dark", worker)
              yield* fleet.kill(2)
              yield* Fiber.join(search)
              const all = yield* trials(hyperopt, "dark")
              assert.deepStrictEqual(all.map(({ state }) => state), all.map(() => done))
              assert.strictEqual(all.filter(({ attempts }) => attempts === 1).length, 1)

              yield* fleet.boot(2)
              yield* comesTrue(Effect.map(cluster.status, ({ healthy }) => healthy), 120)
            }),
          { extraPackages: [] },
          { lease: "10 seconds" }
        )
        // The one whose power was cut left nothing that could be asked.
        assert.strictEqual(clean.filter((is) => !is).length <= 1, true)
      }).pipe(Effect.provide(NodeContext.layer)))
  })
})
