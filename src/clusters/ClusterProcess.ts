/**
 * One process of a plan, from its ports to its readiness.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import { quoteAll } from "../internal/words.ts"
import type { Runtime, Service } from "../runtimes/Runtime.ts"
import * as Progress from "../services/Progress.ts"
import type { SshError } from "../services/SshError.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import type { ClusterPlan, ProcessPlan, Word } from "./ClusterPlan.ts"
import * as ClusterPorts from "./ClusterPorts.ts"
import * as Readiness from "./Readiness.ts"

/**
 * A process that was ready once.
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
 * What the processes of one cluster share while they start.
 *
 * @internal
 */
export interface Context {
  readonly plan: ClusterPlan
  readonly runtimeAt: (place: string) => Runtime
  readonly environmentAt: (place: string) => string | undefined
  /** Numbers that are not to be used again. */
  readonly taken: Ref.Ref<ReadonlySet<number>>
  /** Numbers by `process.port`. */
  readonly numbers: Ref.Ref<ReadonlyMap<string, number>>
  readonly emit: (event: ClusterEvent) => Effect.Effect<void>
}

/** Another program was quicker to bind a port: so often other ports are tried. */
const attempts = 3

const render = (context: Context, place: string, numbers: ReadonlyMap<string, number>) => (word: Word): string =>
  typeof word === "string"
    ? word
    : word.map((part) =>
      typeof part === "string"
        ? part
        : part._tag === "Port"
        ? String(numbers.get(`${part.process}.${part.name}`) ?? "")
        : `${context.environmentAt(place) ?? ""}/${part.file}`
    ).join("")

const portsOf = Effect.fnUntraced(function*(context: Context, process: ProcessPlan, runtime: Runtime) {
  const { plan } = context
  const ports: Record<string, number> = {}
  for (const choice of process.ports) {
    const places = plan.routes.filter((route) => route.process === process.id && route.port === choice.name)
      .flatMap((route) => route.places)
    const number = yield* ClusterPorts.allocate({
      engine: plan.engine,
      process: process.id,
      choice,
      at: runtime,
      reachedFrom: places.map(context.runtimeAt),
      taken: context.taken
    })
    ports[choice.name] = number
    yield* Ref.update(context.numbers, (all) => new Map([...all, [`${process.id}.${choice.name}`, number]]))
  }
  return ports
})

/** A port of the process is held by somebody else, who was quicker. */
class Taken extends Data.TaggedError("Taken")<{ readonly port: number }> {}

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

const hintOf = (host: string, argv: ReadonlyArray<string>, log: ReadonlyArray<string>): string => {
  const missing = log.map((line) => /No module named '?([\w.-]+)/.exec(line)?.[1]).find((name) => name !== undefined)
  return missing === undefined
    ? `run its command by hand on ${host}: ${quoteAll(argv)}`
    : `add ${missing} to the packages of the cluster`
}

/**
 * Starts a process and waits until it is ready. Its scope ends it and frees its ports.
 *
 * @internal
 */
export const start = Effect.fn("ClusterProcess.start")(function*(
  context: Context,
  process: ProcessPlan
): Effect.fn.Return<ClusterProcess, ClusterError | SshError, Scope.Scope> {
  const { engine } = context.plan
  const runtime = context.runtimeAt(process.place)
  const host = runtime.host.alias
  const outer = yield* Effect.scope
  yield* Effect.annotateCurrentSpan({ process: process.id, host })

  const once = Effect.gen(function*() {
    const ports = yield* portsOf(context, process, runtime)
    const word = render(context, process.place, yield* Ref.get(context.numbers))
    const [command, ...rest] = process.argv
    const service = yield* runtime.start(process.id, {
      argv: [word(command), ...rest.map(word)],
      env: Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, word(value)]))
    })
    yield* context.emit({ _tag: "ProcessStarted", process: process.id, host, pid: service.pid })
    const last = yield* Ref.make("nothing was heard of it")
    const taken = unlessTaken(runtime, service.pid, ports)
    const exited = Effect.flatMap(
      service.exit,
      (code) =>
        Effect.flatMap(Effect.zipRight(taken, service.tail), (log) =>
          new ClusterError({
            reason: "Exited",
            engine,
            host,
            step: process.id,
            detail: `it ended with code ${code} before it was ready`,
            log: [...log],
            hint: hintOf(host, [command, ...rest].map(word), log)
          }))
    )
    const late = Effect.gen(function*() {
      return yield* new ClusterError({
        reason: "NotReady",
        engine,
        host,
        step: process.id,
        detail: `it was not ready within ${Duration.format(Duration.seconds(process.deadline))}: ${yield* Ref.get(
          last
        )}`,
        log: [...(yield* service.tail)],
        hint: "is the machine loaded, or does the process wait for another? A longer `deadline` waits longer"
      })
    })
    const ready = Readiness.wait(
      runtime,
      process.ready,
      ports[process.ready.port] ?? 0,
      (detail) => Ref.set(last, detail)
    )
    yield* Effect.raceFirst(ready, exited).pipe(
      Effect.timeoutTo({
        duration: Duration.seconds(process.deadline),
        onSuccess: () => Effect.void,
        onTimeout: () => late
      }),
      Effect.flatten
    )
    yield* taken
    yield* context.emit({ _tag: "ProcessReady", process: process.id, host })
    yield* Effect.forkScoped(
      Effect.ignore(
        Effect.flatMap(service.exit, (code) => context.emit({ _tag: "ProcessExited", process: process.id, host, code }))
      )
    )
    return { plan: process, runtime, service, ports }
  })

  const attempt = (left: number): Effect.Effect<ClusterProcess, ClusterError | SshError> =>
    allOrNothing.make(once).pipe(
      Scope.extend(outer),
      Effect.catchTag("Taken", ({ port }) =>
        left > 1 ? attempt(left - 1) : new ClusterError({
          reason: "NoPort",
          engine,
          host,
          step: process.id,
          detail: `another program was quicker to listen on port ${port}, and so ${attempts} times with other ports`,
          hint: `see who it is: ss -ltnp 'sport = :${port}' on ${host}; or give another range`
        }))
    )
  return yield* Progress.step(host, `start ${process.id}`, () => attempt(attempts))
})
