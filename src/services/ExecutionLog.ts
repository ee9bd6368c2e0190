/**
 * What tasks and services print: a file for each execution, and each line live.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { paint } from "../internal/hostColour.ts"
import * as logReader from "../internal/logReader.ts"
import * as logWriter from "../internal/logWriter.ts"
import { shown, withoutControl } from "../internal/outputText.ts"
import * as terminal from "../internal/terminal.ts"
import type { ExecutionLogError } from "./ExecutionLogError.ts"
import type * as LogEntry from "./LogEntry.ts"

/**
 * Where a piece of output came from.
 *
 * @since 0.1.0
 * @category models
 */
export type Origin = typeof LogEntry.Origin.Type

/**
 * A whole line that a task printed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly host: string
  readonly task: string
  /** The step that printed it; `undefined` for a service. */
  readonly step: number | undefined
  readonly from: Origin
  readonly text: string
}

/**
 * How a step ended; `failed` says why it did not succeed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ended {
  readonly duration: Duration.Duration
  readonly exitCode?: number | undefined
  readonly failed?: string | undefined
  readonly transferred?: { readonly files: number; readonly bytes: number } | undefined
}

/**
 * The log of one execution; its file is closed with the scope in which it was opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskLog {
  /** Absolute; `undefined` when no file could be made. */
  readonly file: string | undefined
  /** A piece of output, as it came. It is written line by line. */
  readonly output: (from: Origin, text: string) => Effect.Effect<void>
  /** A line of our own, in the file only. Ends unfinished lines of output. */
  readonly note: (text: string) => Effect.Effect<void>
  /** What follows is of this step. */
  readonly stepStarted: (step: number, kind: string, text: string) => Effect.Effect<void>
  readonly stepEnded: (step: number, ended: Ended) => Effect.Effect<void>
}

/**
 * The execution log. It never fails a task: what cannot be written is warned about once.
 *
 * @since 0.1.0
 * @category tags
 */
export class ExecutionLog extends Context.Tag("lazycluster/ExecutionLog")<ExecutionLog, {
  readonly open: (of: { readonly host: string; readonly task: string }) => Effect.Effect<TaskLog, never, Scope.Scope>
}>() {}

/**
 * Where the log goes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The main directory: files go to `execution_log/<host>/<task>_<YYYYMMDDhhmmss>.log` in it. Default: what the configuration
   * (the environment) says for `LAZYCLUSTER_DIRECTORY`, or else `./lazycluster`.
   */
  readonly directory?: string | undefined
  /** `json`: a `LogEntry` a line, in files that end in `.jsonl`. Default `text`. */
  readonly format?: "text" | "json" | undefined
  /**
   * How large a file may grow, in bytes, and how many there may be of an execution, the newest counted (default 5): those
   * before it are `….log.1` and so on. No line is split. Default: one file of any size.
   */
  readonly rotate?: { readonly bytes: number; readonly files?: number | undefined } | undefined
  /** Gets each line of output as soon as it is whole: `toConsole`, or a function of your own. */
  readonly live?: ((line: Line) => Effect.Effect<void>) | undefined
  /** Of the time in file names; default the local one. */
  readonly zone?: DateTime.TimeZone | undefined
}

/**
 * A line behind the host that printed it: `host-1 | text`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const prefixed = (line: Line): string => `${line.host} | ${line.text}`

/**
 * Prints a line behind its host, stdout and stderr as they are; the host in a colour of its own where a terminal takes
 * colours and `NO_COLOR` is not set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const toConsole = (line: Line): Effect.Effect<void> =>
  Effect.flatMap(line.from === "stdout" ? terminal.standardOutput : terminal.standardError, ({ colours }) => {
    const host = withoutControl(line.host)
    const text = prefixed({ ...line, host: colours ? paint(line.host, host) : host, text: shown(line.text) })
    return line.from === "stdout" ? Console.log(text) : Console.error(text)
  })

const mainDirectory = Config.string("LAZYCLUSTER_DIRECTORY").pipe(Config.withDefault("lazycluster"), Effect.orDie)

const make = Effect.fnUntraced(function*(options: Options) {
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const path = yield* Path.Path
  const main = path.resolve(options.directory ?? (yield* mainDirectory))
  const settings: logWriter.Settings = {
    directory: path.join(main, "execution_log"),
    json: options.format === "json",
    rotation: options.rotate === undefined
      ? undefined
      : { bytes: options.rotate.bytes, files: options.rotate.files ?? 5 },
    live: options.live,
    zone: options.zone
  }
  return ExecutionLog.of({
    open: (of) =>
      Effect.mapInputContext(
        logWriter.open(settings, of),
        (scope: Context.Context<Scope.Scope>) => Context.merge(context, scope)
      )
  })
})

/**
 * The execution log in files and, if asked for, live.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { ExecutionLog } from "lazycluster"
 *
 * const log = ExecutionLog.layer({
 *   directory: "/var/log/lazycluster",
 *   format: "json",
 *   rotate: { bytes: 10_000_000, files: 3 }
 * }).pipe(Layer.provide(NodeContext.layer))
 */
export const layer = (options: Options = {}): Layer.Layer<ExecutionLog, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ExecutionLog, make(options))

/**
 * The execution log in files, and each line on the console as soon as it is whole.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConsole = (
  options: Omit<Options, "live"> = {}
): Layer.Layer<ExecutionLog, never, FileSystem.FileSystem | Path.Path> => layer({ ...options, live: toConsole })

const silent: TaskLog = {
  file: undefined,
  output: () => Effect.void,
  note: () => Effect.void,
  stepStarted: () => Effect.void,
  stepEnded: () => Effect.void
}

/**
 * No file and no lines: what was printed is in the results only.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNoop: Layer.Layer<ExecutionLog> = Layer.succeed(
  ExecutionLog,
  ExecutionLog.of({ open: () => Effect.succeed(silent) })
)

/**
 * The entries of a log that was written with `format: "json"`, those of rotated files first. A last line that a crash cut
 * short is left out.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { Console, Stream } from "effect"
 * import { ExecutionLog } from "lazycluster"
 *
 * const errors = ExecutionLog.read("lazycluster/execution_log/host-1/train_20261122070809.jsonl").pipe(
 *   Stream.filter((entry) => entry._tag === "Output" && entry.from === "stderr"),
 *   Stream.runForEach(Console.log)
 * )
 */
export const read: (
  file: string
) => Stream.Stream<LogEntry.LogEntry, ExecutionLogError, FileSystem.FileSystem | Path.Path> = logReader.read
