/**
 * Processes of a host in memory: started, signalled, gone.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { bySignal } from "../../internal/exitStatus.ts"
import type { ExitStatus } from "../../services/SshConnection.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { bytesOf, type Pipe } from "./memoryPipe.ts"

/**
 * Where output goes: `false` once nobody takes it any more.
 *
 * @internal
 */
export type Sink = (bytes: Uint8Array) => Effect.Effect<boolean>

/** @internal */
export interface Io {
  readonly stdin: Pipe
  readonly stdout: Sink
  readonly stderr: Sink
}

/** @internal */
export interface MemoryProcess {
  readonly pid: number
  /** In place of the start time of /proc: never the same twice on a host. */
  readonly start: string
  readonly parent: number
  readonly session: number
  readonly io: Io
  readonly ignored: Set<string>
  /** Signals that the program waits for: they end nothing. */
  readonly traps: Map<string, Deferred.Deferred<void>>
  readonly exit: Deferred.Deferred<ExitStatus>
  /** What the kernel takes back when the process ends. */
  readonly held: Set<Effect.Effect<void>>
  readonly onExit: (status: ExitStatus) => Effect.Effect<void>
  /** `exec` replaces these three. */
  argv: ReadonlyArray<string>
  env: Readonly<Record<string, string>>
  cwd: string
  /** What the program in it has exported. */
  exported: Readonly<Record<string, string>>
  endedBy: string | undefined
  fiber: Fiber.RuntimeFiber<void> | undefined
}

/** @internal */
export type Body = (process: MemoryProcess) => Effect.Effect<number, never, Scope.Scope>

/**
 * The status that a shell makes of it.
 *
 * @internal
 */
export const codeOf = (status: ExitStatus): number => status.code

/**
 * Starts a process. It ends when its body does or a signal interrupts it, not with the fiber that started it.
 *
 * @internal
 */
export const spawn = (host: MemoryHost, options: {
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly io: Io
  readonly body: Body
  readonly parent?: number | undefined
  /** Default: one of its own. */
  readonly session?: number | undefined
  readonly onExit?: ((status: ExitStatus) => Effect.Effect<void>) | undefined
}): Effect.Effect<MemoryProcess> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const exit = yield* Deferred.make<ExitStatus>()
    const ready = yield* Deferred.make<void>()
    const pid = host.nextPid++
    const process: MemoryProcess = {
      pid,
      start: String(pid * 10),
      parent: options.parent ?? 1,
      session: options.session ?? pid,
      io: options.io,
      ignored: new Set(),
      traps: new Map(),
      exit,
      held: new Set(),
      onExit: options.onExit ?? (() => Effect.void),
      argv: options.argv,
      env: options.env,
      cwd: options.cwd,
      exported: {},
      endedBy: undefined,
      fiber: undefined
    }
    host.processes.set(pid, process)
    process.fiber = yield* Deferred.await(ready).pipe(
      Effect.zipRight(Effect.scoped(options.body(process))),
      Effect.interruptible,
      Effect.exit,
      Effect.flatMap((exit) => ended(host, process, exit)),
      Effect.uninterruptible,
      // A killed program may still be at its own end, and hold up nobody: the end of the world kills what is left.
      Effect.forkDaemon
    )
    yield* Deferred.succeed(ready, undefined)
    return process
  }))

const statusOf = (process: MemoryProcess, exit: Exit.Exit<number>): ExitStatus => {
  if (process.endedBy !== undefined) return bySignal(process.endedBy)
  if (Exit.isSuccess(exit)) return { code: exit.value }
  return bySignal(Cause.isInterruptedOnly(exit.cause) ? "KILL" : "ABRT")
}

const ended = Effect.fnUntraced(function*(host: MemoryHost, process: MemoryProcess, exit: Exit.Exit<number>) {
  // A program of a test that dies is a crash of that process, told where a crash is told.
  if (Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)) {
    yield* Effect.interruptible(process.io.stderr(bytesOf(`${Cause.pretty(exit.cause)}\n`)))
  }
  yield* finish(host, process, statusOf(process, exit))
})

const finish = (host: MemoryHost, process: MemoryProcess, status: ExitStatus): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!host.processes.delete(process.pid)) return Effect.void
    return Effect.forEach(process.held, (release) => release, { discard: true }).pipe(
      Effect.zipRight(process.io.stdin.break),
      Effect.zipRight(host.note({ _tag: "Exited", pid: process.pid, ...status })),
      Effect.zipRight(process.onExit(status)),
      Effect.zipRight(Deferred.succeed(process.exit, status)),
      Effect.asVoid
    )
  })

/**
 * Sends a signal; does not wait for what it does.
 *
 * @internal
 */
export const signal = (host: MemoryHost, process: MemoryProcess, name: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!host.processes.has(process.pid)) return Effect.void
    const act = Effect.suspend(() => {
      if (process.ignored.has(name)) return Effect.void
      const trap = name === "KILL" ? undefined : process.traps.get(name)
      if (trap !== undefined) return Deferred.succeed(trap, undefined)
      // What a program does on TERM may take its time; KILL takes none.
      return name === "KILL" ? destroy(host, process) : interrupt(process, name)
    })
    return Effect.zipRight(host.note({ _tag: "Signalled", pid: process.pid, signal: name }), act)
  })

const interrupt = (process: MemoryProcess, name: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    process.endedBy ??= name
    return process.fiber === undefined ? Effect.void : Fiber.interruptFork(process.fiber)
  })

/**
 * The process is gone at once, whatever it ignores: what a power cut does.
 *
 * @internal
 */
export const destroy = (host: MemoryHost, process: MemoryProcess): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.zipRight(interrupt(process, "KILL"), finish(host, process, bySignal("KILL")))
  )

/**
 * Ends these: TERM, and KILL for those that are still there after the grace. Gives how many went, how many needed KILL, and
 * those that stay.
 *
 * @internal
 */
export const end = Effect.fnUntraced(function*(
  host: MemoryHost,
  processes: ReadonlyArray<MemoryProcess>,
  graceMillis: number
) {
  const alive = () => processes.filter((process) => host.processes.has(process.pid))
  const before = alive()
  const gone = (all: ReadonlyArray<MemoryProcess>) =>
    Effect.forEach(all, (process) => Deferred.await(process.exit), { discard: true })
  yield* Effect.forEach(before, (process) => signal(host, process, "TERM"), { discard: true })
  yield* Effect.timeoutOption(gone(before), graceMillis)
  const stubborn = alive()
  yield* Effect.forEach(stubborn, (process) => signal(host, process, "KILL"), { discard: true })
  yield* gone(stubborn.filter((process) => !process.ignored.has("KILL")))
  const left = alive()
  return { ended: before.length - left.length, killed: stubborn.length - left.length, left }
})
