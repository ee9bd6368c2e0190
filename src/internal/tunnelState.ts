/**
 * The state of a tunnel, from what its listener and the links of its ends say.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { SshError } from "../services/SshError.ts"
import type { End, State } from "../services/Tunnel.ts"

/**
 * What can be away, and why it is.
 *
 * @internal
 */
export interface TunnelState {
  /** Something that the tunnel needs has gone (`cause`), or is back. */
  readonly set: (what: object, cause: SshError | undefined) => Effect.Effect<void>
  /** Follows the link of an end; fails when that is given up. */
  readonly watch: (end: End) => Effect.Effect<never, SshError>
  /** Nothing comes after it. */
  readonly close: (cause?: SshError) => Effect.Effect<void>
  readonly changes: Stream.Stream<State>
}

const linkError = (end: End, detail: string) =>
  new SshError({ reason: "LinkLost", host: end.host.alias, step: "tunnel", detail })

/** Attempt after attempt fails in the same way: that is one state. A SubscriptionRef tells what has not changed, too. */
const isSame = (a: State, b: State): boolean =>
  a === b ||
  (a._tag === "Open" && b._tag === "Open") ||
  (a._tag === "Healing" && b._tag === "Healing" && a.cause.host === b.cause.host && a.cause.reason === b.cause.reason)

/**
 * Closed with the scope.
 *
 * @internal
 */
export const make: Effect.Effect<TunnelState, never, Scope.Scope> = Effect.gen(function*() {
  const missing = yield* Ref.make<ReadonlyMap<object, SshError>>(new Map())
  const state = yield* SubscriptionRef.make<State>({ _tag: "Open" })
  const become = (next: State) =>
    SubscriptionRef.updateSome(
      state,
      (now) => now._tag === "Closed" ? Option.none() : Option.some(next)
    )
  const close: TunnelState["close"] = (cause) => become({ _tag: "Closed", cause })
  yield* Effect.addFinalizer(() => close())

  const set: TunnelState["set"] = (what, cause) =>
    Ref.updateAndGet(missing, (all) => {
      const next = new Map(all)
      if (cause === undefined) next.delete(what)
      else next.set(what, cause)
      return next
    }).pipe(
      Effect.flatMap((all) => {
        const [first] = all.values()
        return become(first === undefined ? { _tag: "Open" } : { _tag: "Healing", cause: first })
      })
    )

  const watch: TunnelState["watch"] = (end) =>
    (end.link ?? Stream.empty).pipe(
      Stream.runForEach((link) => {
        switch (link) {
          case "up":
            return set(end, undefined)
          case "away":
            return set(end, linkError(end, "the link is away"))
          case "gone":
            return linkError(end, "the link is given up: the lease of the runtime has run out, or it has been closed")
        }
      }),
      Effect.zipRight(Effect.never)
    )

  return {
    set,
    watch,
    close,
    changes: state.changes.pipe(Stream.changesWith(isSame), Stream.takeUntil(({ _tag }) => _tag === "Closed"))
  }
})
