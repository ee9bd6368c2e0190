/**
 * A session of a master: a client of its own beside it, which hands its input and outputs over and waits.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import type { Readable } from "node:stream"
import type { Invocation, RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { kept } from "./childOutput.ts"
import { readAll } from "./duplexStream.ts"
import { bySignal } from "./exitStatus.ts"
import * as Errors from "./opensshErrors.ts"
import type { Link } from "./opensshLink.ts"
import * as Status from "./opensshStatus.ts"
import * as ProcessEnd from "./processEnd.ts"
import { shellInput } from "./shipping.ts"
import { linkLost } from "./ssh2Errors.ts"

/**
 * The client of one session. Where the master does not take it, it would connect anew, with a config that is not ours:
 * `ProxyCommand` keeps it from that. The name stands for nothing, and no config is read.
 *
 * @internal
 */
export const client = (link: Link, words: ReadonlyArray<string>): Effect.Effect<
  ChildProcessWithoutNullStreams,
  SshError,
  Scope.Scope
> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const child = spawn(link.program, [
          "-F",
          "/dev/null",
          "-S",
          link.controlPath,
          ...["ProxyCommand=false", "ControlMaster=no", "BatchMode=yes", "LogLevel=ERROR"].flatMap((
            one
          ) => ["-o", one]),
          "-T",
          ...words
          // Ctrl-C in a terminal is for the manager.
        ], { detached: true, stdio: "pipe" })
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {})
        return child.on("error", () => {})
      },
      catch: (cause) => Errors.notStarted(link.host, "exec", link.program, cause)
    }),
    // The master ends a session whose client has gone.
    (child) =>
      Effect.sync(() => {
        child.stdin.destroy()
        child.stdout.destroy()
        child.stderr.destroy()
        child.kill("SIGKILL")
      })
  )

/**
 * Starts a program. Its scope ends the session.
 *
 * @internal
 */
export const start = Effect.fnUntraced(
  function*(link: Link, invocation: Invocation): Effect.fn.Return<RemoteProcess, SshError, Scope.Scope> {
    const { host } = link
    const nonce = (yield* Random.nextIntBetween(0, 2 ** 48)).toString(36) +
      (yield* Random.nextIntBetween(0, 2 ** 48)).toString(36)
    const started = yield* Deferred.make<void, SshError>()
    const end = ProcessEnd.unsafeMake()
    /** Whether the session came to its own end: else its outputs only seem to. */
    const closed = yield* Deferred.make<void, SshError>()
    const child = yield* client(link, ["--", "lazycluster", Status.command(invocation.program, nonce)])

    let stands = false
    let early = ""
    const lost = (cause: unknown): SshError => linkLost(host, "exec", cause)
    const fail = (error: SshError): void => {
      Deferred.unsafeDone(started, Effect.fail(error))
      end.finish(Effect.fail(error), Effect.fail(error))
      Deferred.unsafeDone(closed, Effect.fail(error))
    }

    const stderr = child.stderr.pipe(Status.unframe(nonce, (frame) => {
      if (frame._tag === "started") {
        stands = true
        Deferred.unsafeDone(started, Effect.void)
      } else {
        end.finish(
          Effect.succeed({ code: frame.code, ...(frame.signal === undefined ? {} : { signal: frame.signal }) }),
          Effect.void
        )
      }
    }))
    child.stderr.on("data", (chunk: Buffer) => {
      if (!stands && early.length < 10_000) early += chunk.toString()
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => link.whenLost((error) => fail(lost(error.cause)))),
      (forget) =>
        Effect.sync(() => {
          forget()
          fail(lost(new Error("the session was closed")))
        })
    )
    const ended = (code: number | null): void => {
      // The frame's own: 255 is all that it says of a master that has gone.
      if (stands && code === 0) return Deferred.unsafeDone(closed, Effect.void)
      return link.alive((lives) => {
        if (!lives) return fail(lost(new Error(link.log.said().at(-1) ?? "ssh has ended")))
        if (!stands) return fail(Errors.session(host, "exec", early))
        // Nothing but a KILL ends the shell around the program without a word.
        end.finish(Effect.succeed(bySignal("KILL")), Effect.void)
        return Deferred.unsafeDone(closed, Effect.void)
      })
    }
    child
      .on("error", (cause) => fail(Errors.notStarted(host, "exec", link.program, cause)))
      .on("exit", (code) => {
        // With what it has said until then.
        if (child.stderr.readableEnded) ended(code)
        else child.stderr.once("end", () => ended(code))
      })

    const output = (readable: Readable): Stream.Stream<Uint8Array, SshError> =>
      Stream.concat(readAll(readable, lost), Stream.execute(Deferred.await(closed)))
    const stdout = kept(child.stdout)
    // It comes along, and is read once the program is there.
    child.stdin.write(shellInput(invocation))
    yield* Deferred.await(started)
    return {
      // What went wrong is told by the end of the client.
      write: (chunk) => end.write(child.stdin, chunk, () => undefined),
      endInput: Effect.sync(() => void child.stdin.end()),
      stdout: output(stdout),
      stderr: output(stderr),
      exit: end.exit
    }
  }
)
