/**
 * What happens while a task runs.
 *
 * @since 0.1.0
 */
import type { Origin } from "../services/ExecutionLog.ts"
import type { Progress } from "../services/FileTransfer.ts"
import type { StepLog, TaskResult } from "./TaskResult.ts"
import type { TaskStep } from "./TaskStep.ts"

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
  /** Text as it came: it may begin and end in the middle of a line. */
  | { readonly _tag: "Output"; readonly step: number; readonly from: Origin; readonly text: string }
  | { readonly _tag: "Copied"; readonly step: number; readonly progress: Progress }
  /** What a function told while it runs, by its `progress` schema. */
  | { readonly _tag: "Reported"; readonly step: number; readonly function: string; readonly value: unknown }
  | { readonly _tag: "StepEnded"; readonly step: number; readonly log: StepLog }
  | { readonly _tag: "TaskEnded"; readonly result: TaskResult<Returns> }
