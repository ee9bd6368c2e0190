/**
 * A process on a host: one session channel.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import type { ClientChannel } from "ssh2"
import type { ExitStatus, Invocation, RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { readAll } from "./duplexStream.ts"
import { bySignal } from "./exitStatus.ts"
import { shellCommand, shellInput } from "./shipping.ts"
import * as Channel from "./ssh2Channel.ts"
import { linkLost } from "./ssh2Errors.ts"
import type { Link } from "./ssh2Link.ts"

interface Attached {
  readonly process: RemoteProcess
  readonly close: () => void
}

/** Right where the channel opens: a process may end in the very packet that says that it started. */
const attach = (link: Link, channel: ClientChannel): Attached => {
  const exit = Deferred.unsafeMake<ExitStatus, SshError>(FiberId.none)
  const writers = new Set<(result: Effect.Effect<void, SshError>) => void>()
  /** What a write comes to from now on. What a process does not take any more is dropped, as sshd does: its exit says why. */
  let over: Effect.Effect<void, SshError> | undefined
  const finish = (status: Effect.Effect<ExitStatus, SshError>, writes: Effect.Effect<void, SshError>): void => {
    if (over !== undefined) return
    over = writes
    Deferred.unsafeDone(exit, status)
    for (const settle of writers) settle(writes)
    writers.clear()
  }
  const lost = (cause: unknown) => linkLost(link.host, "exec", cause)

  const forget = link.whenLost((error) => {
    Channel.cut(channel, error)
    finish(Effect.fail(lost(error.cause)), Effect.fail(lost(error.cause)))
  })
  channel
    .on("exit", (code: number | null, signal?: string) =>
      finish(
        Effect.succeed(code === null ? bySignal(signal ?? "KILL") : { code }),
        Effect.void
      ))
    .on("close", () => {
      forget()
      finish(Effect.fail(lost(new Error("the server closed the session without an exit status"))), Effect.void)
    })
    .on("error", () => {})

  return {
    process: {
      write: (chunk) =>
        Effect.async<void, SshError>((resume) => {
          if (over !== undefined) return resume(over)
          if (channel.writableEnded) return resume(Effect.void)
          const settle = (result: Effect.Effect<void, SshError>): void => {
            writers.delete(settle)
            resume(result)
          }
          writers.add(settle)
          return void channel.write(chunk, (cause) => settle(cause ? Effect.fail(lost(cause)) : Effect.void))
        }),
      endInput: Effect.sync(() => channel.end()),
      stdout: readAll(channel, lost),
      stderr: readAll(channel.stderr, lost),
      exit: Deferred.await(exit)
    },
    close: () => {
      forget()
      channel.close()
    }
  }
}

/**
 * Starts a program. Its scope closes the channel.
 *
 * @internal
 */
export const start = Effect.fnUntraced(
  function*(link: Link, invocation: Invocation): Effect.fn.Return<RemoteProcess, SshError, Scope.Scope> {
    const { process } = yield* link.request<Attached>({
      step: "exec",
      run: (done) =>
        link.client.exec(
          shellCommand(invocation.program),
          (cause, channel) =>
            cause === undefined ? done(undefined, attach(link, channel)) : done(cause, undefined as never)
        ),
      discard: (attached, done) => {
        attached.close()
        done()
      }
    })
    yield* process.write(shellInput(invocation))
    return process
  }
)
