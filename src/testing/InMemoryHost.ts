/**
 * What a host in memory is made of, and what the programs on it may do: the script of a test.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { HostFacts } from "../services/HostFacts.ts"
import type { HostIdentity } from "../services/HostIdentity.ts"
import type { Address, ExitStatus, Files, Listener, SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { Fault } from "./InMemoryFaults.ts"

/**
 * What a stand-in for an HTTP server is asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly body: string
}

/**
 * What it answers. Default status 200, type `text/plain`.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpResponse {
  readonly status?: number | undefined
  readonly type?: string | undefined
  readonly body: string
}

/**
 * A process as the program in it sees itself. Its listeners, connections and forked fibers end with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Process {
  readonly host: string
  readonly pid: number
  /** Of one of this package's Python programs: `lazycluster-NAME` and its words. */
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stdin: Stream.Stream<Uint8Array>
  /** The next line of standard input without its newline; `None` at the end. */
  readonly readLine: Effect.Effect<Option.Option<string>>
  /** Waits while the reader is slow. A process whose reader has gone dies of `PIPE` here. */
  readonly stdout: (chunk: Uint8Array | string) => Effect.Effect<void>
  readonly stderr: (chunk: Uint8Array | string) => Effect.Effect<void>
  /** The files of the host; relative paths are taken from the working directory. */
  readonly files: Files
  readonly listen: (at: Address) => Effect.Effect<Listener, SshError, Scope.Scope>
  readonly dial: SshConnection["dial"]
  /** Answers HTTP on a port as long as the scope is open, and gives the port. */
  readonly serveHttp: (
    at: Address,
    answer: (request: HttpRequest) => Effect.Effect<HttpResponse>
  ) => Effect.Effect<number, SshError, Scope.Scope>
  /** Starts a child with the same output. `detached` makes it a session of its own and no child, as a daemon does. */
  readonly spawn: (
    argv: readonly [string, ...Array<string>],
    options?: {
      readonly detached?: boolean | undefined
      /** Replaces the environment, and with it the lease's marker. */
      readonly env?: Readonly<Record<string, string>> | undefined
    }
  ) => Effect.Effect<{ readonly pid: number; readonly exit: Effect.Effect<ExitStatus> }>
  /** What a line of `setup` does: all that its runtime starts has these variables. Elsewhere it does nothing. */
  readonly export: (environment: Readonly<Record<string, string>>) => Effect.Effect<void>
  /** From now on a signal does nothing. A process that ignores `KILL` is one that hangs in the kernel. */
  readonly ignore: (signal: string) => Effect.Effect<void>
  /** From now on a signal ends nothing: the effect that this gives waits for it. `KILL` waits for nobody. */
  readonly trap: (signal: string) => Effect.Effect<Effect.Effect<void>>
}

/**
 * A program: what it does, up to its exit code. A signal interrupts it.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (process: Process) => Effect.Effect<number, never, Scope.Scope>

/**
 * What a command answers. It takes `duration` (default: no time), prints, and ends with `code` (default 0).
 *
 * @since 0.1.0
 * @category models
 */
export interface Reply {
  readonly stdout?: string | Uint8Array | undefined
  readonly stderr?: string | Uint8Array | undefined
  readonly code?: number | undefined
  readonly duration?: Duration.DurationInput | undefined
}

/**
 * What a command is asked. `stdin` waits for the end of standard input, and gives all of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked extends Pick<Process, "host" | "argv" | "env" | "cwd"> {
  readonly stdin: Effect.Effect<string>
}

/**
 * A program that is an answer, or a function of what it is asked.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { InMemoryHost, InMemorySsh } from "lazycluster/testing"
 * import { Effect } from "effect"
 *
 * const hosts = InMemorySsh.layer(["host-1"], {
 *   commands: {
 *     "nvidia-smi": InMemoryHost.reply({ stdout: "GPU 0: A100\n", duration: "300 millis" }),
 *     greet: InMemoryHost.reply(({ argv, env }) => ({ stdout: `${env.GREETING} ${argv[1]}\n` })),
 *     shout: InMemoryHost.reply(({ stdin }) => Effect.map(stdin, (text) => ({ stdout: text.toUpperCase() })))
 *   },
 *   matches: [{ when: /^git clone/, run: InMemoryHost.reply({ stderr: "fatal: no network\n", code: 128 }) }]
 * })
 */
export const reply = (answer: Reply | ((asked: Asked) => Reply | Effect.Effect<Reply>)): Handler =>
  Effect.fnUntraced(function*({ argv, cwd, env, host, stderr, stdin, stdout }) {
    const all = Stream.mkString(Stream.decodeText(stdin))
    const made = typeof answer === "function" ? answer({ argv, cwd, env, host, stdin: all }) : answer
    const reply = Effect.isEffect(made) ? yield* made : made
    if (reply.duration !== undefined) yield* Effect.sleep(reply.duration)
    if (reply.stdout !== undefined) yield* stdout(reply.stdout)
    if (reply.stderr !== undefined) yield* stderr(reply.stderr)
    return reply.code ?? 0
  })

/**
 * The programs of a host: by the last part of `argv[0]`, by `python -m MODULE` or `python FILE.py`, by `lazycluster-NAME` for a
 * Python program of this package, or by the whole line of `sh -c`. Other lines are run as a shell runs them: lists, pipes, redirections,
 * variables, `if` and loops. What goes beyond that ends with 2 and says so; a program that is nowhere ends with 127.
 *
 * @since 0.1.0
 * @category models
 */
export type Commands = Readonly<Record<string, Handler>>

/**
 * A program that is told by more than its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Match {
  /** A pattern is held against the words of each command, as a line; against the line of `sh -c` where no shell in memory runs it. */
  readonly when: RegExp | ((argv: ReadonlyArray<string>) => boolean)
  readonly run: Handler
}

/**
 * A host to make. Everything but its alias has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostOptions {
  readonly alias: string
  /** What differs from 4 cores, 8 GiB, Python 3.11.2, a network and a boot id of its own. */
  readonly facts?: Partial<ConstructorParameters<typeof HostFacts>[0]> | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Files that are there from the start; a path that ends with `/` is a directory. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  readonly commands?: Commands | undefined
  readonly matches?: ReadonlyArray<Match> | undefined
  /** Sessions that a connection carries, as of sshd. Default 10. */
  readonly maxSessions?: number | undefined
  /** Connections on their way in at a time; sshd hangs up on further ones. Default 100. */
  readonly maxStartups?: number | undefined
  /** AllowTcpForwarding of sshd: `local` for what is dialled through it, `remote` for what listens there. Default `true`. */
  readonly allowForwarding?: boolean | "local" | "remote" | undefined
  /** Whether it is on the manager's own network, as `localhost` is. Default `false`. */
  readonly sharesManagerNetwork?: boolean | undefined
  /** What it tells of itself. Default: a key, an address and a user of its own; another host's make two names of one machine. */
  readonly identity?: HostIdentity | undefined
  /** What each request and each chunk of output takes. Default: nothing. */
  readonly latency?: Duration.DurationInput | undefined
}

/**
 * One line of what was asked of hosts and happened on them, in order. `at` is the clock in milliseconds, `env` what a process has
 * beyond its host's own; `connection` numbers the connections of a host, `pid` is given where a process did it.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry =
  & { readonly at: number; readonly host: string }
  & (
    | { readonly _tag: "Connected"; readonly connection: number }
    | { readonly _tag: "NotConnected"; readonly reason: SshError["reason"] }
    | { readonly _tag: "Disconnected"; readonly connection: number; readonly lost: boolean }
    | {
      readonly _tag: "Exec"
      readonly pid: number
      readonly argv: ReadonlyArray<string>
      readonly env: Readonly<Record<string, string>>
      readonly cwd: string
    }
    | { readonly _tag: "Exited"; readonly pid: number; readonly code: number; readonly signal?: string | undefined }
    | { readonly _tag: "Signalled"; readonly pid: number; readonly signal: string }
    | { readonly _tag: "MadeDirectory" | "Removed"; readonly path: string }
    | { readonly _tag: "Renamed"; readonly path: string; readonly to: string }
    | { readonly _tag: "Read"; readonly path: string; readonly bytes: number }
    | { readonly _tag: "Wrote"; readonly path: string; readonly bytes: number; readonly mode: number }
    | {
      readonly _tag: "Listening"
      /** 0 for a Unix socket. */
      readonly port: number
      readonly path?: string | undefined
      readonly owner: string
    }
    | { readonly _tag: "Freed"; readonly port: number; readonly path?: string | undefined }
    /** A connection through the host, or of the manager's own; `number` counts those of a host. */
    | { readonly _tag: "Dialled"; readonly number: number; readonly address: string; readonly port: number }
    | { readonly _tag: "HungUp"; readonly number: number }
    /** Something goes wrong, or is taken back. */
    | { readonly _tag: "Fault"; readonly fault: Fault }
    | { readonly _tag: "Mended"; readonly fault: Fault }
  )
