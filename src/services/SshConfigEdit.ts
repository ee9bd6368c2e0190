/**
 * Adds hosts to an ssh config and takes them out. What stands around an entry keeps its bytes: comments, order, indentation,
 * `Include` and `Match`.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as internal from "../internal/sshConfigChange.ts"
import type { Options } from "./SshConfig.ts"
import type { SshConfigError } from "./SshError.ts"

/**
 * A host as it is written into an ssh config. What is left out, the rest of the config says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** The alias: letters, digits, `.`, `_`, `-`, `+`. */
  readonly name: string
  /** The name or address of the machine. */
  readonly hostName: string
  readonly user?: string | undefined
  readonly port?: number | undefined
  /** A private key, which must be there; relative to the directory of this program, or below `~`. */
  readonly identityFile?: string | undefined
  /** Hosts to go through, as `ssh -J` takes them: `[user@]host[:port],…` */
  readonly proxyJump?: string | undefined
  /** Further settings, as they would stand in the file. */
  readonly options?: ReadonlyArray<readonly [keyword: string, value: string]> | undefined
}

/**
 * A change of a file, which is not made yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  /** As it was named. */
  readonly file: string
  /** Absent when there is no file yet. */
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array
}

type Needs = FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor

/**
 * What a file would be with an entry, placed before all that might apply to its name, since what comes first counts. The
 * config with it is resolved: an entry that would not count is refused. Fails with `SshConfigError`: `Exists` when the name is
 * there, also in a file that is included, `InvalidHost`, `Overridden`, `Unreadable` or `Syntax`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { NodeContext } from "@effect/platform-node"
 * import { SshConfigEdit } from "lazycluster"
 *
 * const added = SshConfigEdit.add({ name: "gpu-1", hostName: "10.0.0.7", user: "ada", identityFile: "~/.ssh/id_gpu" }).pipe(
 *   Effect.tap((change) => Effect.log(SshConfigEdit.diff(change))),
 *   Effect.flatMap(SshConfigEdit.write),
 *   Effect.provide(NodeContext.layer)
 * )
 */
export const add: (entry: Entry, options?: Options) => Effect.Effect<Change, SshConfigError, Needs> = internal.add

/**
 * What a file would be without a name: without its entry, or with the name gone from a Host line that has others. Fails with
 * `SshConfigError` `NotFound` when no Host line of that file has it, and says where it is included from.
 *
 * @since 0.1.0
 * @category constructors
 */
export const remove: (name: string, options?: Options) => Effect.Effect<Change, SshConfigError, Needs> = internal.remove

/**
 * Makes a change, all of it or nothing: written beside the file, through links, and moved over it with its mode and owner;
 * 0600 and 0700 for what is new. Gives the path of the backup of what was there. Fails with `SshConfigError`, `Unwritable`, also
 * when the file has changed meanwhile.
 *
 * @since 0.1.0
 * @category execution
 */
export const write: (
  change: Change
) => Effect.Effect<Option.Option<string>, SshConfigError, FileSystem.FileSystem | Path.Path> = internal.write

/**
 * A change as a unified diff, without control characters.
 *
 * @since 0.1.0
 * @category printing
 */
export const diff: (change: Change) => string = internal.diff
