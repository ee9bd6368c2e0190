/**
 * A process with its supervisor: started again where it is, as its policy says, until that does not help.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Intervals from "effect/ScheduleIntervals"
import * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import { signalOf } from "../internal/exitStatus.ts"
import * as Observable from "../internal/observable.ts"
import type { SshError } from "../services/SshError.ts"
import type { Context } from "./clusterContext.ts"
import { ClusterError } from "./ClusterError.ts"
import { type ClusterPlan, healthOf, type ProcessPlan, restartOf } from "./ClusterPlan.ts"
import * as ClusterProcess from "./ClusterProcess.ts"
import { type ProcessState, ProcessStatus } from "./ClusterStatus.ts"
import { isKnown } from "./planRefs.ts"
import * as processSeat from "./processSeat.ts"
import * as Readiness from "./Readiness.ts"

/**
 * What a supervisor cannot mend where it is: the host is lost, the process fails again and again, or its policy lets it be.
 *
 * @internal
 */
export interface Over {
  readonly id: string
  readonly why: "lost" | "failing" | "ended"
  readonly detail: string
  readonly log: ReadonlyArray<string>
}

/** @internal */
export interface Options {
  readonly context: Context
  readonly process: ProcessPlan
  readonly isUp: Effect.Effect<boolean>
  /** Is asked with what went wrong, and decides whether and when it is tried again. */
  readonly restart: Schedule.Schedule<unknown, string>
  /** Ready for so long: whatever went wrong before counts no more. */
  readonly stable: Duration.Duration
  readonly steady: Effect.Effect<void>
  readonly over: (over: Over) => Effect.Effect<void>
}

/** @internal */
export interface Unit {
  readonly plan: ProcessPlan
  readonly status: Effect.Effect<ProcessStatus>
  readonly mark: (state: ProcessState) => Effect.Effect<void>
  /** `None` while it is not ready. */
  readonly current: Effect.Effect<Option.Option<ClusterProcess.ClusterProcess>>
  /** Makes its ports reached as a plan says. */
  readonly reach: (plan: ClusterPlan) => Effect.Effect<void, SshError>
  readonly close: Effect.Effect<void>
}

/** Lines of its output that tell of an end. */
const mostLines = 20

/** For the last lines of a process whose host may go at the same time. */
const lastWords = "5 seconds"

interface End {
  readonly detail: string
  readonly failed: boolean
  readonly log: ReadonlyArray<string>
}

/** The first start fails as the process does; then it is supervised until the scope closes. */
const acquire = Effect.fnUntraced(function*(options: Options) {
  const { context, isUp, over, process, stable, steady } = options
  const { id } = process
  const host = process.place
  const scope = yield* Effect.scope
  // Before the fiber: that ends first.
  const resources = yield* Scope.fork(scope, ExecutionStrategy.sequential)
  const seats = yield* Effect.makeSemaphore(1)
  const open = ClusterProcess.start(context, process).pipe(allOrNothing.hold, Scope.extend(resources))
  const first = yield* open
  const begun = yield* Ref.make(Option.some(first))
  const state = yield* Observable.make<{ readonly now: ProcessState; readonly restarts: number }>({
    now: "ready",
    restarts: 0
  })
  const mark = (now: ProcessState) => state.update((all) => ({ ...all, now }))
  const runtime = first.value.seat.runtime

  const watch = ({ run, seat }: ClusterProcess.Begun): Effect.Effect<End> => {
    const { service } = run.value
    const tail = Effect.map(
      Effect.timeoutTo(service.tail, { duration: lastWords, onSuccess: (lines) => lines, onTimeout: () => [] }),
      (lines) => lines.slice(-mostLines)
    )
    const exited = Effect.gen(function*() {
      const code = yield* service.exit
      const signal = signalOf(code)
      const log = yield* tail
      yield* context.emit({ _tag: "ProcessExited", process: id, host, code, signal, log })
      const how = signal === undefined ? `with code ${code}` : `by SIG${signal}`
      return { detail: `it ended ${how}`, failed: code !== 0, log }
    })
    const health = healthOf(process)
    const unhealthy = Effect.gen(function*() {
      const detail = yield* Readiness.unhealthy(
        runtime,
        health,
        processSeat.addressIn(seat, health.probe.port),
        isUp
      )
      yield* context.emit({ _tag: "Unhealthy", process: id, host, detail })
      // What never ends is only told of: nobody else has the state of a master.
      if (restartOf(process) === "never") return yield* Effect.never
      return { detail, failed: true, log: yield* tail }
    })
    // Without the exit code of a host that is lost: that is heard of from its link.
    return Effect.raceFirst(Effect.catchAll(exited, () => Effect.never), unhealthy)
  }

  const leave = Effect.flatMap(
    Ref.getAndSet(begun, Option.none()),
    Option.match({ onNone: () => Effect.void, onSome: ({ scope }) => Scope.close(scope, Exit.void) })
  )
  /** In a new seat. */
  const sit = seats.withPermits(1)(
    Effect.zipRight(leave, Effect.flatMap(open, (held) => Ref.set(begun, Option.some(held))))
  )

  /**
   * A master stays where all others know it. A port that nobody else knows gets another number where a stranger has taken it
   * meanwhile, and it is started again in what it has then.
   */
  const stay = ({ port }: ClusterProcess.Taken, left: number): Effect.Effect<void, ClusterError | SshError> =>
    Effect.gen(function*() {
      const now = yield* Ref.get(begun)
      if (Option.isNone(now)) return yield* sit
      const { scope, value } = now.value
      const choice = process.ports.find(({ name }) => value.seat.numbers[name] === port)
      if (left === 0 || choice === undefined || isKnown(yield* context.plan, id, choice)) {
        return yield* new ClusterError({
          reason: "NoPort",
          engine: context.engine,
          host,
          step: id,
          detail: `another program has taken its port ${port}`,
          hint: `see who it is: ss -ltnp 'sport = :${port}' on ${host}`
        })
      }
      yield* seats.withPermits(1)(Effect.gen(function*() {
        const seat = yield* Scope.extend(processSeat.renumber(context, process, value.seat, choice), scope)
        yield* Ref.set(begun, Option.some({ scope, value: { ...value, seat } }))
      }))
      return yield* rerun(left - 1)
    })

  /** In the seat that it has; in another one where a stranger has taken a port of it meanwhile. */
  const rerun = (left: number): Effect.Effect<void, ClusterError | SshError> =>
    Effect.gen(function*() {
      const now = yield* Ref.get(begun)
      if (Option.isNone(now)) return yield* sit
      const { scope, value: { seat } } = now.value
      const run = yield* ClusterProcess.run(context, process, seat).pipe(allOrNothing.hold, Scope.extend(scope))
      yield* Ref.set(begun, Option.some({ scope, value: { seat, run } }))
    }).pipe(Effect.catchTag("Taken", (taken) => process.role === "master" ? stay(taken, left) : sit))
  const attempts = yield* Ref.make(0)
  const driver = yield* Schedule.driver(
    Schedule.onDecision(
      options.restart,
      (_, decision) =>
        decision._tag === "Done" ? Effect.void : Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          const delay = Duration.millis(Math.max(0, Intervals.start(decision.intervals) - now))
          const attempt = yield* Ref.updateAndGet(attempts, (n) => n + 1)
          yield* context.emit({ _tag: "Restarting", process: id, host, attempt, delay })
        })
    )
  )

  /** Until it is ready again, or the schedule is over: then it gives what went wrong last. */
  const again = (end: End): Effect.Effect<Option.Option<End>> =>
    Effect.matchEffect(driver.next(end.detail), {
      onFailure: () => Effect.succeedSome(end),
      onSuccess: () =>
        Effect.flatMap(
          Effect.either(rerun(ClusterProcess.attempts)),
          Either.match({
            onLeft: (
              { detail, log = [] }: { readonly detail: string; readonly log?: ReadonlyArray<string> | undefined }
            ) =>
              Effect.zipRight(
                context.emit({ _tag: "NotRestarted", process: id, host, detail }),
                again({ detail, failed: true, log: log.slice(-mostLines) })
              ),
            onRight: () => Effect.succeedNone
          })
        )
    })

  const supervise = Effect.gen(function*() {
    while (true) {
      const now = yield* Ref.get(begun)
      if (Option.isNone(now)) return
      const since = yield* Clock.currentTimeMillis
      const end = yield* watch(now.value.value)
      yield* Scope.close(now.value.value.run.scope, Exit.void)
      if ((yield* Clock.currentTimeMillis) - since >= Duration.toMillis(stable)) {
        yield* Effect.all([driver.reset, Ref.set(attempts, 0), steady])
      }
      // Its end is what draining is for; where that fails, it is started again.
      yield* state.until(({ now }) => now !== "draining")
      const policy = restartOf(process)
      if (policy === "never" || (policy === "onFailure" && !end.failed)) {
        yield* mark("ended")
        return yield* over({ id, why: "ended", detail: end.detail, log: end.log })
      }
      yield* mark("restarting")
      const failing = yield* again(end)
      if (Option.isSome(failing)) {
        yield* mark("moving")
        return yield* over({ id, why: "failing", detail: failing.value.detail, log: failing.value.log })
      }
      yield* state.update(({ restarts }) => ({ now: "ready" as const, restarts: restarts + 1 }))
    }
  })
  const lost = runtime.linkState.until((link) => link === "gone").pipe(
    Effect.zipRight(mark("moving")),
    Effect.zipRight(over({ id, why: "lost", detail: `${host} is lost`, log: [] }))
  )
  yield* Effect.forkIn(Effect.interruptible(Effect.raceFirst(supervise, lost)), scope)

  const unit: Omit<Unit, "close"> = {
    plan: process,
    mark,
    current: Effect.zipWith(
      Ref.get(begun),
      state.get,
      (held, { now }) => now === "ready" ? Option.map(held, ({ value }) => value.run.value) : Option.none()
    ),
    status: Effect.zipWith(Ref.get(begun), state.get, (held, { now, restarts }) =>
      ProcessStatus.make({
        process: id,
        role: process.role,
        host,
        state: now,
        restarts,
        ...(now === "ready" && Option.isSome(held) ? { pid: held.value.value.run.value.service.pid } : {})
      })),
    reach: (plan) =>
      seats.withPermits(1)(Effect.flatMap(
        Ref.get(begun),
        Option.match({
          onNone: () => Effect.void,
          onSome: ({ value: { seat } }) =>
            Effect.forEach(Object.entries(seat.ports), ([name, { value }]) =>
              Effect.flatMap(processSeat.reachers(context, plan, id, name), value.reach), { discard: true })
        })
      ))
  }
  return unit
})

/**
 * Starts a process; when it is ready its supervisor begins. The scope, or `close`, ends both.
 *
 * @internal
 */
export const start = (
  options: Options
): Effect.Effect<Unit, ClusterError | SshError, Scope.Scope> =>
  Effect.map(
    allOrNothing.hold(acquire(options)),
    ({ scope, value }) => ({ ...value, close: Scope.close(scope, Exit.void) })
  )
