/**
 * The execution logs that lie on this machine: which there are, their last lines, and what is written to them now, by
 * whatever process.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as logFolder from "../internal/logFolder.ts"
import * as logFollow from "../internal/logFollow.ts"
import type { Origin } from "./ExecutionLog.ts"
import type { ExecutionLogError } from "./ExecutionLogError.ts"

/**
 * The log of one execution.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogFile {
  readonly host: string
  readonly task: string
  /** To the second. */
  readonly started: DateTime.Utc
  /** When something was last written. */
  readonly modified: DateTime.Utc
  readonly format: "text" | "json"
  /** Absolute. */
  readonly file: string
  /** Bytes, with those of the files that were rotated away from it. */
  readonly size: number
}

/**
 * A line of a log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly host: string
  readonly task: string
  readonly file: string
  /** Logs in text do not tell it. */
  readonly time: DateTime.Utc | undefined
  /** Of what a program printed, in logs in JSON; else it is a line of our own, or not known. */
  readonly from: Origin | undefined
  /** Without its line end, as it was printed: `withoutControl` is for terminals. */
  readonly text: string
}

/**
 * Which logs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Which {
  readonly host?: string | undefined
  readonly task?: string | undefined
  /** Lines that were written before are left out; of a log in text all are taken, if it was written to since. */
  readonly since?: DateTime.Utc | undefined
}

/**
 * The logs below a main directory (`directory` of `ExecutionLog.Options`), in the order in which they were begun. None where there is
 * no such directory.
 *
 * @since 0.1.0
 * @category accessors
 * @example
 * import { Console, Effect } from "effect"
 * import { ExecutionLogs } from "lazycluster"
 *
 * const newest = Effect.flatMap(
 *   ExecutionLogs.list("lazycluster", { task: "train" }),
 *   (logs) => Console.log(logs.at(-1)?.file)
 * )
 */
export const list: (
  directory: string,
  which?: Which
) => Effect.Effect<ReadonlyArray<LogFile>, ExecutionLogError, FileSystem.FileSystem | Path.Path> = logFolder.list

/**
 * The last lines of all of them together, execution by execution, the newest last.
 *
 * @since 0.1.0
 * @category accessors
 */
export const last: (
  directory: string,
  count: number,
  which?: Which
) => Effect.Effect<ReadonlyArray<Line>, ExecutionLogError, FileSystem.FileSystem | Path.Path> = logFolder.last

/**
 * The last lines, and then what is written from now on, also to logs to come. It looks three times a second, and never ends.
 *
 * @since 0.1.0
 * @category accessors
 */
export const follow: (
  directory: string,
  count: number,
  which?: Which
) => Stream.Stream<Line, ExecutionLogError, FileSystem.FileSystem | Path.Path> = logFollow.follow
