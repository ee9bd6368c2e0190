/**
 * Writes the log of one execution.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { Line, Origin, TaskLog } from "../services/ExecutionLog.ts"
import { Json, type LogEntry, render } from "../services/LogEntry.ts"
import * as logFile from "./logFile.ts"
import { fileName, stamp } from "./logName.ts"
import { wholeLines, withoutEnd } from "./outputText.ts"

/** @internal */
export interface Settings {
  readonly directory: string
  readonly json: boolean
  readonly rotation: logFile.Rotation | undefined
  readonly live: ((line: Line) => Effect.Effect<void>) | undefined
  readonly zone: DateTime.TimeZone | undefined
}

interface State {
  readonly stdout: string
  readonly stderr: string
  readonly step: number | undefined
}

const encodeJson = Schema.encodeSync(Json)

const asJson = (entry: LogEntry): string => `${encodeJson(entry)}\n`

const origins = ["stdout", "stderr"] as const

/**
 * Opens the log of an execution. What is unfinished when the scope closes is written then.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(
  settings: Settings,
  of: { readonly host: string; readonly task: string }
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const now = yield* DateTime.now
  const warn = (what: string) => (error: PlatformError) =>
    Effect.as(Effect.logWarning(`${what}: ${error.message}`), undefined)

  const directory = path.join(settings.directory, fileName(of.host))
  const when = stamp(DateTime.toParts(DateTime.setZone(now, settings.zone ?? DateTime.zoneMakeLocal())))
  const file = yield* fs.makeDirectory(directory, { recursive: true }).pipe(
    Effect.zipRight(
      logFile.make(
        path.join(directory, `${fileName(of.task)}_${when}`),
        settings.json ? "jsonl" : "log",
        settings.rotation
      )
    ),
    Effect.catchAll(warn(`no execution log for task ${of.task} on ${of.host}`))
  )
  const broken = yield* Ref.make(file === undefined)
  const state = yield* Ref.make<State>({ stdout: "", stderr: "", step: undefined })
  const mutex = yield* Effect.makeSemaphore(1)
  const lineOf = settings.json ? asJson : render

  const common = Effect.map(DateTime.now, (time) => ({ version: 1 as const, time, ...of }))
  const append = (entries: ReadonlyArray<LogEntry>) =>
    file === undefined || entries.length === 0
      ? Effect.void
      : Effect.unlessEffect(
        Effect.suspend(() => file.write(entries.map(lineOf))).pipe(
          Effect.catchAll((error) =>
            Effect.zipRight(Ref.set(broken, true), warn(`the execution log ${file.path} ends early`)(error))
          )
        ),
        Ref.get(broken)
      )

  const printed = Effect.fnUntraced(function*(from: Origin, lines: ReadonlyArray<string>) {
    if (lines.length === 0) return
    const { step } = yield* Ref.get(state)
    const begin = yield* common
    yield* append(
      lines.map((text): LogEntry => ({ _tag: "Output", ...begin, ...(step === undefined ? {} : { step }), from, text }))
    )
    const sink = settings.live
    if (sink === undefined) return
    yield* Effect.forEach(lines, (line) => sink({ ...of, step, from, text: withoutEnd(line) }), { discard: true })
  })
  /** Unfinished lines end where something else begins. */
  const flush = Effect.forEach(origins, (from) =>
    Ref.modify(state, (all) => [all[from], { ...all, [from]: "" }]).pipe(
      Effect.flatMap((rest) => printed(from, rest === "" ? [] : [rest]))
    ), { discard: true })
  const say = (
    entry: (begin: Effect.Effect.Success<typeof common>) => LogEntry,
    step: (now: number | undefined) => number | undefined
  ) =>
    flush.pipe(
      Effect.zipRight(Effect.flatMap(common, (begin) => append([entry(begin)]))),
      Effect.zipRight(Ref.update(state, (all) => ({ ...all, step: step(all.step) }))),
      mutex.withPermits(1)
    )
  yield* Effect.addFinalizer(() => mutex.withPermits(1)(flush))

  const log: TaskLog = {
    file: file?.path,
    output: (from, text) =>
      Ref.modify(state, (all) => {
        const [lines, rest] = wholeLines(all[from], text)
        return [lines, { ...all, [from]: rest }]
      }).pipe(
        Effect.flatMap((lines) => printed(from, lines)),
        mutex.withPermits(1)
      ),
    note: (text) => say((begin) => ({ _tag: "Note", ...begin, text }), (step) => step),
    stepStarted: (step, kind, text) =>
      say((begin) => ({ _tag: "StepStarted", ...begin, step, kind, text }), () => step),
    stepEnded: (step, { duration, exitCode, failed, transferred }) =>
      say((begin) => ({
        _tag: "StepEnded",
        ...begin,
        step,
        duration,
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(failed === undefined ? {} : { failed }),
        ...(transferred === undefined ? {} : { files: transferred.files, bytes: transferred.bytes })
      }), () => undefined)
  }
  return log
})
