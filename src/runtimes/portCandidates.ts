/**
 * The search for numbers that are free wherever they are needed: bound, not looked at.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import { type HostFacts, sameNetwork } from "../services/HostFacts.ts"
import type { SshError } from "../services/SshError.ts"

/**
 * A machine by its network.
 *
 * @internal
 */
export interface Networked {
  readonly facts: Pick<HostFacts, "bootId" | "network">
}

/**
 * The first of each network: only these need a listener.
 *
 * @internal
 */
export const oneOfEach = <A extends Networked>(members: ReadonlyArray<A>): ReadonlyArray<A> =>
  members.filter((member, index) =>
    !members.slice(0, index).some((earlier) => sameNetwork(earlier.facts, member.facts))
  )

/**
 * A number that could not be had, and who says so.
 *
 * @internal
 */
export interface Refusal {
  readonly port: number
  readonly error: SshError
}

/**
 * Binds one candidate after the other until one is free everywhere; what a candidate had bound is undone before the next.
 * Gives the refusals, each `PortInUse`, when there is none. `None` passes over a candidate. Another error ends the search.
 *
 * @internal
 */
export const firstFree = <A, R>(
  candidates: Iterable<number>,
  bind: (port: number) => Effect.Effect<Option.Option<A>, SshError, R>
): Effect.Effect<
  Either.Either<A, ReadonlyArray<Refusal>>,
  SshError,
  Exclude<R, Scope.Scope> | Scope.Scope
> =>
  Effect.gen(function*() {
    const refusals: Array<Refusal> = []
    for (const port of candidates) {
      const bound = yield* Effect.either(allOrNothing.make(bind(port)))
      if (Either.isLeft(bound)) {
        if (bound.left.reason !== "PortInUse") return yield* bound.left
        refusals.push({ port, error: bound.left })
      } else if (Option.isSome(bound.right)) {
        return Either.right(bound.right.value)
      }
    }
    return Either.left(refusals)
  })
