/** Searches on real workers and a real mongod, in one life of a cluster. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Fmin from "../../src/clusters/Fmin.ts"
import * as Space from "../../src/clusters/Space.ts"
import * as Trial from "../../src/clusters/Trial.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { live, shown, sine, trials } from "./hyperoptLife.ts"
import { kill } from "./kill.ts"

/** Raises for half of the points. */
const moody = PythonFunction.make({
  source: `
    def objective(x):
        if x > 0:
            raise ValueError("too warm")
        return x * x
  `,
  args: { x: Schema.Number },
  returns: Schema.Number
})

/** Whoever comes first, on any host, does not come to an end. */
const stuck = (marker: string) =>
  PythonFunction.make({
    source: `
      import os, time
      def objective(x):
          try:
              os.close(os.open(${JSON.stringify(marker)}, os.O_CREAT | os.O_EXCL))
          except FileExistsError:
              time.sleep(0.5)
              return x
          time.sleep(600)
    `,
    args: { x: Schema.Number },
    returns: Schema.Number
  })

const endless = PythonFunction.make({
  source: "import time\ndef objective(x):\n    time.sleep(600)",
  args: { x: Schema.Number },
  returns: Schema.Number
})

const everything = Space.struct({
  randint: Space.randint(3, 9),
  uniform: Space.uniform(-2, 2),
  quniform: Space.quniform(0, 10, 3),
  uniformint: Space.uniformint(1, 5),
  loguniform: Space.loguniform(-5, 0),
  qloguniform: Space.qloguniform(0, 5, 2),
  normal: Space.normal(0, 1),
  qnormal: Space.qnormal(0, 5, 1),
  lognormal: Space.lognormal(0, 1),
  qlognormal: Space.qlognormal(0, 1, 0.5),
  choice: Space.choice(["none", Space.struct({ depth: Space.uniform(0, 1) })]),
  pchoice: Space.pchoice([[0.25, null], [0.75, Space.tuple(true, Space.randint(0, 4))]])
})

const first: Space.Type<typeof everything> = {
  randint: 4,
  uniform: 0.5,
  quniform: 3,
  uniformint: 1,
  loguniform: 0.1,
  qloguniform: 4,
  normal: 0,
  qnormal: 1,
  lognormal: 1,
  qlognormal: 0.5,
  choice: { depth: 0.5 },
  pchoice: [true, 3]
}

const described = PythonFunction.make({
  source: `
    def objective(point):
        if point["choice"] == "none":
            return {"status": "fail"}
        return {"loss": abs(point["uniform"]) + point["uniformint"], "kinds": {k: type(v).__name__ for k, v in point.items()}}
  `,
  args: { point: Space.schema(everything) },
  returns: Schema.Union(
    Schema.Struct({ loss: Schema.Number, kinds: Schema.Record({ key: Schema.String, value: Schema.String }) }),
    Schema.Struct({ status: Schema.Literal("fail") })
  )
})

const line = Space.uniform(-2, 2)

const overOf = <A, B>(search: Fmin.Search<A, B>) => Stream.runCollect(Stream.filter(search.trials, Trial.isOver))

describe("fmin", () => {
  it.scopedLive("searches, goes on, bears failures and deaths, stops early, and leaves no trial when it is interrupted", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
      const { clean } = yield* live(place, (hyperopt) =>
        Effect.gen(function*() {
          // The sine, in the words of the original.
          const found = yield* Effect.scoped(Effect.gen(function*() {
            const search = yield* Fmin.start(hyperopt, { objective: sine, space: line, maxEvals: 30, seed: 7 })
            const heard = yield* Effect.fork(overOf(search))
            const result = yield* search.result
            // Also by whoever comes late.
            assert.strictEqual((yield* overOf(search)).length, 30)
            assert.strictEqual((yield* Fiber.join(heard)).length, 30)
            return result
          }))
          assert.closeTo(found.best, -Math.PI / 2, 0.2)
          // Python's sine and ours may differ in the last bit.
          assert.closeTo(found.bestLoss, Math.sin(found.best), 1e-12)
          assert.strictEqual(found.reason, "MaxEvals")
          assert.deepStrictEqual(found.trials.map(({ state }) => state), found.trials.map(() => "Done"))
          assert.sameMembers([...new Set(found.trials.map(({ host }) => host))], [...place.hosts])

          // The trials of a former search count.
          const { expKey } = found
          const more = yield* hyperopt.fmin({ objective: sine, space: line, maxEvals: 34, expKey })
          assert.strictEqual(more.trials.length, 34)
          assert.deepStrictEqual(more.trials.slice(0, 30).map(({ id }) => id), found.trials.map(({ id }) => id))
          assert.isAtMost(more.bestLoss, found.bestLoss)

          // Every expression, the tree of estimators, a point that is given, a point without a loss.
          const all = yield* Fmin.fmin(hyperopt, {
            objective: described,
            space: everything,
            points: [first],
            maxEvals: 12,
            seed: 1,
            algorithm: Fmin.tpe({ startup: 5, candidates: 8, gamma: 0.5 })
          })
          const [given] = all.trials
          assert.deepStrictEqual(given?.point, first)
          assert.strictEqual(given?.loss, 1.5)
          assert.deepInclude(given?.returned, {
            loss: 1.5,
            kinds: {
              randint: "int",
              uniform: "float",
              quniform: "float",
              uniformint: "int",
              loguniform: "float",
              qloguniform: "float",
              normal: "float",
              qnormal: "float",
              lognormal: "float",
              qlognormal: "float",
              choice: "dict",
              pchoice: "list"
            }
          })
          for (const { loss, point, status } of all.trials) {
            assert.deepStrictEqual(
              [status, loss === undefined],
              point.choice === "none" ? ["fail", true] : ["ok", false]
            )
          }

          // Failures are told, and end nothing.
          const warm = yield* Fmin.fmin(hyperopt, {
            objective: moody,
            space: line,
            maxEvals: 12,
            seed: 7,
            algorithm: Fmin.anneal()
          })
          const failed = warm.trials.filter(({ state }) => state === "Failed")
          assert.isAbove(failed.length, 0)
          assert.deepStrictEqual(failed.map(({ point }) => point > 0), failed.map(() => true))
          assert.deepInclude(failed[0]?.error, { reason: "Raised", exception: "ValueError", detail: "too warm" })
          assert.include(failed[0]?.error?.traceback, `raise ValueError("too warm")`)
          assert.notInclude(failed[0]?.error?.traceback, "watched")
          const hopeless = yield* Effect.flip(
            Fmin.fmin(hyperopt, { objective: moody, space: Space.uniform(1, 2), maxEvals: 3, algorithm: Fmin.rand })
          )
          assert.deepInclude(hopeless, { _tag: "FminError", reason: "AllFailed" })
          assert.include(hopeless.message, "no trial of 3 gave a loss; the first: ")
          assert.include(hopeless.message, "too warm")

          // Nothing better comes.
          const flat = PythonFunction.make({
            source: "def objective(x): return 1",
            args: { x: Schema.Number },
            returns: Schema.Number
          })
          const early = yield* Fmin.fmin(hyperopt, {
            objective: flat,
            space: line,
            maxEvals: 500,
            earlyStop: Fmin.noProgressLoss(5)
          })
          assert.strictEqual(early.reason, "NoProgress")
          assert.isBelow(early.trials.filter(Trial.hasLoss).length, 20)

          // mongod dies, then the worker that is stuck: the search goes on.
          const fs = yield* FileSystem.FileSystem
          const objective = stuck(`${yield* fs.makeTempDirectoryScoped()}/first`)
          const slow = yield* Fmin.start(hyperopt, { objective, space: line, maxEvals: 6 })
          yield* slow.trials.pipe(Stream.filter(Trial.isOver), Stream.take(2), Stream.runDrain)
          yield* kill(Number(yield* fs.readFileString(`${hyperopt.dbpath}/mongod.lock`)))
          // All others are over then.
          const told = yield* slow.trials.pipe(
            Stream.mapAccum(0, (over, trial) => {
              const now = over + (Trial.isOver(trial) ? 1 : 0)
              return [now, { now, trial }] as const
            }),
            Stream.takeUntil(({ now }) => now === 5),
            Stream.runCollect,
            Effect.map((all) => Chunk.toArray(all).map(({ trial }) => trial))
          )
          const held = told.find(({ id }) => !told.some((trial) => trial.id === id && Trial.isOver(trial)))
          const dead = (yield* hyperopt.cluster.processes).find(({ plan }) => held?.owner?.includes(`/${plan.id}@`))
          yield* kill(dead?.service.pid ?? 0)
          assert.isAtLeast((yield* slow.result).trials.filter(Trial.hasLoss).length, 6)
          // By somebody else; that it was begun again may have been too quick to be told.
          const last = Chunk.last(yield* Stream.runCollect(Stream.filter(slow.trials, ({ id }) => id === held?.id)))
          assert.strictEqual(Option.getOrThrow(last).state, "Done")
          assert.notStrictEqual(Option.getOrThrow(last).owner, held?.owner)

          // Workers are let off what they are at.
          const scope = yield* Scope.make()
          const search = yield* Scope.extend(Fmin.start(hyperopt, { objective: endless, space: line }), scope)
          const running = yield* Stream.runCollect(
            search.trials.pipe(Stream.filter(({ state }) => state === "Running"), Stream.take(2))
          )
          assert.strictEqual(new Set(Chunk.map(running, ({ owner }) => owner)).size, 2)
          assert.deepStrictEqual(yield* shown(hyperopt), [])
          yield* Scope.close(scope, Exit.void)
          const states = (yield* trials(hyperopt, search.expKey)).map(({ state }) => state)
          assert.isAtLeast(states.length, 2)
          assert.deepStrictEqual(states, states.map(() => 4))
          const after = yield* Fmin.fmin(hyperopt, { objective: sine, space: line, maxEvals: 4 }).pipe(
            Effect.timeout("60 seconds")
          )
          assert.strictEqual(after.trials.length, 4)
        }))
      assert.deepStrictEqual(clean, clean.map(() => true))
    }).pipe(Effect.provide(NodeContext.layer)))
})
