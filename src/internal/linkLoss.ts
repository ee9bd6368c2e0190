/**
 * The loss of a connection: it is told once, to all who wait for it and to whoever comes later.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { SshError } from "../services/SshError.ts"
import { linkLost } from "./ssh2Errors.ts"

/** @internal */
export interface LinkLoss {
  /** Fails once it is lost. */
  readonly lost: Effect.Effect<never, SshError>
  /** Why, if it is lost. */
  readonly gone: () => SshError | undefined
  /** Tells once why it is lost, at once if it is; what comes back forgets it. */
  readonly whenLost: (tell: (error: SshError) => void) => () => void
  /** It is lost. Says whether it was there until now. */
  readonly lose: (cause?: unknown) => boolean
}

const nothing = (): void => undefined

/**
 * Of a connection to a host, which callbacks tell about.
 *
 * @internal
 */
export const unsafeMake = (host: string): LinkLoss => {
  const lost = Deferred.unsafeMake<never, SshError>(FiberId.none)
  const listeners = new Set<(error: SshError) => void>()
  let gone: SshError | undefined
  return {
    lost: Deferred.await(lost),
    gone: () => gone,
    whenLost: (tell) => {
      if (gone !== undefined) {
        tell(gone)
        return nothing
      }
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
    lose: (cause) => {
      if (gone !== undefined) return false
      const error = linkLost(host, "connection", cause)
      gone = error
      Deferred.unsafeDone(lost, Effect.fail(error))
      for (const tell of listeners) tell(error)
      listeners.clear()
      return true
    }
  }
}
