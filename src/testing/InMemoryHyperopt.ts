/**
 * Hyperopt for hosts in memory: clusters as they start, and searches whose objectives are functions of the test.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { SpaceExpression } from "../clusters/SpaceExpression.ts"
import type { InMemoryFunction } from "./InMemoryFunction.ts"
import * as InMemoryFunctions from "./InMemoryFunction.ts"
import type { Commands, Handler, Process } from "./InMemoryHost.ts"
import * as InMemoryMongo from "./InMemoryMongo.ts"
import * as memoryFunctionCall from "./internal/memoryFunctionCall.ts"
import * as memorySpace from "./internal/memorySpace.ts"

const Job = Schema.parseJson(Schema.Struct({
  expKey: Schema.NullOr(Schema.String),
  space: SpaceExpression,
  code: Schema.Struct({ name: Schema.String }),
  argument: Schema.String,
  maxEvals: Schema.Number,
  timeout: Schema.NullOr(Schema.Number),
  lossThreshold: Schema.NullOr(Schema.Number),
  noProgress: Schema.NullOr(Schema.Number),
  percentIncrease: Schema.Number,
  maxQueueLen: Schema.Int,
  points: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Number })),
  seed: Schema.NullOr(Schema.Number),
  database: Schema.Struct({ port: Schema.Int, name: Schema.String })
}))

const Kept = Schema.parseJson(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })))

type Told = (typeof Kept.Type)[number]

/** What ends a search from within. */
const progress = (job: typeof Job.Type) => {
  let best: number | undefined
  let mark: number | undefined
  let since = 0
  return {
    heard: (loss: number | undefined) => {
      since++
      if (loss === undefined) return
      best = Math.min(best ?? loss, loss)
      if (mark === undefined || loss < mark - Math.abs(mark) * job.percentIncrease / 100) {
        mark = loss
        since = 0
      }
    },
    reset: () => {
      since = 0
    },
    reason: (): string | undefined =>
      job.lossThreshold !== null && best !== undefined && best <= job.lossThreshold
        ? "LossThreshold"
        : job.noProgress !== null && since >= job.noProgress
        ? "NoProgress"
        : undefined
  }
}

const Returned = Schema.Union(
  Schema.Number,
  Schema.Struct(
    { loss: Schema.optional(Schema.Number), status: Schema.optional(Schema.String) },
    { key: Schema.String, value: Schema.Unknown }
  )
)

/** What Hyperopt makes of what an objective returns. */
const resultOf = (value: unknown) =>
  Either.match(Schema.decodeUnknownEither(Returned)(value), {
    onLeft: () => ({ loss: null, status: "fail", result: value }),
    onRight: (returned) =>
      typeof returned === "number"
        ? { loss: returned, status: "ok", result: { loss: returned, status: "ok" } }
        : { loss: returned.loss ?? null, status: returned.status ?? "ok", result: { status: "ok", ...returned } }
  })

const say = (self: Process, message: unknown): Effect.Effect<void> => self.stdout(`${JSON.stringify(message)}\n`)

const search = (self: Process, functions: ReadonlyArray<InMemoryFunction>, job: typeof Job.Type) =>
  Effect.gen(function*() {
    const expKey = job.expKey ?? `lazycluster-in-memory-${self.pid}`
    const path = `${self.cwd}/.fmin-${job.database.name}-${expKey}`
    const text = Stream.mkString(Stream.decodeText(self.files.readAll(path)))
    const kept: Array<Told> = [...yield* Effect.orElseSucceed(Effect.flatMap(text, Schema.decode(Kept)), () => [])]
    const counted = kept.filter(({ state }) => state === "Done")
    const state = progress(job)
    const ended = yield* Deferred.make<string>()
    let left = job.maxEvals - counted.length
    let last = kept.length
    const points = [...job.points]

    yield* say(self, { event: "ready", version: 1, expKey, earlier: counted.length })
    for (const told of counted) {
      state.heard(typeof told["loss"] === "number" ? told["loss"] : undefined)
      yield* say(self, { event: "trial", ...told })
    }
    state.reset()

    const tell = (told: Told) =>
      Effect.zipRight(Effect.sync(() => kept.push(told)), say(self, { event: "trial", ...told }))
    const trial = (owner: string) =>
      Effect.gen(function*() {
        const id = ++last
        left--
        const given = points.shift()
        const point = memorySpace.point(job.space, given ?? (yield* memorySpace.draw(job.space)))
        const bookTime = yield* Clock.currentTimeMillis
        const told = { id, point, owner, bookTime, refreshTime: bookTime }
        yield* say(self, { event: "trial", ...told, state: "Running" })
        const args = job.argument === "" ? point : { [job.argument]: point }
        const answer = yield* memoryFunctionCall.run(functions, job.code.name, args, () => Effect.void).pipe(
          Effect.either,
          Effect.onInterrupt(() => tell({ ...told, state: "Cancelled" }))
        )
        if (Either.isLeft(answer)) {
          state.heard(undefined)
          yield* tell({ ...told, state: "Failed", error: answer.left })
        } else {
          const { loss, result, status } = resultOf(answer.right)
          state.heard(status === "ok" && loss !== null ? loss : undefined)
          yield* tell({ ...told, state: "Done", loss, status, result })
        }
        const reason = state.reason()
        if (reason !== undefined) yield* Deferred.succeed(ended, reason)
      })
    const worker = (index: number) =>
      Effect.whileLoop({
        while: () => left > 0 && state.reason() === undefined,
        body: () => Effect.zipRight(Effect.yieldNow(), trial(`lazycluster/worker-${index}@${self.host}:${self.pid}`)),
        step: () => {}
      })
    const work = Effect.as(
      Effect.all(Array.from({ length: job.maxQueueLen }, (_, index) => worker(index + 1)), {
        concurrency: "unbounded"
      }),
      "MaxEvals"
    )
    const told = Effect.repeat(self.readLine, { until: (line) => Option.isNone(line) || line.value.includes("stop") })
    const reason = yield* Effect.raceAll([
      work,
      Deferred.await(ended),
      Effect.as(told, "Stopped"),
      ...(job.timeout === null ? [] : [Effect.as(Effect.sleep(job.timeout * 1000), "Timeout")])
    ])
    const file = Effect.orDie(Schema.encode(Kept)(kept))
    yield* Effect.ignore(self.files.write(path, Stream.encodeText(Stream.fromEffect(file))))
    yield* say(self, { event: "over", reason })
    return 0
  }).pipe(Effect.withRandom(Random.make(job.seed ?? 0)))

const driver = (functions: ReadonlyArray<InMemoryFunction>): Handler => (self) =>
  Effect.gen(function*() {
    const line = Option.getOrElse(yield* self.readLine, () => "")
    const job = yield* Effect.orDie(Schema.decode(Job)(line))
    const mongo = yield* Effect.either(self.dial({ port: job.database.port }))
    if (Either.isLeft(mongo)) {
      return yield* Effect.as(say(self, { event: "failed", kind: "Database", detail: mongo.left.detail }), 1)
    }
    return yield* search(self, functions, job)
  })

/** `hyperopt-worker.py`: it is well as long as it runs. Trials are evaluated by the driver. */
const worker: Handler = ({ argv, serveHttp, stderr }) => {
  const port = Number(argv[argv.indexOf("--health-port") + 1])
  return Effect.matchEffect(serveHttp({ port }, () => Effect.succeed({ body: "ok" })), {
    onFailure: ({ detail }) => Effect.as(stderr(`${detail}\n`), 1),
    onSuccess: () => Effect.never
  })
}

/**
 * Commands of hosts in memory on which a Hyperopt cluster runs, and `Fmin.fmin` on it. Objectives are called by name, with the
 * implementations that are given; points are drawn from the space at random, whatever the algorithm, and always the same for a
 * seed. As many trials run at a time as may wait for a worker, all of them where the driver is: a worker that dies takes none
 * with it. Trials of a key are kept as long as the cluster stands.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Fmin, HyperoptCluster, PythonFunction, RuntimeGroup, Space } from "lazycluster"
 * import { InMemoryFunction, InMemoryHyperopt, InMemorySsh } from "lazycluster/testing"
 * import { Effect, Schema } from "effect"
 *
 * const objective = PythonFunction.make({
 *   source: "def objective(x): return x ** 2",
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 *
 * const commands = InMemoryHyperopt.commands([
 *   InMemoryFunction.of(objective, ({ x }) => Effect.succeed(x ** 2))
 * ])
 *
 * const least = Effect.gen(function*() {
 *   const group = yield* RuntimeGroup.make(["host-1", "host-2"])
 *   const cluster = yield* HyperoptCluster.make(group)
 *   return yield* Fmin.fmin(cluster, { objective, space: Space.uniform(-2, 2), maxEvals: 20 })
 * }).pipe(Effect.scoped, Effect.provide(InMemorySsh.layer(["host-1", "host-2"], { commands })))
 */
export const commands = (functions: ReadonlyArray<InMemoryFunction> = []): Commands => ({
  ...InMemoryFunctions.commands(functions),
  ...InMemoryMongo.commands(),
  "python hyperopt-worker.py": worker,
  // Trials of workers that are gone: there are none.
  "lazycluster-hyperopt-worker": (self) => Effect.as(say(self, { released: 0, failed: 0 }), 0),
  "lazycluster-fmin": driver(functions)
})
