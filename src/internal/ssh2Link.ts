/**
 * A connection and what waits on it: when it goes, all of that hears of it at once.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import type { Client } from "ssh2"
import type { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import * as LinkLoss from "./linkLoss.ts"
import { channelError, linkLost } from "./ssh2Errors.ts"

/**
 * A request: `run` asks, `discard` undoes what was answered.
 *
 * @internal
 */
export interface Request<A> {
  readonly step: string
  readonly run: (done: (cause: Error | undefined, value: A) => void) => void
  readonly discard: (value: A, done: () => void) => void
}

/**
 * A connection, from before its handshake on.
 *
 * @internal
 */
export interface Link extends Pick<LinkLoss.LinkLoss, "lost" | "whenLost"> {
  readonly host: string
  readonly client: Client
  readonly sever: Effect.Effect<void>
  /** Asks the server for something that lasts as long as the scope. Ends with the link, also where nothing is interruptible. */
  readonly request: <A>(request: Request<A>) => Effect.Effect<A, SshError, Scope.Scope>
}

const nothing = (): void => undefined

/**
 * Watches a client over its socket.
 *
 * @internal
 */
export const make = (host: string, client: Client, sock: Duplex): Effect.Effect<Link> =>
  Effect.sync(() => {
    const { gone, lose, lost, whenLost } = LinkLoss.unsafeMake(host)
    const end = (cause?: unknown): void => {
      if (lose(cause)) sock.destroy()
    }
    client
      // An agent that will not sign is one key less, no end.
      .on("error", (cause) => cause.level === "agent" ? undefined : end(cause))
      // A jump host passes on the end of the far side, and nobody would close this one.
      .on("end", () => end())
      .on("close", () => end())

    const request: Link["request"] = <A>({ discard, run, step }: Request<A>) =>
      Effect.suspend(() => {
        let opened: { readonly value: A } | undefined
        let closed = false
        const release = Effect.suspend(() => {
          closed = true
          const held = opened
          if (held === undefined || gone() !== undefined) return Effect.void
          return Effect.flatMap(Deferred.make<void>(), (undone) => {
            const done = () => Deferred.unsafeDone(undone, Effect.void)
            const forget = whenLost(done)
            return Effect.sync(() => discard(held.value, done)).pipe(
              // A channel is closed without an answer, and is spared the fibers of a wait.
              Effect.zipRight(
                Effect.unlessEffect(bounded.within(Deferred.await(undone), "5 seconds"), Deferred.isDone(undone))
              ),
              Effect.catchAllDefect(() => Effect.void),
              Effect.ensuring(Effect.sync(forget))
            )
          })
        })
        const ask = Effect.async<A, SshError>((resume) => {
          const forget = whenLost((error) => resume(Effect.fail(linkLost(host, step, error.cause))))
          if (gone() !== undefined) return undefined
          run((cause, value) => {
            forget()
            if (cause !== undefined) {
              const loss = gone()
              return resume(
                Effect.fail(loss === undefined ? channelError(host, step, cause) : linkLost(host, step, loss.cause))
              )
            }
            // Nobody waits any more for what came late.
            if (closed) return gone() === undefined ? discard(value, nothing) : undefined
            opened = { value }
            return resume(Effect.succeed(value))
          })
          return Effect.sync(() => {
            forget()
            closed = opened === undefined
          })
        }).pipe(
          // ssh2 throws at once where the socket is closed already.
          Effect.catchAllDefect((cause) => Effect.fail(linkLost(host, step, cause)))
        )
        return Effect.zipRight(Effect.addFinalizer(() => release), ask)
      })

    return { host, client, lost, sever: Effect.sync(() => end()), whenLost, request }
  })
