/**
 * Numbers for the ports of a plan: free where the process runs, and bound at once wherever others must reach it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as portCandidates from "../runtimes/portCandidates.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import { sameNetwork } from "../services/HostFacts.ts"
import type { SshError } from "../services/SshError.ts"
import * as Tunnel from "../services/Tunnel.ts"
import { ClusterError } from "./ClusterError.ts"
import type { PortChoice } from "./ClusterPlan.ts"

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
  readonly reachedFrom: ReadonlyArray<Runtime>
  /** Numbers that are not to be used: those of other ports, and those that were taken once. */
  readonly taken: Ref.Ref<ReadonlySet<number>>
}): Effect.fn.Return<number, ClusterError | SshError, Scope.Scope> {
  const { at, choice, engine, process, taken } = options
  const from = portCandidates.oneOfEach(
    options.reachedFrom.filter((runtime) => !sameNetwork(runtime.facts, at.facts))
  )

  const bind = (port: number) =>
    Effect.gen(function*() {
      const ours = yield* Ref.modify(taken, (all) => [!all.has(port), new Set([...all, port])])
      if (!ours) return Option.none()
      // Given up again at once: the process binds it. Should another be quicker, the process ends and the next port is tried.
      yield* Effect.scoped(Effect.flatMap(at.connection, (connection) => connection.listen({ port })))
      yield* Effect.forEach(from, (runtime) => Tunnel.make({ from: runtime, at: { port }, to: at, target: { port } }), {
        concurrency: 16,
        discard: true
      })
      yield* at.holdsPort(port)
      return Option.some(port)
    })

  const found = yield* portCandidates.firstFree([
    ...(choice.preferred === undefined ? [] : [choice.preferred]),
    ...Array.from({ length: choice.to - choice.from + 1 }, (_, index) => choice.from + index)
  ], bind)
  if (Either.isRight(found)) return found.right
  return yield* new ClusterError({
    reason: "NoPort",
    engine,
    host: at.host.alias,
    step: `port ${choice.name} of ${process}`,
    detail: `none of the ports ${
      choice.preferred === undefined ? "" : `${choice.preferred}, `
    }${choice.from}-${choice.to} is free on all of ${[at, ...from].map((runtime) => runtime.host.alias).join(", ")}`,
    log: takenOn(found.left),
    hint: "end what holds them, or give another range"
  })
})
