/**
 * What a shell on a host in memory knows while it runs a line.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { MemoryHost } from "./memoryHost.ts"
import type { Io, MemoryProcess } from "./memoryProcess.ts"

/**
 * What a command sees of the process that it runs in.
 *
 * @internal
 */
export interface Seat {
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly io: Io
}

/**
 * How commands are run, given by `memoryExec`: a shell knows none.
 *
 * @internal
 */
export interface Programs {
  /** Where a program of that name is; `undefined` where there is none. */
  readonly path: (name: string) => string | undefined
  /** Whether a shell has it built in, and starts no process for it. */
  readonly isBuiltIn: (argv: ReadonlyArray<string>) => boolean
  readonly runBuiltIn: (process: MemoryProcess, seat: Seat) => Effect.Effect<number>
  /** The program takes the place of what runs in the process. */
  readonly exec: (process: MemoryProcess, io: Io) => Effect.Effect<number, never, Scope.Scope>
}

/** @internal */
export interface Shell {
  readonly host: MemoryHost
  readonly process: MemoryProcess
  readonly programs: Programs
  /** `$0`. */
  readonly name: string
  /** `$1` and so on. */
  args: ReadonlyArray<string>
  readonly variables: Map<string, string>
  readonly exported: Set<string>
  /** `$?` */
  status: number
  /** `$!` */
  last: MemoryProcess | undefined
}

/**
 * `exit`, and what ends a shell as it does.
 *
 * @internal
 */
export class ShellExit extends Data.TaggedError("ShellExit")<{ readonly code: number }> {}

/** @internal */
export const make = (
  options: Pick<Shell, "host" | "process" | "programs" | "name" | "args">
): Shell => ({
  ...options,
  variables: new Map(Object.entries(options.process.env)),
  exported: new Set(Object.keys(options.process.env)),
  status: 0,
  last: undefined
})

/**
 * The shell of a child: it starts with the same and changes nothing of its parent's.
 *
 * @internal
 */
export const copy = (shell: Shell, process: MemoryProcess): Shell => ({
  ...shell,
  process,
  variables: new Map(shell.variables),
  exported: new Set(shell.exported)
})

/** @internal */
export const environment = (shell: Shell): Readonly<Record<string, string>> =>
  Object.fromEntries([...shell.variables].filter(([name]) => shell.exported.has(name)))
