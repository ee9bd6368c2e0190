/**
 * What a task needs of the place where it runs. A Runtime is one.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Host } from "../services/Host.ts"
import type { HostFacts } from "../services/HostFacts.ts"
import type { PythonManager } from "../services/PythonTarget.ts"
import type { Files, Program, RemoteProcess, SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { envProblems } from "./TaskStep.ts"

/**
 * A process to start: argv as it is (nothing is expanded), environment added to the target's, a directory (relative to the
 * working directory, absolute, or `~`; default: the working directory).
 *
 * @since 0.1.0
 * @category models
 */
export interface Command {
  readonly argv: readonly [string, ...Array<string>]
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly cwd?: string | undefined
  /** Marks what runs for long, so that it does not hold up short commands (see `SshConnection.exec`). Default `false`. */
  readonly lasting?: boolean | undefined
}

/**
 * What keeps a command from being started on any host, as sentences.
 *
 * @internal
 */
export const commandProblems = ({ argv, cwd = "", env = {} }: Command): ReadonlyArray<string> => [
  ...(argv[0] === "" ? ["the name of the program is empty"] : []),
  ...(argv.some((word) => word.includes("\0")) ? ["an argument holds a NUL"] : []),
  ...(cwd.includes("\0") ? ["the path of the directory holds a NUL"] : []),
  ...envProblems(env)
]

/**
 * A host in use.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskTarget {
  readonly host: Host
  readonly facts: HostFacts
  /** Absolute. */
  readonly workingDirectory: string
  /** Resolves a path of this host: relative to the working directory, absolute, or below `~`. */
  readonly resolve: (path: string) => string
  /** Starts a command. Closing the scope ends the process and what it started, by signal, before the channel closes. */
  readonly exec: (command: Command) => Effect.Effect<RemoteProcess, SshError, Scope.Scope>
  /** Starts a Python program of this package in the same way, with `python` (default `python3`) as its interpreter. */
  readonly python: (
    program: Program,
    words: ReadonlyArray<string>,
    options?: { readonly python?: string | undefined; readonly env?: Readonly<Record<string, string>> | undefined }
  ) => Effect.Effect<RemoteProcess, SshError, Scope.Scope>
  readonly files: Effect.Effect<Files, SshError>
  /** The connection in use; waits while the link is away. Without it files are copied over SFTP alone. */
  readonly connection?: Effect.Effect<SshConnection, SshError> | undefined
  /** Has packages for functions where the host finds no index. Without it such functions fail. */
  readonly manager?: PythonManager | undefined
  /** The runtime that what is started belongs to. */
  readonly id?: string | undefined
}
