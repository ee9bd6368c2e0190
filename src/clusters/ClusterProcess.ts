/**
 * One process of a plan: its start in its seat, its readiness.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import { quoteAll } from "../internal/words.ts"
import type { Runtime, Service } from "../runtimes/Runtime.ts"
import * as Progress from "../services/Progress.ts"
import type { SshError } from "../services/SshError.ts"
import type { Context } from "./clusterContext.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ProcessPlan } from "./ClusterPlan.ts"
import * as processFiles from "./processFiles.ts"
import * as processSeat from "./processSeat.ts"
import * as processWords from "./processWords.ts"
import * as Readiness from "./Readiness.ts"

/**
 * A process that is ready.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClusterProcess {
  readonly plan: ProcessPlan
  readonly runtime: Runtime
  readonly service: Service
  /** The numbers of its ports, by name. */
  readonly ports: Readonly<Record<string, number>>
}

/**
 * Another program was quicker to bind a port: so often other ports are tried.
 *
 * @internal
 */
export const attempts = 8

/** Numbers of ports and paths of files in the place of what refers to them. */
const wordsOf = Effect.fnUntraced(function*(
  context: Context,
  { argv, env, place }: ProcessPlan,
  directory: string | undefined
) {
  const ground = {
    plan: yield* context.plan,
    place,
    numbers: yield* Ref.get(context.numbers),
    environment: yield* context.environmentAt(place),
    directory
  }
  const [command, ...rest] = argv
  const words: readonly [string, ...Array<string>] = [
    processWords.resolve(ground, command),
    ...rest.map((word) => processWords.resolve(ground, word))
  ]
  return { argv: words, env: processWords.resolveAll(ground, env) }
})

/**
 * A port of the process is held by somebody else, who was quicker. `log` is what the process said of it.
 *
 * @internal
 */
export class Taken extends Data.TaggedError("Taken")<{ readonly port: number; readonly log?: ReadonlyArray<string> }> {}

/**
 * Fails when a stranger listens on a port of the process: what answers a probe there is not the process. Its own listener may
 * not be up yet on ports that are not probed.
 */
const unlessTaken = (runtime: Runtime, pid: number, ports: Readonly<Record<string, number>>) =>
  Effect.forEach(Object.values(ports), (port) =>
    Effect.flatMap(
      runtime.listener(port, pid),
      (whose) => whose === "foreign" ? Effect.fail(new Taken({ port })) : Effect.void
    ), { discard: true })

/** What programs and their languages say of a port that they cannot have. */
const inUse = /address (is )?already in use|EADDRINUSE|port \d+ is already in use/i

/**
 * Fails when the process has said so itself: whoever had the port may have had it for a moment only, as somebody who looks whether it
 * is free, and is not found there any more.
 */
const unlessSaid = (log: ReadonlyArray<string>, ports: Readonly<Record<string, number>>) => {
  const line = log.find((line) => inUse.test(line))
  const numbers = Object.values(ports)
  const port = numbers.find((number) => line?.includes(String(number))) ?? numbers[0]
  return line === undefined || port === undefined ? Effect.void : Effect.fail(new Taken({ port, log }))
}

const hintOf = (host: string, argv: ReadonlyArray<string>, log: ReadonlyArray<string>): string => {
  const missing = log.map((line) => /No module named '?([\w.-]+)/.exec(line)?.[1]).find((name) => name !== undefined)
  return missing === undefined
    ? `run its command by hand on ${host}: ${quoteAll(argv)}`
    : `add ${missing} to the packages of the cluster`
}

const nothing = "nothing was heard of it"

/** What answers otherwise than it should for so long may be somebody else. */
const answering = "5 seconds"

/**
 * Starts a process in its seat and waits until it is ready. The scope ends it.
 *
 * @internal
 */
export const run = Effect.fn("ClusterProcess.run")(function*(
  context: Context,
  process: ProcessPlan,
  seat: processSeat.Seat
): Effect.fn.Return<ClusterProcess, ClusterError | SshError | Taken, Scope.Scope> {
  const { engine } = context
  const { numbers: ports, runtime } = seat
  const host = runtime.host.alias
  yield* Effect.annotateCurrentSpan({ process: process.id, host })
  // Before the process, so that it goes after it.
  const directory = yield* processFiles.make(process, context.secrets, runtime)
  const words = yield* wordsOf(context, process, directory)
  const service = yield* runtime.start(process.id, words)
  yield* context.started({ process: process.id, host, service })
  yield* context.emit({ _tag: "ProcessStarted", process: process.id, host, pid: service.pid })
  const last = yield* Ref.make(nothing)
  const taken = unlessTaken(runtime, service.pid, ports)
  const exited = Effect.flatMap(
    service.exit,
    (code) =>
      Effect.gen(function*() {
        yield* taken
        const log = yield* service.tail
        yield* unlessSaid(log, ports)
        return yield* new ClusterError({
          reason: "Exited",
          engine,
          host,
          step: process.id,
          detail: `it ended with code ${code} before it was ready`,
          log: [...log],
          hint: hintOf(host, words.argv, log)
        })
      })
  )
  const late = Effect.gen(function*() {
    return yield* new ClusterError({
      reason: "NotReady",
      engine,
      host,
      step: process.id,
      detail: `it was not ready within ${Duration.format(Duration.seconds(process.deadline))}: ${yield* Ref.get(last)}`,
      log: [...(yield* service.tail)],
      hint: "is the machine loaded, or does the process wait for another? A longer `deadline` waits longer"
    })
  })
  const ready = Readiness.wait(
    runtime,
    process.ready,
    processSeat.addressIn(seat, process.ready.port),
    (detail) => Ref.set(last, detail)
  )
  /** A process that finds its port taken may go on, on another one of its own choice, as Dask does: it would never be ready. */
  const strangers = Effect.gen(function*() {
    const said = yield* Ref.get(last)
    yield* said === nothing || Readiness.isSilent(said)
      ? Effect.flatMap(service.tail, (log) => unlessSaid(log, ports))
      : taken
  }).pipe(Effect.delay(answering), Effect.forever)
  yield* Effect.raceFirst(Effect.raceFirst(ready, exited), strangers).pipe(
    Effect.timeoutTo({
      duration: Duration.seconds(process.deadline),
      onSuccess: () => Effect.void,
      onTimeout: () => late
    }),
    Effect.flatten
  )
  yield* taken
  yield* context.emit({ _tag: "ProcessReady", process: process.id, host })
  return { plan: process, runtime, service, ports }
})

/**
 * A process that was started for the first time at a place: its seat, and the scope that ends it and leaves the seat.
 *
 * @internal
 */
export interface Begun {
  readonly seat: processSeat.Seat
  readonly run: allOrNothing.Held<ClusterProcess>
}

/**
 * Finds a process a seat, starts it there and waits until it is ready; in another seat where a stranger was quicker. The
 * scope ends the process and frees its ports.
 *
 * @internal
 */
export const start = Effect.fn("ClusterProcess.start")(function*(
  context: Context,
  process: ProcessPlan
): Effect.fn.Return<Begun, ClusterError | SshError, Scope.Scope> {
  const runtime = yield* context.runtimeAt(process.place)
  const host = process.place
  yield* Effect.annotateCurrentSpan({ process: process.id, host })
  if (runtime === undefined) {
    return yield* new ClusterError({
      reason: "NoHosts",
      engine: context.engine,
      host,
      step: process.id,
      detail: `${host} is lost`,
      hint: "it is used again when it returns"
    })
  }
  const begin = Effect.gen(function*() {
    const taken = yield* processSeat.make(context, process, runtime)
    return { seat: taken, run: yield* allOrNothing.hold(run(context, process, taken)) }
  })
  const attempt = (left: number): Effect.Effect<Begun, ClusterError | SshError, Scope.Scope> =>
    allOrNothing.make(begin).pipe(
      Effect.catchTag("Taken", ({ log, port }) =>
        left > 1
          // Nobody is given this number again: whoever has it may be gone for a moment only.
          ? Effect.zipRight(Ref.update(context.taken, (all) => new Set([...all, port])), attempt(left - 1))
          : new ClusterError({
            reason: "NoPort",
            engine: context.engine,
            host,
            step: process.id,
            detail: `another program was quicker to listen on port ${port}, and so ${attempts} times with other ports`,
            ...(log === undefined ? {} : { log: [...log] }),
            hint: `see who it is: ss -ltnp 'sport = :${port}' on ${host}; or give another range`
          }))
    )
  return yield* Progress.step(host, `start ${process.id}`, () => attempt(attempts))
})
