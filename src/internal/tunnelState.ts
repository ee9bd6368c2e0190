/**
 * The state of a tunnel, from what its listener and the links of its ends say.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { SshError } from "../services/SshError.ts"
import type { End, State } from "../services/Tunnel.ts"
import * as Observable from "./observable.ts"

/**
 * What can be away, and why it is.
 *
 * @internal
 */
export interface TunnelState {
  /** Something that the tunnel needs has gone (`cause`), or is back. */
  readonly set: (what: object, cause: SshError | undefined) => Effect.Effect<void>
  /** Follows the link of an end as long as the scope is open. */
  readonly follow: (end: End) => Effect.Effect<void, never, Scope.Scope>
  /** Fails when the link of an end that it follows is given up. */
  readonly givenUp: Effect.Effect<never, SshError>
  /** Nothing comes after it. */
  readonly close: (cause?: SshError) => Effect.Effect<void>
  readonly changes: Stream.Stream<State>
}

const linkError = (end: End, detail: string) =>
  new SshError({ reason: "LinkLost", host: end.host.alias, step: "tunnel", detail })

/** Attempt after attempt fails in the same way: that is one state. */
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
  const missing = new Map<object, SshError>()
  const state = yield* Observable.make<State>({ _tag: "Open" })
  const givenUp = yield* Deferred.make<never, SshError>()
  const become = (next: State) => state.unsafeUpdate((now) => now._tag === "Closed" ? now : next)
  const close: TunnelState["close"] = (cause) => Effect.sync(() => become({ _tag: "Closed", cause }))
  yield* Effect.addFinalizer(() => close())

  const set = (what: object, cause: SshError | undefined) => {
    if (cause === undefined) missing.delete(what)
    else missing.set(what, cause)
    const [first] = missing.values()
    become(first === undefined ? { _tag: "Open" } : { _tag: "Healing", cause: first })
  }

  const heard = (end: End) => (link: "up" | "away" | "gone") => {
    switch (link) {
      case "up":
        return set(end, undefined)
      case "away":
        return set(end, linkError(end, "the link is away"))
      case "gone":
        return Deferred.unsafeDone(
          givenUp,
          Exit.fail(linkError(end, "the link is given up: the lease of the runtime has run out, or it has been closed"))
        )
    }
  }

  return {
    set: (what, cause) => Effect.sync(() => set(what, cause)),
    follow: (end) => end.linkState === undefined ? Effect.void : end.linkState.listen(heard(end)),
    givenUp: Deferred.await(givenUp),
    close,
    changes: state.changes.pipe(Stream.changesWith(isSame), Stream.takeUntil(({ _tag }) => _tag === "Closed"))
  }
})
