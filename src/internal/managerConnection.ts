/**
 * The connection to the machine that runs this program: child processes, sockets and files, in the shape of an SSH connection.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { homedir, userInfo } from "node:os"
import { env as inherited } from "node:process"
import type { Readable } from "node:stream"
import { manager } from "../services/Host.ts"
import type { ExitStatus, Invocation, RemoteProcess, SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { kept } from "./childOutput.ts"
import { readAll } from "./duplexStream.ts"
import { bySignal } from "./exitStatus.ts"
import * as managerFiles from "./managerFiles.ts"
import * as managerSockets from "./managerSockets.ts"
import { shellArgv, shellInput } from "./shipping.ts"

const spawnError = (cause: unknown): SshError =>
  new SshError({
    reason: "Spawn",
    host: manager.alias,
    step: "exec",
    detail: cause instanceof Error ? cause.message : String(cause),
    cause
  })

/**
 * What a process does not take any more is dropped, as sshd does: its exit says what happened. A moment passes at each, so
 * that a writer without an end does not keep that news away.
 */
const write = (child: ChildProcess) => (chunk: Uint8Array | string): Effect.Effect<void, SshError> =>
  Effect.async<void>((resume) => {
    if (child.stdin === null || !child.stdin.writable) {
      setImmediate(() => resume(Effect.void))
    } else {
      child.stdin.write(chunk, () => resume(Effect.void))
    }
  })

/** Closes what an SSH channel would close. The process is not ended: what must end is started through a guardian. */
const release = (child: ChildProcess, outputs: ReadonlyArray<Readable>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const stream of [child.stdin, child.stdout, child.stderr, ...outputs]) stream?.destroy()
    child.unref()
  })

const exec = (environment: NodeJS.ProcessEnv, home: string) =>
  Effect.fnUntraced(function*(invocation: Invocation): Effect.fn.Return<RemoteProcess, SshError, Scope.Scope> {
    const exited = yield* Deferred.make<ExitStatus, SshError>()
    const [file, ...args] = shellArgv(invocation.program)
    const { child, stderr, stdout } = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          // A session of its own: Ctrl-C in a terminal is for the manager, and what is ours is found by session.
          // Without a home it starts where sshd would start it.
          const cwd = existsSync(home) ? home : "/"
          const child = spawn(file, args, { cwd, env: environment, detached: true, stdio: "pipe" })
          child
            .on("error", (cause) => Deferred.unsafeDone(exited, Effect.fail(spawnError(cause))))
            .on("exit", (code, signal) =>
              Deferred.unsafeDone(
                exited,
                Effect.succeed(
                  signal === null
                    ? { code: code ?? 0 }
                    : bySignal(signal)
                )
              ))
          child.stdin.on("error", () => undefined)
          return { child, stdout: kept(child.stdout), stderr: kept(child.stderr) }
        },
        catch: spawnError
      }),
      ({ child, stderr, stdout }) => release(child, [stdout, stderr])
    )
    yield* write(child)(shellInput(invocation))
    return {
      write: write(child),
      endInput: Effect.sync(() => void child.stdin.end()),
      stdout: readAll(stdout, spawnError),
      stderr: readAll(stderr, spawnError),
      exit: Deferred.await(exited)
    }
  })

/**
 * The connection of the manager to itself. `env` is set over the environment of this process, for processes and for the home
 * directory that relative paths start from.
 *
 * @internal
 */
export const make = (
  options: { readonly env?: Readonly<Record<string, string>> | undefined } = {}
): Effect.Effect<SshConnection> =>
  Effect.sync(() => {
    const environment = { ...inherited, ...options.env }
    const home = environment["HOME"] ?? homedir()
    return {
      host: manager,
      lost: Effect.never,
      sever: Effect.void,
      exec: exec(environment, home),
      files: Effect.succeed(managerFiles.make(home)),
      dial: managerSockets.dial,
      listen: managerSockets.listen,
      anchor: () => Effect.void,
      aside: exec(environment, home),
      identity: Effect.sync(() => ({ address: manager.alias, port: 0, user: userInfo().username })),
      transports: Effect.succeed(0)
    }
  })
