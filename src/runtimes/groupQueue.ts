/**
 * The work queue of a group: every host busy, nothing lost when one dies.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import * as TRef from "effect/TRef"
import type { RuntimeTask } from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskResult.ts"
import type { TaskRunner } from "../tasks/TaskRunner.ts"
import type { GroupError } from "./GroupError.ts"
import { none } from "./groupExecution.ts"
import * as groupHosts from "./groupHosts.ts"
import * as Runtime from "./Runtime.ts"
import type { RuntimeGroup } from "./RuntimeGroup.ts"

/**
 * What is tried again. Another host is taken for it, as long as one is up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retry {
  /** Further attempts at an item whose task has failed by itself. Default 0. */
  readonly times?: number | undefined
  /** Which failures are tried again. Default: all but `Invalid`. */
  readonly while?: ((error: TaskError) => boolean) | undefined
  /** So many hosts may be lost (reason `Link`) under one item; the next one is its error. It may be what ends them. Default 3. */
  readonly lostHosts?: number | undefined
}

/**
 * How a work queue goes about its items.
 *
 * @since 0.1.0
 * @category models
 */
export interface QueueOptions {
  /** Tasks at a time on a host: a number, or one by host, as `({ facts }) => facts.cpus`. Default 1. */
  readonly perHost?: number | ((runtime: Runtime.Runtime) => number) | undefined
  readonly retry?: Retry | undefined
  /** Whether results come in the order of the items, or as they arrive. Default `true`. */
  readonly ordered?: boolean | undefined
  /** How many results may wait: for their reader, or for one before them. Default 64. */
  readonly buffer?: number | undefined
}

/**
 * What became of one item.
 *
 * @since 0.1.0
 * @category models
 */
export interface Done<out A, out Result> {
  /** From 0, in the order of the items. */
  readonly index: number
  readonly item: A
  readonly host: string
  /** From 1: the one that gave the result. */
  readonly attempt: number
  readonly result: Result
}

/**
 * Runs a task for every item, wherever there is room, and gives results in the order of the items.
 *
 * Items may be without end: no more are taken than can be started, and no more started than results can wait. An item whose
 * host is lost is run again on another one, an item whose task fails as often as `retry` says; so a task may run more than
 * once, and what it leaves outside of its host should stand that. A host that was lost gets nothing more before it is back.
 *
 * Fails with the `TaskError` of the first item that has failed for good, with `GroupError` `HostsLost` when no host is left.
 * Leaving the stream ends what runs.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { RuntimeGroup, RuntimeTask } from "lazycluster"
 * import { Console, Stream } from "effect"
 *
 * declare const group: RuntimeGroup.RuntimeGroup
 *
 * const sizes = RuntimeGroup.forEach(
 *   group,
 *   ["/etc", "/usr", "/var"],
 *   (path) => RuntimeTask.make("size").pipe(RuntimeTask.runCommand(`du -sk ${path}`)),
 *   { perHost: ({ facts }) => facts.cpus, retry: { times: 2 } }
 * )
 *
 * const printed = Stream.runForEach(sizes, ({ host, result }) =>
 *   Console.log(host, result.executionLog[0]?.stdout))
 */
export const forEach = <A, Returns extends ReadonlyArray<unknown>, E = never, R = never>(
  group: RuntimeGroup,
  items: Iterable<A> | Stream.Stream<A, E, R>,
  toTask: (item: A, index: number) => RuntimeTask<Returns>,
  options: QueueOptions = {}
): Stream.Stream<Done<A, TaskResult<Returns>>, TaskError | GroupError | E, TaskRunner | R> =>
  Stream.mapEffect(
    forEachEither(group, items, toTask, options),
    (done) => Either.map(done.result, (result) => ({ ...done, result }))
  )

/**
 * The same, where an item that has failed for good is a result like others, and ends nothing.
 *
 * @since 0.1.0
 * @category execution
 */
export const forEachEither = <A, Returns extends ReadonlyArray<unknown>, E = never, R = never>(
  group: RuntimeGroup,
  items: Iterable<A> | Stream.Stream<A, E, R>,
  toTask: (item: A, index: number) => RuntimeTask<Returns>,
  options: QueueOptions = {}
): Stream.Stream<Done<A, Either.Either<TaskResult<Returns>, TaskError>>, GroupError | E, TaskRunner | R> =>
  group.runtimes.length === 0
    ? Stream.fail(none(group, "RuntimeGroup.forEach"))
    : Stream.unwrapScoped(start(group, streamOf(items), toTask, options))

/** One item a chunk: no more are taken than are asked for. */
const streamOf = <A, E, R>(items: Iterable<A> | Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
  Predicate.hasProperty(items, Stream.StreamTypeId)
    ? Stream.rechunk(items, 1)
    : Stream.flatMap(
      // A generator may hold something open.
      Stream.acquireRelease(
        Effect.sync(() => items[Symbol.iterator]()),
        (iterator) => Effect.sync(() => iterator.return?.())
      ),
      (iterator) =>
        Stream.unfold(iterator, (iterator) => {
          const next = iterator.next()
          return next.done === true ? Option.none() : Option.some([next.value, iterator])
        })
    )

const start = Effect.fnUntraced(function*<A, Returns extends ReadonlyArray<unknown>, E, R>(
  group: RuntimeGroup,
  items: Stream.Stream<A, E, R>,
  toTask: (item: A, index: number) => RuntimeTask<Returns>,
  options: QueueOptions
) {
  const { buffer = 64, ordered = true, perHost = 1, retry = {} } = options
  type Result = Done<A, Either.Either<TaskResult<Returns>, TaskError>>

  const pull = yield* Stream.toPull(items)
  // All that runs ends together, before the source is closed.
  const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel)
  const hosts = yield* Scope.extend(
    groupHosts.make(group, typeof perHost === "number" ? () => perHost : perHost),
    scope
  )
  const open = yield* Effect.makeSemaphore(hosts.places + Math.max(0, buffer))
  const results = yield* Queue.unbounded<Effect.Effect<Result, Option.Option<GroupError | E>>>()
  const under = yield* TRef.make(0)

  const attempt = (
    item: A,
    index: number,
    task: RuntimeTask<Returns>,
    tried: { readonly on: ReadonlySet<Runtime.Runtime>; readonly failures: number; readonly lost: number }
  ): Effect.Effect<Result, GroupError, TaskRunner> =>
    Effect.gen(function*() {
      const { result, runtime } = yield* hosts.on(tried.on, (runtime) =>
        Runtime.execute(runtime, task).pipe(
          Effect.tapError(({ reason }) => reason === "Link" ? hosts.suspect(runtime) : Effect.void),
          Effect.either,
          Effect.map((result) => ({ result, runtime }))
        ))
      if (Either.isLeft(result)) {
        const on = new Set([...tried.on, runtime])
        const error = result.left
        if (error.reason === "Link" && tried.lost < (retry.lostHosts ?? 3)) {
          yield* hosts.asks
          return yield* attempt(item, index, task, { ...tried, on, lost: tried.lost + 1 })
        }
        const again = retry.while ?? (({ reason }) => reason !== "Invalid")
        if (error.reason !== "Link" && tried.failures < (retry.times ?? 0) && again(error)) {
          yield* hosts.asks
          return yield* attempt(item, index, task, { ...tried, on, failures: tried.failures + 1 })
        }
      }
      return { index, item, host: runtime.host.alias, attempt: 1 + tried.failures + tried.lost, result }
    })

  const begin = (item: A, index: number) =>
    Effect.gen(function*() {
      const job = Effect.suspend(() =>
        attempt(item, index, toTask(item, index), { on: new Set(), failures: 0, lost: 0 })
      ).pipe(Effect.mapError(Option.some))
      const done = yield* Deferred.make<Result, Option.Option<GroupError | E>>()
      if (ordered) yield* Queue.offer(results, Deferred.await(done))
      yield* TRef.update(under, (n) => n + 1)
      yield* hosts.asks
      yield* Effect.intoDeferred(job, done).pipe(
        Effect.zipRight(ordered ? Effect.void : Queue.offer(results, Deferred.await(done))),
        Effect.ensuring(TRef.update(under, (n) => n - 1)),
        Effect.forkIn(scope)
      )
    })

  const feed = Effect.gen(function*() {
    let index = 0
    while (true) {
      yield* open.take(1)
      yield* hosts.room
      const next = yield* Effect.exit(pull)
      if (Exit.isFailure(next)) {
        // The end, or a failure, of the source comes after what was taken from it before.
        yield* STM.commit(STM.flatMap(TRef.get(under), (n) => STM.check(() => n === 0)))
        return yield* Queue.offer(results, Effect.failCause(next.cause))
      }
      for (const item of next.value) yield* begin(item, index++)
    }
  })
  yield* Effect.forkIn(feed, scope)

  return Stream.repeatEffectOption(Effect.zipLeft(Effect.flatten(Queue.take(results)), open.release(1)))
})
