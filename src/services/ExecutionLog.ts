/**
 * What tasks print: a file for each execution, and each line live.
 *
 * @since 0.1.0
 */
import { type PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { takeLines } from "../internal/outputText.ts"

/**
 * Where a piece of output came from.
 *
 * @since 0.1.0
 * @category models
 */
export type Origin = "stdout" | "stderr"

/**
 * A whole line that a task printed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly host: string
  readonly task: string
  readonly from: Origin
  readonly text: string
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
  /** A piece of output, as it came. */
  readonly output: (from: Origin, text: string) => Effect.Effect<void>
  /** A line of our own, in the file only. Ends unfinished lines of output. */
  readonly note: (text: string) => Effect.Effect<void>
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
  /** The main directory (default `./lazycluster`): files go to `execution_log/<host>/<task>_<YYYYMMDDhhmmss>.log` in it. */
  readonly directory?: string | undefined
  /** Gets each line of output as soon as it is whole. */
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

const longestName = 120

/**
 * A name as one component of a path: two names never give the same.
 *
 * @internal
 */
export const fileName = (name: string): string => {
  const safe = Array.from(
    new TextEncoder().encode(name),
    (byte, index) =>
      /[A-Za-z0-9_@:+=,()-]/.test(String.fromCharCode(byte)) || (byte === 0x2e && index > 0)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  ).join("")
  if (safe === "") return "%"
  return safe.length > longestName ? `${safe.slice(0, longestName)}~${(Hash.string(name) >>> 0).toString(16)}` : safe
}

const stamp = (parts: DateTime.DateTime.PartsWithWeekday): string =>
  [parts.year, parts.month, parts.day, parts.hours, parts.minutes, parts.seconds]
    .map((part, index) => String(part).padStart(index === 0 ? 4 : 2, "0")).join("")

/** So many tasks of one name may start in one second. */
const mostInASecond = 1000

const make = Effect.fnUntraced(function*(options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const main = path.resolve(options.directory ?? "lazycluster")
  const zone = options.zone ?? DateTime.zoneMakeLocal()
  const warn = (what: string) => (error: PlatformError) =>
    Effect.as(Effect.logWarning(`${what}: ${error.message}`), undefined)

  // Exclusive: two managers, or two tasks of one name, never write to one file.
  const create = (base: string, k: number): Effect.Effect<[string, FileSystem.File], PlatformError, Scope.Scope> => {
    const file = k === 0 ? `${base}.log` : `${base}-${k}.log`
    return fs.open(file, { flag: "wx", mode: 0o600 }).pipe(
      Effect.map((opened): [string, FileSystem.File] => [file, opened]),
      Effect.catchTag(
        "SystemError",
        (error) => error.reason === "AlreadyExists" && k < mostInASecond ? create(base, k + 1) : Effect.fail(error)
      )
    )
  }

  const open = Effect.fnUntraced(function*(of: { readonly host: string; readonly task: string }) {
    const now = yield* DateTime.now
    const directory = path.join(main, "execution_log", fileName(of.host))
    const base = path.join(directory, `${fileName(of.task)}_${stamp(DateTime.toParts(DateTime.setZone(now, zone)))}`)
    const created = yield* fs.makeDirectory(directory, { recursive: true }).pipe(
      Effect.zipRight(create(base, 0)),
      Effect.catchAll(warn(`no execution log for task ${of.task} on ${of.host}`))
    )
    const broken = yield* Ref.make(created === undefined)
    const unfinished = yield* Ref.make<Record<Origin, string>>({ stdout: "", stderr: "" })
    const atLineStart = yield* Ref.make(true)
    const mutex = yield* Effect.makeSemaphore(1)

    const append = Effect.fnUntraced(function*(text: string) {
      if (created === undefined || text === "" || (yield* Ref.get(broken))) return
      yield* created[1].writeAll(new TextEncoder().encode(text)).pipe(
        Effect.catchAll((error) =>
          Effect.zipRight(Ref.set(broken, true), warn(`the execution log ${created[0]} ends early`)(error))
        )
      )
      yield* Ref.set(atLineStart, text.endsWith("\n"))
    })
    const live = (from: Origin, lines: ReadonlyArray<string>): Effect.Effect<void> => {
      const sink = options.live
      return sink === undefined
        ? Effect.void
        : Effect.forEach(lines, (text) => sink({ ...of, from, text }), { discard: true })
    }
    const flush = Effect.fnUntraced(function*(from: Origin) {
      const rest = yield* Ref.modify(unfinished, (all) => [all[from], { ...all, [from]: "" }])
      if (rest !== "") yield* live(from, [rest])
    })

    const log: TaskLog = {
      file: created?.[0],
      output: (from, text) =>
        append(text).pipe(
          Effect.zipRight(Ref.modify(unfinished, (all) => {
            const [lines, rest] = takeLines(all[from], text)
            return [lines, { ...all, [from]: rest }]
          })),
          Effect.flatMap((lines) => live(from, lines)),
          mutex.withPermits(1)
        ),
      note: (text) =>
        flush("stdout").pipe(
          Effect.zipRight(flush("stderr")),
          Effect.zipRight(Ref.get(atLineStart)),
          Effect.flatMap((fresh) => append(`${fresh ? "" : "\n"}# ${text.replaceAll("\n", "\n#   ")}\n`)),
          mutex.withPermits(1)
        )
    }
    return log
  })
  return ExecutionLog.of({ open })
})

/**
 * The execution log in files and, if asked for, live.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<ExecutionLog, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ExecutionLog, make(options))

const silent: TaskLog = { file: undefined, output: () => Effect.void, note: () => Effect.void }

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
