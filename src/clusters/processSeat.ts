/**
 * The seat of a process: its ports and GPUs at a place, which stay its own while it is started again.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import { quoteAll } from "../internal/words.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { TcpAddress } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { Context } from "./clusterContext.ts"
import { ClusterError } from "./ClusterError.ts"
import type { ClusterPlan, PortChoice, ProcessPlan } from "./ClusterPlan.ts"
import * as ClusterPorts from "./ClusterPorts.ts"
import * as processWords from "./processWords.ts"

/**
 * The ports of a process at a place. They stay its own while it is started again.
 *
 * @internal
 */
export interface Seat {
  readonly runtime: Runtime
  readonly ports: Readonly<Record<string, allOrNothing.Held<ClusterPorts.BoundPort>>>
  readonly numbers: Readonly<Record<string, number>>
}

const seated = (runtime: Runtime, ports: Seat["ports"]): Seat => ({
  runtime,
  ports,
  numbers: Object.fromEntries(Object.entries(ports).map(([name, { value }]) => [name, value.number]))
})

/**
 * Where a port of the process is, for its own host.
 *
 * @internal
 */
export const addressIn = ({ numbers, ports }: Seat, port: string): TcpAddress => ({
  address: ports[port]?.value.address,
  port: numbers[port] ?? 0
})

/**
 * The machines that must reach a port through a tunnel by a plan, as far as they are there.
 *
 * @internal
 */
export const reachers = (
  context: Context,
  plan: ClusterPlan,
  process: string,
  port: string
): Effect.Effect<ReadonlyArray<Runtime>> => {
  const routes = plan.routes.filter((route) =>
    route.process === process && route.port === port && route.address === undefined
  )
  return Effect.map(
    Effect.forEach([...new Set(routes.flatMap(({ places }) => places))], context.runtimeAt),
    (found) => found.flatMap((runtime) => runtime === undefined ? [] : [runtime])
  )
}

/** Its GPUs are its own, also while it is started again. */
const holdGpus = (
  context: Context,
  { id, resources }: ProcessPlan,
  runtime: Runtime
): Effect.Effect<void, ClusterError | SshError, Scope.Scope> =>
  resources === undefined || resources.gpus.length === 0
    ? Effect.void
    : runtime.holdsGpus(`${context.engine} ${id}`, resources.gpus).pipe(
      Effect.catchTag("GpuHeld", ({ by, gpu, ledger, owner }) =>
        new ClusterError({
          reason: "GpuTaken",
          engine: context.engine,
          host: runtime.host.alias,
          step: id,
          detail: `GPU ${gpu} is held by ${by}${owner === undefined ? "" : ` of ${owner}`}`,
          hint: `see what that is, on ${runtime.host.alias}: ${quoteAll(["cat", ledger])}; ` +
            "`Launcher.on` leaves the host out, `Launcher.withoutGpus` its GPUs"
        }))
    )

/** A number for a port of a process, told to all whose words name it. */
const bind = Effect.fnUntraced(function*(
  context: Context,
  { id }: ProcessPlan,
  choice: typeof PortChoice.Type,
  runtime: Runtime
) {
  const plan = yield* context.plan
  const bound = yield* allOrNothing.hold(ClusterPorts.allocate({
    engine: context.engine,
    process: id,
    choice,
    at: runtime,
    address: processWords.listensOn(plan, id, choice.name),
    reachedFrom: yield* reachers(context, plan, id, choice.name),
    taken: context.taken
  }))
  yield* Ref.update(context.numbers, (all) => new Map([...all, [`${id}.${choice.name}`, bound.value.number]]))
  return bound
})

/**
 * Numbers for the ports of a process, bound wherever they must be reached.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  context: Context,
  process: ProcessPlan,
  runtime: Runtime
): Effect.fn.Return<Seat, ClusterError | SshError, Scope.Scope> {
  const ports: Record<string, allOrNothing.Held<ClusterPorts.BoundPort>> = {}
  for (const choice of process.ports) ports[choice.name] = yield* bind(context, process, choice, runtime)
  yield* holdGpus(context, process, runtime)
  return seated(runtime, ports)
})

/**
 * The seat with another number for one of its ports, and all others as they are. Its scope is that of the seat.
 *
 * @internal
 */
export const renumber = Effect.fnUntraced(function*(
  context: Context,
  process: ProcessPlan,
  { ports, runtime }: Seat,
  choice: typeof PortChoice.Type
): Effect.fn.Return<Seat, ClusterError | SshError, Scope.Scope> {
  const bound = yield* bind(context, process, choice, runtime)
  // After that: it is not to be given the old one again.
  const old = ports[choice.name]
  if (old !== undefined) yield* Scope.close(old.scope, Exit.void)
  return seated(runtime, { ...ports, [choice.name]: bound })
})
