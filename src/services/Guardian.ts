/**
 * The manager's side of a guardian: starts it, keeps its lease, takes it over after the link was lost, ends it.
 *
 * @since 0.1.0
 */
import type * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as internal from "../internal/guardianClient.ts"
import type { Stay } from "../internal/guardianTalk.ts"
import type { Observable } from "../internal/observable.ts"
import type { Host } from "./Host.ts"
import type { HostFacts } from "./HostFacts.ts"
import type { RuntimeError } from "./RuntimeError.ts"
import type { Program, SshConnection } from "./SshConnection.ts"
import type { SshConfigError, SshError } from "./SshError.ts"

/**
 * What a guardian is told when it is started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly id: string
  readonly host: Host
  readonly connect: Effect.Effect<SshConnection, SshError | SshConfigError, Scope.Scope>
  readonly programs: { readonly guardian: Program; readonly anchor: Program }
  /** A path to make if missing and keep; without one a temporary directory is made, and removed at the end. */
  readonly workingDirectory?: string | undefined
  /** A line of shell, run once by the login shell: all that is started has what it leaves in the environment. */
  readonly setup?: string | undefined
  /** How long the host waits for a manager that is away before it ends everything. */
  readonly lease: Duration.Duration
  /** Between TERM and KILL at the end. */
  readonly grace: Duration.Duration
  /** Bytes of each output of a process that are kept. Default 16 MiB. */
  readonly outputLimit?: number | undefined
  /** Executables whose paths the facts should tell. */
  readonly executables: ReadonlyArray<string>
  /** Told at the end; `None` when the host could not be reached: it ends everything itself when the lease runs out. */
  readonly onEnd: (report: Option.Option<EndReport>) => Effect.Effect<void>
}

/**
 * What a guardian found and did when it ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndReport {
  /** Processes that were still running. */
  readonly ended: number
  /** Those of them that did not heed TERM. */
  readonly killed: number
  /** What lives all the same: `PID COMMAND`. */
  readonly left: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
  readonly kept: ReadonlyArray<string>
  /** Directories that could not be removed. */
  readonly stuck: ReadonlyArray<string>
}

/**
 * A process of a guardian: its place in the process table, its exit code (128 + n after signal n), and how many bytes of
 * its output were dropped because they were over the cap, with the file emptied.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watched {
  readonly name: string
  readonly started: Deferred.Deferred<{ readonly pid: number; readonly start: string }>
  readonly exited: Deferred.Deferred<number>
  readonly cut: Ref.Ref<{ readonly out: number; readonly err: number }>
  /** Bytes at the beginning of each file that were dropped in place: they read as zeros. */
  readonly hole: Ref.Ref<{ readonly out: number; readonly err: number }>
}

/**
 * The link as it is now.
 *
 * @since 0.1.0
 * @category models
 */
export type Link =
  | { readonly _tag: "Up"; readonly stay: Stay }
  | { readonly _tag: "Away" }
  | { readonly _tag: "Gone"; readonly error: SshError }

/**
 * A guardian that serves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Guardian {
  readonly facts: HostFacts
  /** The guardian's directory on the host. */
  readonly state: string
  readonly workingDirectory: string
  readonly link: Observable<Link>
  /** The connection in use; waits while the link is away, fails when the lease has run out. */
  readonly connection: Effect.Effect<SshConnection, SshError>
  /** Starts a process in a session of its own, under a name that is used once. The words are those of `run`. */
  readonly start: (name: string, words: ReadonlyArray<string>) => Effect.Effect<Watched, SshError>
  /** Ends a process that `start` started; done when it has exited. */
  readonly stop: (watched: Watched, grace: Duration.Duration) => Effect.Effect<void, SshError>
  /** Ends a session that `run` recorded; done when it has gone. */
  readonly halt: (pid: number, start: string, grace: Duration.Duration) => Effect.Effect<void, SshError>
  /** Replaces the ledger on the host. */
  readonly note: (ledger: string) => Effect.Effect<void>
  /** Never succeeds; fails when the lease has run out. */
  readonly over: Effect.Effect<never, SshError>
  /** Milliseconds since the host last answered. */
  readonly silence: Effect.Effect<number>
}

/**
 * Starts a guardian on a host. The scope ends it and all that it started; when the host cannot be reached, the lease does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options: Options
) => Effect.Effect<Guardian, SshError | SshConfigError | RuntimeError, Scope.Scope> = internal.make
