/**
 * What happens while a task runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Origin } from "../services/ExecutionLog.ts"
import type { Progress, Transferred } from "../services/FileTransfer.ts"
import type { TaskStep } from "./TaskStep.ts"

/**
 * What is known of a step that has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface StepLog {
  /** From 0, every step counted. */
  readonly step: number
  readonly kind: TaskStep["_tag"]
  /** The end of what it printed, at most the runner's limit. */
  readonly stdout: string
  readonly stderr: string
  /** Characters that are missing at the front of each; the log file has them. */
  readonly dropped: Readonly<Record<Origin, number>>
  /** Of a command or a function: 128 + n when it was ended by signal n. */
  readonly exitCode?: number | undefined
  /** Of a file step. */
  readonly transferred?: Transferred | undefined
  readonly duration: Duration.Duration
}

/**
 * What a task that ran to its end leaves.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskResult<out Returns extends ReadonlyArray<unknown> = ReadonlyArray<unknown>> {
  readonly host: string
  readonly task: string
  /** One for each step. */
  readonly executionLog: ReadonlyArray<StepLog>
  /** What its functions returned, in order. */
  readonly returns: Returns
  readonly logFile: string | undefined
}

/**
 * An event. A step that fails has its `StepEnded` too if it ran; then the stream fails.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskEvent<Returns extends ReadonlyArray<unknown> = ReadonlyArray<unknown>> =
  | {
    readonly _tag: "TaskStarted"
    readonly host: string
    readonly task: string
    readonly steps: number
    readonly logFile: string | undefined
  }
  | { readonly _tag: "StepStarted"; readonly step: number; readonly kind: TaskStep["_tag"]; readonly text: string }
  | { readonly _tag: "Output"; readonly step: number; readonly from: Origin; readonly text: string }
  | { readonly _tag: "Copied"; readonly step: number; readonly progress: Progress }
  | { readonly _tag: "StepEnded"; readonly step: number; readonly log: StepLog }
  | { readonly _tag: "TaskEnded"; readonly result: TaskResult<Returns> }
