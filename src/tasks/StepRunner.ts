/**
 * What each kind of step does.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Match from "effect/Match"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { OutputCapture } from "../internal/outputCapture.ts"
import { decodeText, withoutControl } from "../internal/outputText.ts"
import type { Origin, TaskLog } from "../services/ExecutionLog.ts"
import * as FileTransfer from "../services/FileTransfer.ts"
import type { SshError } from "../services/SshError.ts"
import type { FunctionError } from "./FunctionError.ts"
import type { Prepare } from "./functionPreparation.ts"
import * as FunctionProcess from "./functionProcess.ts"
import * as RemoteFunction from "./RemoteFunction.ts"
import type { RuntimeTask } from "./RuntimeTask.ts"
import type { TaskError } from "./TaskError.ts"
import type { TaskEvent } from "./TaskEvent.ts"
import type { StepLog } from "./TaskResult.ts"
import type { RunCommand, RunFunction, TaskStep } from "./TaskStep.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/**
 * What a step runs with.
 *
 * @internal
 */
export interface Running {
  readonly target: TaskTarget
  readonly task: RuntimeTask
  readonly index: number
  readonly log: TaskLog
  readonly capture: OutputCapture
  readonly prepare: Prepare
  readonly resultLimit: number | undefined
  readonly emit: (event: TaskEvent<never>) => Effect.Effect<void>
}

/** @internal */
export interface Outcome extends Pick<StepLog, "exitCode" | "transferred"> {
  /** One value of a function, nothing of the other kinds. */
  readonly returns: ReadonlyArray<unknown>
}

/** @internal */
export interface Failed {
  readonly reason: TaskError["reason"]
  readonly detail: string
  readonly hint?: string | undefined
  readonly exitCode?: number | undefined
  /** Instead of what the step printed last. */
  readonly log?: ReadonlyArray<string> | undefined
  readonly cause?: unknown
}

const ofSsh = (cause: SshError): Failed => ({
  reason: cause.reason === "Transfer" ? "Transfer" : "Link",
  detail: `${cause.step}, ${cause.reason}: ${cause.detail}`,
  hint: cause.hint,
  cause
})

const ofTransfer = (cause: SshError | FileTransfer.FileTransferError): Failed =>
  cause._tag === "SshError" ? ofSsh(cause) : {
    reason: cause.reason === "Missing" ? "FileMissing" : "Transfer",
    detail: `${cause.step} ${cause.path}: ${cause.detail}`,
    hint: cause.hint,
    cause
  }

const ofFunction = (cause: SshError | FunctionError): Failed =>
  cause._tag === "SshError" ? ofSsh(cause) : {
    reason: "Function",
    detail: `${cause.function}, ${cause.reason}: ${
      cause.exception === undefined ? cause.detail : `${cause.exception}: ${cause.detail}`
    }`,
    log: cause.traceback?.trimEnd().split("\n").map(withoutControl) ?? cause.log?.map(withoutControl),
    hint: cause.hint,
    cause
  }

const hintOf = (exitCode: number): string | undefined => {
  switch (exitCode) {
    case 126:
      return "the file is there but cannot be run: check its mode and its first line"
    case 127:
      return "the host has no such command: install it, or write its whole path"
    case 137:
      return "it was killed with SIGKILL, often because memory ran out"
    default:
      return undefined
  }
}

const output = (running: Running, from: Origin, text: string): Effect.Effect<void> =>
  running.capture.add(from, text).pipe(
    Effect.zipRight(running.log.output(from, text)),
    Effect.zipRight(running.emit({ _tag: "Output", step: running.index, from, text }))
  )

const drain = <E>(running: Running, from: Origin, bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<void, E> =>
  Stream.runForEach(decodeText(bytes), (text) => output(running, from, text))

/**
 * A line that begins like an option would be one of `sh` itself.
 *
 * @internal
 */
export const shell = (command: string): readonly [string, ...Array<string>] =>
  /^[-+]/.test(command) ? ["sh", "-c", "--", command] : ["sh", "-c", command]

const runCommand = (running: Running, step: typeof RunCommand.Type): Effect.Effect<Outcome, Failed> =>
  Effect.gen(function*() {
    const process = yield* running.target.exec({
      argv: shell(step.command),
      env: { ...running.task.env, ...step.env }
    })
    yield* process.endInput
    yield* Effect.all([
      drain(running, "stdout", process.stdout),
      drain(running, "stderr", process.stderr)
    ], { concurrency: 2, discard: true })
    return yield* process.exit
  }).pipe(
    Effect.scoped,
    Effect.mapError(ofSsh),
    Effect.filterOrFail(
      ({ code, signal }) => code === 0 && signal === undefined,
      ({ code, signal }): Failed => ({
        reason: "CommandFailed",
        exitCode: code,
        detail: signal === undefined ? `the command ended with exit code ${code}` : `SIG${signal} ended the command`,
        hint: hintOf(code)
      })
    ),
    Effect.map(({ code }) => ({ exitCode: code, returns: [] }))
  )

/** Of a task that came from JSON. */
const untyped = ({ code, name }: typeof RunFunction.Type): RemoteFunction.RemoteFunction<never, unknown> =>
  RemoteFunction.fromCode({ name, code, args: Schema.Struct({}), returns: Schema.Unknown })

const runFunction = (running: Running, step: typeof RunFunction.Type): Effect.Effect<Outcome, Failed> => {
  const { emit, index, prepare, resultLimit, target, task } = running
  return FunctionProcess.run(target, {
    prepare,
    resultLimit,
    function: task.functions.get(index) ?? untyped(step),
    request: step,
    interpreter: step.interpreter,
    env: { ...task.env, ...step.env },
    onOutput: (from, text) => output(running, from, text),
    onReport: (value) => emit({ _tag: "Reported", step: index, function: step.name, value })
  }).pipe(
    Effect.map((value) => ({ exitCode: 0, returns: [value] })),
    Effect.mapError(ofFunction)
  )
}

const transfer = (
  running: Running,
  copy: (
    remote: FileTransfer.Remote,
    options: FileTransfer.Options
  ) => Effect.Effect<FileTransfer.Transferred, SshError | FileTransfer.FileTransferError, Path.Path>
): Effect.Effect<Outcome, Failed, FileSystem.FileSystem | Path.Path> =>
  copy(running.target, {
    onProgress: (progress) => running.emit({ _tag: "Copied", step: running.index, progress })
  }).pipe(
    Effect.tap(({ skipped }) =>
      skipped.length === 0
        ? Effect.void
        : running.log.note(`left out, neither files nor directories: ${skipped.join(", ")}`)
    ),
    Effect.map((transferred) => ({ transferred, returns: [] })),
    Effect.mapError(ofTransfer)
  )

const withSlashOf = (written: string, resolved: string): string =>
  written.endsWith("/") && !resolved.endsWith("/") ? `${resolved}/` : resolved

/**
 * Runs a step to its end. The process of an interrupted one is ended.
 *
 * @internal
 */
export const runStep = (
  running: Running
): (step: TaskStep) => Effect.Effect<Outcome, Failed, FileSystem.FileSystem | Path.Path> =>
  Match.type<TaskStep>().pipe(
    Match.tagsExhaustive({
      RunCommand: (step) => runCommand(running, step),
      SendFile: ({ local, remote, ...selection }) =>
        transfer(running, (to, options) =>
          Effect.flatMap(Path.Path, (path) => {
            const written = remote ?? path.basename(path.resolve(local))
            return FileTransfer.send(to, local, withSlashOf(written, running.target.resolve(written)), {
              ...selection,
              ...options
            })
          })),
      GetFile: ({ local, remote, ...selection }) =>
        transfer(running, (from, options) =>
          Effect.flatMap(Path.Path, (path) => {
            const resolved = running.target.resolve(remote)
            return FileTransfer.get(from, resolved, local ?? path.basename(resolved), { ...selection, ...options })
          })),
      RunFunction: (step) => runFunction(running, step)
    })
  )
