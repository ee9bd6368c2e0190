/**
 * A Unix socket that the host's sshd listens on, with what sshd leaves out: one that exists is not overwritten, a dead one is
 * replaced, and the file goes with the listener, however that ends.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Transport } from "../services/Ssh.ts"
import type { Listener, SocketAddress, SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import * as allOrNothing from "./allOrNothing.ts"
import * as bounded from "./bounded.ts"
import * as programs from "./programs.ts"
import * as socketPath from "./socketPath.ts"

const refusals: Readonly<Record<string, readonly [reason: SshError["reason"], detail: string, hint?: string]>> = {
  taken: ["PortInUse", "exists already", "choose another path, or remove it when nothing uses it"],
  socket: ["PortInUse", "is a socket that a program listens on", "choose another path, or end that program"],
  nowhere: ["ForwardForbidden", "lies in no directory", "make the directory first"],
  locked: ["ForwardForbidden", "lies in a directory that the user may not write", "choose another path"]
}

/**
 * Listens on a path over a transport. A program of ours on the host, on a session that lasts, keeps the path: it looks
 * before and removes the file after, also when this side has died.
 *
 * @internal
 */
export const listen = (
  transport: Transport,
  exec: SshConnection["exec"],
  at: SocketAddress
): Effect.Effect<Listener, SshError, Scope.Scope> =>
  allOrNothing.make(Effect.gen(function*() {
    const host = transport.host.alias
    yield* socketPath.check(host, "listen", at)
    const refused = (reason: SshError["reason"], detail: string, hint?: string) =>
      new SshError({ reason, host, step: "listen", detail: `${at.path} ${detail}`, hint })
    const keeper = yield* exec({ program: yield* programs.load("socket", "sh"), words: [at.path] }, { lasting: true })
    // Its end removes the file, after the listener's end.
    yield* Effect.addFinalizer(() =>
      Effect.ignore(bounded.within(Effect.zipRight(keeper.endInput, Effect.exit(keeper.exit)), "2 seconds"))
    )
    const lines = yield* Stream.toPull(
      keeper.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.rechunk(1))
    )
    const answer = Effect.mapBoth(lines, {
      onSuccess: (chunk) => Chunk.unsafeHead(chunk),
      onFailure: Option.getOrElse(() => refused("Protocol", "cannot be looked at: the program for it ends early"))
    })
    const ask = (word: string) => Effect.zipRight(keeper.write(`${word}\n`), answer)

    const looked = yield* answer
    // It disturbs a program that listens with a connection that says nothing; there is no other way that all systems have.
    const dead = looked === "socket" && (yield* Effect.scoped(transport.dial(at)).pipe(
      Effect.as(false),
      Effect.catchIf(({ reason }) => reason === "ForwardRefused", () => Effect.succeed(true))
    ))
    const state = dead ? yield* ask("remove") : looked
    const refusal = refusals[state]
    if (refusal !== undefined) return yield* refused(...refusal)
    yield* keeper.write("bind\n")
    const listener = yield* transport.listen(at).pipe(
      Effect.catchIf(({ reason }) => reason !== "LinkLost", (error) =>
        Effect.flatMap(ask("look"), (now) => {
          const taken = refusals[now]
          return taken === undefined ? error : refused(...taken)
        }))
    )
    yield* ask("bound")
    return listener
  }))
