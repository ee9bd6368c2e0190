/**
 * A process on a host: one session channel.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClientChannel } from "ssh2"
import type { Invocation, RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { readAll } from "./duplexStream.ts"
import { bySignal } from "./exitStatus.ts"
import * as ProcessEnd from "./processEnd.ts"
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
  const end = ProcessEnd.unsafeMake()
  const lost = (cause: unknown) => linkLost(link.host, "exec", cause)

  const forget = link.whenLost((error) => {
    Channel.cut(channel, error)
    const failure = Effect.fail(lost(error.cause))
    end.finish(failure, failure)
  })
  channel
    .on(
      "exit",
      (code: number | null, signal?: string) =>
        end.finish(Effect.succeed(code === null ? bySignal(signal ?? "KILL") : { code }), Effect.void)
    )
    .on("close", () => {
      forget()
      end.finish(Effect.fail(lost(new Error("the server closed the session without an exit status"))), Effect.void)
    })
    .on("error", () => {})

  return {
    process: {
      write: (chunk) => end.write(channel, chunk, lost),
      endInput: Effect.sync(() => channel.end()),
      stdout: readAll(channel, lost),
      stderr: readAll(channel.stderr, lost),
      exit: end.exit
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
