/** Searches in memory: what a program sees of them, however they end. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Fmin from "../../src/clusters/Fmin.ts"
import * as HyperoptCluster from "../../src/clusters/HyperoptCluster.ts"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Space from "../../src/clusters/Space.ts"
import * as Trial from "../../src/clusters/Trial.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { Progress } from "../../src/services/Progress.ts"
import type { Ssh } from "../../src/services/Ssh.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as InMemoryFunction from "../../src/testing/InMemoryFunction.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import * as InMemoryHyperopt from "../../src/testing/InMemoryHyperopt.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})

const moody = PythonFunction.make({
  source: "def moody(x, y): ...",
  args: { x: Schema.Number, y: Schema.String },
  returns: Schema.Struct({ loss: Schema.Number, of: Schema.String })
})

const slow = PythonFunction.make({
  source: "def slow(x): ...",
  args: { x: Schema.Number },
  returns: Schema.Number
})

const functions = [
  InMemoryFunction.of(square, ({ x }) => Effect.succeed(x ** 2)),
  InMemoryFunction.of(slow, ({ x }) => Effect.delay(Effect.succeed(x), "10 seconds")),
  InMemoryFunction.of(
    moody,
    ({ x, y }) => y === "never" ? Effect.fail(new RangeError("not today")) : Effect.succeed({ loss: x, of: y })
  )
]

const all = InMemoryHyperopt.commands(functions)

const on = (commands = all) =>
<A, E>(
  test: (target: Fmin.Target) => Effect.Effect<A, E, Ssh | InMemorySsh.InMemorySsh | Scope.Scope>
) =>
  Effect.flatMap(MongoServer.make(), (mongo) => test({ ...mongo, dbName: mongo.database })).pipe(
    InMemorySsh.check(["host-1"], { commands }),
    VirtualTime.run()
  )

const line = Space.uniform(-2, 2)
const moods = Space.struct({ x: Space.uniform(1, 2), y: Space.choice(["always", "never"]) })

const states = (trials: ReadonlyArray<Trial.Trial>) => trials.map(({ state }) => state)

describe("a search", () => {
  it.effect("finds the best point, tells each trial, and finds the same for the same seed", () =>
    on()((target) =>
      Effect.gen(function*() {
        const options = { objective: square, space: line, maxEvals: 30, seed: 3 }
        const search = yield* Fmin.start(target, options)
        const { best, bestLoss, bestTrial, expKey, reason, trials } = yield* search.result
        assert.strictEqual(bestLoss, best ** 2)
        assert.isBelow(bestLoss, 0.1)
        assert.strictEqual(bestTrial.returned, bestLoss)
        assert.strictEqual(expKey, search.expKey)
        assert.strictEqual(reason, "MaxEvals")
        assert.strictEqual(bestLoss, Math.min(...trials.map(({ loss = Infinity }) => loss)))
        const told = yield* Stream.runCollect(search.trials)
        assert.deepStrictEqual(states([...told]), trials.flatMap(() => ["Running", "Done"]))
        const again = yield* Fmin.fmin(target, options)
        assert.deepStrictEqual(again.trials.map(({ point }) => point), trials.map(({ point }) => point))
        assert.notStrictEqual(again.expKey, expKey)
      })
    ))

  it.effect("counts the trials of former searches under its key", () =>
    on()((target) =>
      Effect.gen(function*() {
        const options = { objective: square, space: line, expKey: "mine" }
        yield* Fmin.fmin(target, { ...options, maxEvals: 5 })
        const search = yield* Fmin.start(target, { ...options, maxEvals: 8 })
        assert.deepInclude(search, { earlier: 5, expKey: "mine" })
        assert.strictEqual((yield* search.result).trials.length, 8)
      })
    ))

  it.effect("takes the fields of a point as arguments, and bears trials that fail", () =>
    on()((target) =>
      Effect.gen(function*() {
        const points = [{ x: 1.5, y: "never" }, { x: 1.25, y: "always" }] as const
        const { best, trials } = yield* Fmin.fmin(target, { objective: moody, space: moods, maxEvals: 2, points })
        assert.deepStrictEqual(best, { x: 1.25, y: "always" })
        assert.deepStrictEqual(states(trials), ["Failed", "Done"])
        assert.deepInclude(trials[0]?.error, { exception: "RangeError", detail: "not today" })
        assert.deepStrictEqual(trials[1]?.returned, { loss: 1.25, of: "always" })
      })
    ))

  it.effect("fails with what the first trial raised when all do", () =>
    on()((target) =>
      Effect.gen(function*() {
        const never = Space.struct({ x: Space.uniform(0, 1), y: "never" })
        const error = yield* Effect.flip(Fmin.fmin(target, { objective: moody, space: never, maxEvals: 3 }))
        assert.deepInclude(error, { _tag: "FminError", reason: "AllFailed", host: "(manager)" })
        assert.strictEqual(
          error.message.split("\n")[0],
          "(manager): fmin.result, AllFailed: no trial of 3 gave a loss; the first: (manager): trial 1 moody, " +
            "Raised: RangeError: not today"
        )
      })
    ))

  it.effect("ends with a loss that is low enough, without progress, or when its time is over", () =>
    on()((target) =>
      Effect.gen(function*() {
        const low = yield* Fmin.fmin(target, { objective: square, space: line, lossThreshold: 0.5 })
        assert.strictEqual(low.reason, "LossThreshold")
        assert.isAtMost(low.bestLoss, 0.5)
        const flat = yield* Fmin.fmin(target, {
          objective: square,
          space: line,
          points: [0],
          earlyStop: Fmin.noProgressLoss(4)
        })
        assert.strictEqual(flat.reason, "NoProgress")
        assert.strictEqual(flat.trials.length, 5)
        const timed = yield* Fmin.fmin(target, { objective: slow, space: line, timeout: "35 seconds", maxQueueLen: 1 })
        assert.strictEqual(timed.reason, "Timeout")
        assert.deepStrictEqual(states(timed.trials), ["Done", "Done", "Done", "Cancelled"])
        const none = yield* Effect.flip(Fmin.fmin(target, { objective: slow, space: line, timeout: "5 seconds" }))
        assert.deepInclude(none, { reason: "NoTrials", detail: "it ended (Timeout) before any trial gave a loss" })
      })
    ))

  it.effect("ends when it is told to, with what it has", () =>
    on()((target) =>
      Effect.gen(function*() {
        const search = yield* Fmin.start(target, { objective: slow, space: line, maxQueueLen: 2 })
        yield* search.trials.pipe(Stream.filter(Trial.isOver), Stream.take(1), Stream.runDrain)
        yield* search.stop
        const { reason, trials } = yield* search.result
        assert.strictEqual(reason, "Stopped")
        assert.include(states(trials), "Done")
        assert.include(states(trials), "Cancelled")
      })
    ))

  it.effect("waits for nobody who reads its trials slowly", () =>
    on()((target) =>
      Effect.gen(function*() {
        const search = yield* Fmin.start(target, { objective: square, space: line, maxEvals: 20 })
        const held = yield* Deferred.make<void>()
        const read = yield* Ref.make(0)
        const reader = yield* Effect.fork(Stream.runForEach(search.trials, () =>
          Effect.zipRight(
            Deferred.await(held),
            Ref.update(read, (count) => count + 1)
          )))
        assert.strictEqual((yield* search.result).trials.length, 20)
        assert.strictEqual(yield* Ref.get(read), 0)
        yield* Deferred.succeed(held, undefined)
        yield* Fiber.join(reader)
        assert.strictEqual(yield* Ref.get(read), 40)
      })
    ))

  it.effect("says how far it is, and the best loss", () =>
    on()((target) =>
      Effect.gen(function*() {
        const said: Array<string> = []
        const begin = (_: string, label: string) =>
          Effect.succeed({
            said: (text: string) => Effect.sync(() => void said.push(`${label}: ${text}`)),
            over: () => Effect.void
          })
        yield* Fmin.fmin(target, { objective: square, space: line, points: [1, 0.5], maxEvals: 2, expKey: "mine" })
          .pipe(
            Effect.provideService(Progress, { begin })
          )
        assert.deepStrictEqual(said, [
          "search mine: 1 of 2 trials, best loss 1",
          "search mine: 2 of 2 trials, best loss 0.25"
        ])
      })
    ))
})

describe("a Hyperopt cluster in memory", () => {
  it.effect("runs a program as it stands, with as many trials at a time as it has workers", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["host-1", "host-2"])
      const cluster = yield* HyperoptCluster.make(group, { workers: 3 })
      const search = yield* Fmin.start(cluster, { objective: slow, space: line, maxEvals: 6 })
      const { trials } = yield* search.result
      assert.deepStrictEqual(states(trials), trials.map(() => "Done"))
      assert.strictEqual(new Set(trials.map(({ owner }) => owner)).size, 3)
      assert.strictEqual(new Set(trials.map(({ bookTime }) => bookTime?.epochMillis)).size, 2)
    }).pipe(InMemorySsh.check(["host-1", "host-2"], { commands: all }), VirtualTime.run()))
})

describe("a search that cannot begin", () => {
  const refused = (
    options: Omit<Fmin.SearchOptions<number>, "space">,
    change: { readonly space?: Space.Space<number> } = {}
  ) => on()((target) => Effect.flip(Fmin.fmin(target, { objective: square, space: change.space ?? line, ...options })))

  it.effect("says what is wrong with its options", () =>
    Effect.gen(function*() {
      const error = yield* refused({
        maxEvals: 0,
        seed: -1,
        lossThreshold: Number.NaN,
        earlyStop: Fmin.noProgressLoss(0.5)
      })
      assert.deepInclude(error, {
        _tag: "FminError",
        reason: "Options",
        detail: "maxEvals is 0; earlyStop is after 0.5 trials; seed is -1; lossThreshold is NaN"
      })
    }))

  it.effect("says that its workers take trials of another key", () =>
    on()((target) =>
      Effect.gen(function*() {
        const bound = { ...target, expKey: "theirs" }
        const options = { objective: square, space: line, maxEvals: 1 }
        const error = yield* Effect.flip(Fmin.fmin(bound, { ...options, expKey: "mine" }))
        assert.strictEqual(
          error._tag === "FminError" && error.detail,
          "expKey is mine, and the workers take trials of theirs only"
        )
        assert.strictEqual((yield* Fmin.fmin(bound, options)).expKey, "theirs")
      })
    ))

  it.effect("says what is wrong with its space", () =>
    Effect.gen(function*() {
      const error = yield* refused({}, { space: Space.uniform(1, 0) })
      assert.deepInclude(error, { _tag: "FminError", reason: "Space", detail: "value: low (1) is not below high (0)" })
    }))

  it.effect("says that the objective takes something else", () =>
    on()((target) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          Fmin.fmin(target, { objective: moody, space: Space.struct({ x: Space.uniform(0, 1), y: "a", z: 1 }) })
        )
        assert.deepInclude(error, {
          _tag: "FminError",
          reason: "Objective",
          detail: "moody takes x, y; the points have x, y, z"
        })
      })
    ))

  it.effect("says that its key was searched with another space", () =>
    on()((target) =>
      Effect.gen(function*() {
        const key = { maxEvals: 3, expKey: "mine" }
        yield* Fmin.fmin(target, { ...key, objective: square, space: line })
        const other = Space.struct({ x: Space.uniform(0, 1) })
        const error = yield* Effect.flip(Fmin.fmin(target, { ...key, objective: square, space: other }))
        assert.deepInclude(error, { _tag: "FminError", reason: "Space", host: "(manager)" })
        assert.match(error.message, /trial 1 has the point [-.\d]+, which the space has not/)
      })
    ))

  it.effect("says that nothing answers as MongoDB", () =>
    on()((target) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          Fmin.fmin({ ...target, port: 1 }, { objective: square, space: line, maxEvals: 1 })
        )
        assert.deepInclude(error, { _tag: "FminError", reason: "Database" })
      })
    ))

  const drivers: ReadonlyArray<readonly [string, Handler, object]> = [
    ["ends", ({ stderr }) => Effect.as(stderr("MemoryError\n"), 3), {
      reason: "DriverLost",
      detail: "the driver ended with exit code 3",
      log: ["MemoryError"]
    }],
    ["says what nobody understands", ({ stdout }) => Effect.as(stdout("Hello\n"), 0), {
      reason: "Protocol",
      detail: "the driver said Hello"
    }],
    [
      "lacks Hyperopt",
      ({ stdout }) =>
        Effect.as(stdout(`{"event":"failed","kind":"Environment","detail":"No module named 'hyperopt'"}\n`), 1),
      { reason: "Environment", detail: "No module named 'hyperopt'" }
    ]
  ]

  it.effect.each(drivers)(
    "says that its driver %s",
    ([, driver, expected]) =>
      on({ ...all, "lazycluster-fmin": driver })((target) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Fmin.fmin(target, { objective: square, space: line, maxEvals: 1 }))
          assert.deepInclude(error, { _tag: "FminError", ...expected })
        })
      )
  )
})
