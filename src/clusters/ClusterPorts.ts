/**
 * Numbers for the ports of a plan: free where the process runs, and bound at once wherever others must reach it.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import * as portCandidates from "../runtimes/portCandidates.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import { sameNetwork } from "../services/HostFacts.ts"
import type { SshError } from "../services/SshError.ts"
import * as Tunnel from "../services/Tunnel.ts"
import { ClusterError } from "./ClusterError.ts"
import type { PortChoice } from "./ClusterPlan.ts"

const loopback = "127.0.0.1"

/** Which machine could not bind which ports. */
const takenOn = (
  refusals: ReadonlyArray<portCandidates.Refusal>
): ReadonlyArray<string> =>
  [...new Set(refusals.map(({ error }) => error.host))].map((name) => {
    const ports = refusals.filter(({ error }) => error.host === name).map(({ port }) => port)
    return `${name} cannot bind ${ports.slice(0, 10).join(", ")}${
      ports.length > 10 ? ` and ${ports.length - 10} more` : ""
    }`
  })

/**
 * A port that is bound, and reached from elsewhere.
 *
 * @since 0.1.0
 * @category models
 */
export interface BoundPort {
  readonly number: number
  /** Where the process listens. */
  readonly address: string
  /**
   * Makes it reached from these machines, and from no others: opens the tunnels that are missing, closes those too many. When
   * one cannot be opened, those of this call are closed again.
   */
  readonly reach: (from: ReadonlyArray<Runtime>) => Effect.Effect<void, SshError>
}

/** The tunnels to a port: one for each network from which it must be reached. */
const tunnels = (at: Runtime, port: number, address: string) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const open = yield* Ref.make<ReadonlyArray<allOrNothing.Held<Runtime>>>([])
    const tunnel = (from: Runtime) =>
      Effect.as(Tunnel.make({ from, at: { port }, to: at, target: { address, port } }), from).pipe(
        allOrNothing.hold,
        Scope.extend(scope)
      )
    return (runtimes: ReadonlyArray<Runtime>): Effect.Effect<void, SshError> =>
      Effect.gen(function*() {
        // Who shares the network has the port itself, where it is one of loopback.
        const needed = runtimes.filter((runtime) => address !== loopback || !sameNetwork(runtime.facts, at.facts))
        const [stale, kept] = Arr.partition(yield* Ref.get(open), ({ value }) => needed.includes(value))
        // Before the others: one of the same network may need its number.
        yield* Ref.set(open, kept)
        yield* Effect.forEach(stale, (held) => Scope.close(held.scope, Exit.void), { concurrency: 16, discard: true })
        const missing = portCandidates.oneOfEach([...kept.map(({ value }) => value), ...needed]).slice(kept.length)
        const opened = yield* Ref.make<ReadonlyArray<allOrNothing.Held<Runtime>>>([])
        yield* Effect.forEach(
          missing,
          (runtime) => Effect.flatMap(tunnel(runtime), (held) => Ref.update(opened, (all) => [...all, held])),
          { concurrency: 16, discard: true }
        ).pipe(
          Effect.onError(() =>
            Effect.flatMap(
              Ref.get(opened),
              (all) => Effect.forEach(all, (held) => Scope.close(held.scope, Exit.void), { discard: true })
            )
          )
        )
        yield* Ref.set(open, [...kept, ...(yield* Ref.get(opened))])
      })
  })

/**
 * A number from the choice that no other port of the cluster has. The tunnels to it are open when this succeeds and close
 * with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const allocate = Effect.fn("ClusterPorts.allocate")(function*(options: {
  readonly engine: string
  readonly process: string
  readonly choice: typeof PortChoice.Type
  readonly at: Runtime
  /** Where the process listens. Default `127.0.0.1`. */
  readonly address?: string | undefined
  readonly reachedFrom: ReadonlyArray<Runtime>
  /** Numbers that are not to be used; it holds this one as long as the scope is open. */
  readonly taken: Ref.Ref<ReadonlySet<number>>
}): Effect.fn.Return<BoundPort, ClusterError | SshError, Scope.Scope> {
  const { address = loopback, at, choice, engine, process, reachedFrom, taken } = options
  const numbers = [
    ...(choice.preferred === undefined ? [] : [choice.preferred]),
    ...Array.from({ length: choice.to - choice.from + 1 }, (_, index) => choice.from + index)
  ]

  const own = (port: number) =>
    Effect.acquireRelease(
      Ref.modify(taken, (all) => [!all.has(port), new Set([...all, port])]),
      (ours) => ours ? Ref.update(taken, (all) => new Set([...all].filter((one) => one !== port))) : Effect.void
    )

  const bind = (port: number) =>
    Effect.gen(function*() {
      if (!(yield* own(port))) return Option.none()
      // Given up again at once: the process binds it. Should another be quicker, the process ends and the next port is tried.
      yield* Effect.scoped(Effect.flatMap(at.connection, (connection) => connection.listen({ port })))
      const reach = yield* tunnels(at, port, address)
      yield* reach(reachedFrom)
      yield* at.holdsPort(port)
      return Option.some({ number: port, address, reach })
    })

  const found = yield* portCandidates.firstFree(numbers, bind)
  if (Either.isRight(found)) return found.right
  const machines = [at, ...portCandidates.oneOfEach(reachedFrom.filter(({ facts }) => !sameNetwork(facts, at.facts)))]
  return yield* new ClusterError({
    reason: "NoPort",
    engine,
    host: at.host.alias,
    step: `port ${choice.name} of ${process}`,
    detail: `none of the ports ${
      choice.preferred === undefined ? "" : `${choice.preferred}, `
    }${choice.from}-${choice.to} is free on all of ${machines.map((runtime) => runtime.host.alias).join(", ")}`,
    log: takenOn(found.left),
    hint: "end what holds them, or give another range"
  })
})
