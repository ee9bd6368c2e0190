/**
 * The `CommandExecutor` of @effect/platform for a host: a program that starts commands with it starts them there.
 *
 * @since 0.1.0
 */
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import * as internal from "../internal/commandExecutor.ts"
import type { Host } from "./Host.ts"
import type { ExitStatus, RemoteProcess } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

/**
 * One program of a pipeline.
 *
 * @since 0.1.0
 * @category models
 */
export interface Part {
  readonly argv: readonly [string, ...Array<string>]
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Whether it has the environment of its host as well. */
  readonly extendEnv: boolean
}

/**
 * A pipeline that runs: its standard input is that of the first part, all else is the last one's.
 *
 * @since 0.1.0
 * @category models
 */
export interface Started extends RemoteProcess {
  readonly _tag: "Started"
  readonly pid: number
  /** How it has ended, if it has. */
  readonly ended: Effect.Effect<Option.Option<ExitStatus>>
  /** Signals its process group; `false` when nobody is there any more. */
  readonly signal: (name: string) => Effect.Effect<boolean, SshError>
}

/**
 * A part that cannot be started, so that none was: its directory (`access`) or its program is `missing`, may not be used
 * (`denied`), or lies behind a `file` that is no directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly _tag: "Refused"
  readonly step: "access" | "spawn"
  readonly why: "missing" | "denied" | "file"
  /** Counted from 0. */
  readonly part: number
}

/**
 * Where commands are started. A Runtime is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandHost {
  readonly host: Host
  /** Where relative directories start. */
  readonly workingDirectory: string
  /** Starts all parts or none. Closing the scope ends what still runs of them. */
  readonly spawn: (
    parts: NonEmptyReadonlyArray<Part>
  ) => Effect.Effect<Started | Refusal, SshError, Scope.Scope>
}

/**
 * What `inherit` means for a command of a host: the standard streams of this process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inherited {
  readonly stdin: Stream.Stream<Uint8Array, PlatformError>
  readonly stdout: Sink.Sink<void, Uint8Array, never, PlatformError>
  readonly stderr: Sink.Sink<void, Uint8Array, never, PlatformError>
}

/**
 * What an executor may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** In place of the standard streams of this process. */
  readonly inherited?: Partial<Inherited> | undefined
}

/**
 * The executor of a host. Pipes between commands are pipes on the host. Errors are those of Node's executor, where the link is
 * what failed with the `SshError` as `cause`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (target: CommandHost, options?: Options) => CommandExecutor.CommandExecutor = internal.make

/**
 * The same as a layer. `Runtime.platform` gives it together with the files and the paths of the host.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { RemoteCommandExecutor, Runtime } from "lazycluster"
 * import { Command } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * const kernel = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   return yield* Command.string(Command.make("uname", "-r")).pipe(
 *     Effect.provide(RemoteCommandExecutor.layer(runtime))
 *   )
 * }).pipe(Effect.scoped)
 */
export const layer = (target: CommandHost, options?: Options): Layer.Layer<CommandExecutor.CommandExecutor> =>
  Layer.succeed(CommandExecutor.CommandExecutor, make(target, options))
