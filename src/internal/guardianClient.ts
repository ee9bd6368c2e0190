/**
 * A guardian as its manager keeps it: one stay on a channel after the other, until all is ended.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { EndReport, Guardian, Link, Options, Watched } from "../services/Guardian.ts"
import type * as Protocol from "../services/GuardianProtocol.ts"
import * as HostFacts from "../services/HostFacts.ts"
import * as Metrics from "../services/Metrics.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import { type SshConfigError, SshError } from "../services/SshError.ts"
import * as allOrNothing from "./allOrNothing.ts"
import * as bounded from "./bounded.ts"
import * as guardianPulse from "./guardianPulse.ts"
import * as Talk from "./guardianTalk.ts"
import * as Observable from "./observable.ts"
import { escapeLine, quoteAll } from "./words.ts"

const tenths = (duration: Duration.Duration): string =>
  String(Math.max(1, Math.round(Duration.toMillis(duration) / 100)))

/** While the link is away: soon at first, then every two seconds. */
const reconnecting = Schedule.exponential("100 millis").pipe(Schedule.either(Schedule.spaced("2 seconds")))

/** What whoever comes after the end is told. */
const closed = "the runtime has been closed"

/** A guardian that has not served anybody yet has this long to go. */
const leaving = "5 seconds"

/**
 * Starts a guardian and serves it until its scope closes.
 *
 * @internal
 */
export const make = Effect.fn("Guardian.make")(function*(
  options: Options
): Effect.fn.Return<Guardian, SshError | SshConfigError | RuntimeError, Scope.Scope> {
  const host = options.host.alias
  const lease = Duration.toMillis(options.lease)
  const scope = yield* Effect.scope
  // Made first: it closes after everything that needs a stay.
  const stays = yield* Scope.fork(scope, ExecutionStrategy.sequential)
  const events = yield* Ref.make(0)
  const pulse = yield* guardianPulse.make(options)
  const ledger = yield* Ref.make(Option.none<string>())
  const processes = new Map<string, Watched>()
  const halts = new Map<number, Deferred.Deferred<void>>()
  const report = yield* Ref.make<ReadonlyArray<readonly [key: string, value: string]>>([])
  const ended = yield* Deferred.make<void>()
  const served = yield* Ref.make(false)
  const link = yield* Observable.make<Link>({ _tag: "Away" })

  /** Counted and acted on in one step: an event is missed by nobody, and asked for again by nobody. */
  const about = (name: string, act: (watched: Watched) => Effect.Effect<unknown>) => {
    const watched = processes.get(name)
    return Effect.uninterruptible(
      Effect.zipRight(Ref.update(events, (n) => n + 1), watched === undefined ? Effect.void : act(watched))
    )
  }
  const hear = (message: Protocol.Message): Effect.Effect<void> => {
    switch (message._tag) {
      case "Beat":
        return pulse.heard
      case "Started":
        return about(message.name, ({ started }) => Deferred.succeed(started, message))
      case "Exited":
        return about(message.name, ({ exited }) => Deferred.succeed(exited, message.code))
      case "Cut":
        return about(
          message.name,
          ({ cut, hole }) =>
            Effect.zipRight(
              Ref.update(cut, (all) => ({ ...all, [message.stream]: all[message.stream] + message.bytes })),
              Ref.update(hole, (all) => ({ ...all, [message.stream]: 0 }))
            )
        )
      case "Dropped":
        return about(
          message.name,
          ({ hole }) => Ref.update(hole, (all) => ({ ...all, [message.stream]: message.bytes }))
        )
      case "Halted":
        return Effect.ignore(Effect.suspend(() =>
          Option.match(Option.fromNullable(halts.get(message.pid)), {
            onNone: () => Effect.void,
            onSome: (waiting) => Deferred.succeed(waiting, undefined)
          })
        ))
      case "Report":
        return Ref.update(report, (all) => [...all, [message.key, message.value] as const])
      case "Ended":
        return Deferred.succeed(ended, undefined)
      default:
        return Effect.void
    }
  }

  /** A guardian that nobody has served yet must not wait for its lease when its maker is interrupted or fails. */
  const abandon = (process: RemoteProcess) =>
    bounded.within(
      Effect.zipRight(Effect.ignore(process.write(`end ${tenths(options.grace)}\n`)), Effect.exit(process.exit)),
      leaving
    )

  /** A stay in a scope of its own, closed when it fails. */
  const enter = (take: "new" | "resume") =>
    Effect.gen(function*() {
      const connection = yield* options.connect
      const words = [
        take,
        options.id,
        options.workingDirectory ?? "",
        String(Math.ceil(lease / 1000)),
        String(yield* Ref.get(events)),
        ...(options.outputLimit === undefined ? [] : [`cap=${Math.max(1, Math.ceil(options.outputLimit))}`]),
        ...(options.setup === undefined ? [] : [`setup=${options.setup}`]),
        ...options.executables
      ]
      const stay = yield* Talk.open(connection, { program: options.programs.guardian, words }, {
        hear,
        deadline: take === "new" && options.setup !== undefined ? Talk.readyAfterSetup : Talk.ready,
        opened: (process) =>
          take === "resume"
            ? Effect.void
            : Effect.addFinalizer(() => Effect.unlessEffect(abandon(process), Ref.get(served)))
      })
      yield* connection.anchor({ program: options.programs.anchor, words: [stay.state] })
      return stay
    }).pipe(
      allOrNothing.hold,
      Scope.extend(stays)
    )

  const sayLedger = (stay: Talk.Stay) =>
    Effect.flatMap(
      Ref.get(ledger),
      Option.match({
        onNone: () => Effect.void,
        onSome: (text) => Effect.ignore(stay.say(`ledger ${escapeLine(text)}`))
      })
    )

  const serve = ({ scope, value: stay }: allOrNothing.Held<Talk.Stay>) =>
    Effect.gen(function*() {
      yield* pulse.heard
      yield* link.set({ _tag: "Up", stay })
      // What was said last before the link was lost may not have been heard.
      yield* Effect.ignore(Effect.raceFirst(Effect.zipRight(sayLedger(stay), pulse.beat(stay)), stay.over))
    }).pipe(Effect.ensuring(Scope.close(scope, Exit.void)))

  const gone = (error: { readonly message: string }) =>
    link.set({
      _tag: "Gone",
      error: new SshError({ reason: "LinkLost", host, step: "resume", detail: error.message, cause: error })
    })

  /** Back on the host before its lease has run out, again and again. */
  const keep = Effect.gen(function*() {
    while (!(yield* Deferred.isDone(ended))) {
      yield* link.set({ _tag: "Away" })
      const back = yield* enter("resume").pipe(
        Effect.retry({
          schedule: reconnecting,
          while: (error) => error._tag === "SshError" && error.reason !== "HostKeyChanged"
        }),
        Effect.timeoutFail({ duration: Math.max(0, yield* pulse.left), onTimeout: () => Talk.leaseExpired(host) }),
        Effect.either
      )
      if (back._tag === "Left") {
        if (back.left.reason === "LeaseExpired") yield* Metrics.count(Metrics.leasesExpired, host)
        return yield* gone(back.left)
      }
      yield* serve(back.right)
    }
    return yield* gone({ message: closed })
    // Whoever waits for the link must hear of a bug, too.
  }).pipe(Effect.catchAllDefect((defect) => gone({ message: String(defect) })))

  const first = yield* enter("new")
  const facts = yield* HostFacts.fromLines(host, first.value.facts)
  // After the last word of the guardian: the connection may have other users, and nothing must be started on it from here.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(link.get, (now) => now._tag === "Gone" ? Effect.void : gone({ message: closed }))
  )
  yield* Effect.forkScoped(Effect.zipRight(serve(first), keep))

  const standing: Effect.Effect<Talk.Stay, SshError> = Effect.flatMap(
    link.until((now): now is Exclude<Link, { _tag: "Away" }> => now._tag !== "Away"),
    (now) => now._tag === "Up" ? Effect.succeed(now.stay) : Effect.fail(now.error)
  )
  const leaves = (stay: Talk.Stay) => link.until((now) => now._tag !== "Up" || now.stay !== stay)

  /** Says a line until it has had its effect: what is said just before a link is lost may not have been heard. */
  const insist = <A>(line: string, effect: Deferred.Deferred<A>): Effect.Effect<A, SshError> =>
    Effect.gen(function*() {
      const stay = yield* standing
      yield* Effect.ignore(stay.say(line))
      yield* Effect.raceFirst(Deferred.await(effect), leaves(stay))
    }).pipe(
      Effect.repeat({ until: () => Deferred.isDone(effect) }),
      Effect.zipRight(Deferred.await(effect))
    )

  const stop: Guardian["stop"] = (watched, grace) =>
    Effect.asVoid(insist(`stop ${watched.name} ${tenths(grace)}`, watched.exited))

  const end = insist(`end ${tenths(options.grace)}`, ended).pipe(
    (ending) => bounded.within(ending, Duration.sum(options.grace, "10 seconds")),
    Effect.map(Option.isSome),
    Effect.orElseSucceed(() => false),
    Effect.flatMap((heard) => heard ? Effect.asSome(Effect.map(Ref.get(report), endReport)) : Effect.succeedNone),
    Effect.flatMap(options.onEnd)
  )
  yield* Effect.uninterruptible(Effect.zipRight(Effect.addFinalizer(() => end), Ref.set(served, true)))

  return {
    facts,
    state: first.value.state,
    workingDirectory: first.value.workingDirectory,
    link,
    connection: Effect.map(standing, (stay) => stay.connection),
    start: Effect.fnUntraced(function*(name, words) {
      const watched: Watched = {
        name,
        started: yield* Deferred.make<{ readonly pid: number; readonly start: string }>(),
        exited: yield* Deferred.make<number>(),
        cut: yield* Ref.make({ out: 0, err: 0 }),
        hole: yield* Ref.make({ out: 0, err: 0 })
      }
      processes.set(name, watched)
      yield* insist(`start ${name} ${escapeLine(quoteAll(words))}`, watched.started).pipe(
        // It may have been heard, or be heard of only when the link is back.
        Effect.onInterrupt(() =>
          Deferred.await(watched.started).pipe(
            Effect.zipRight(stop(watched, options.grace)),
            Effect.ignore,
            Effect.interruptible,
            Effect.forkIn(scope)
          )
        )
      )
      return watched
    }),
    stop,
    halt: (pid, start, grace) =>
      Effect.flatMap(Deferred.make<void>(), (waiting) => {
        halts.set(pid, waiting)
        return Effect.ensuring(
          insist(`halt ${pid} ${start} ${tenths(grace)}`, waiting),
          Effect.sync(() => halts.delete(pid))
        )
      }),
    note: (text) =>
      Effect.zipRight(
        Ref.set(ledger, Option.some(text)),
        // A link that is away is told when it is back.
        Effect.flatMap(link.get, (now) => now._tag === "Up" ? Effect.ignore(sayLedger(now.stay)) : Effect.void)
      ),
    over: Effect.flatMap(
      link.until((now): now is Extract<Link, { _tag: "Gone" }> => now._tag === "Gone"),
      ({ error }) => error
    ),
    silence: pulse.silence
  }
})

const endReport = (lines: ReadonlyArray<readonly [key: string, value: string]>): EndReport => {
  const all = (key: string) => lines.filter(([k]) => k === key).map(([, value]) => value)
  const number = (key: string) => all(key).reduce((sum, value) => sum + Number(value), 0)
  return {
    ended: number("ended"),
    killed: number("killed"),
    left: all("left"),
    removed: all("removed"),
    kept: all("kept"),
    stuck: all("stuck")
  }
}
