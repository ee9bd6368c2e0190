/**
 * Calls functions on hosts, without a task around them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as EventStream from "../internal/eventStream.ts"
import type { Origin } from "../services/ExecutionLog.ts"
import type { SshError } from "../services/SshError.ts"
import type { FunctionError } from "./FunctionError.ts"
import * as Preparation from "./functionPreparation.ts"
import * as FunctionProcess from "./functionProcess.ts"
import * as RemoteFunction from "./RemoteFunction.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/**
 * How to call a function.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The program that runs it on the host. Default: `python3`, that of the function's requirements, or `node`. */
  readonly interpreter?: string | undefined
  /** Added to the target's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The most bytes of JSON that it may return: default 256 MiB, at most 511 MiB. */
  readonly resultLimit?: number | undefined
}

/**
 * What happens while a function runs. `Returned` is the last.
 *
 * @since 0.1.0
 * @category models
 */
export type FunctionEvent<Returns, Progress = unknown> =
  /** Text as it came: it may begin and end in the middle of a line. */
  | { readonly _tag: "Output"; readonly from: Origin; readonly text: string }
  | { readonly _tag: "Reported"; readonly value: Progress }
  | { readonly _tag: "Returned"; readonly value: Returns }

type Emit<Returns, Progress> = (event: FunctionEvent<Returns, Progress>) => Effect.Effect<void>

const run = Effect.fnUntraced(function*<Args, Returns, Progress>(
  target: TaskTarget,
  self: RemoteFunction.RemoteFunction<Args, Returns, unknown, unknown, Progress>,
  args: Args,
  options: Options,
  emit: Emit<never, Progress>
) {
  const request = yield* RemoteFunction.request(self, args)
  return yield* FunctionProcess.run(target, {
    ...options,
    function: self,
    request,
    prepare: yield* Preparation.make,
    onOutput: (from, text) => emit({ _tag: "Output", from, text }),
    onReport: (value) => emit({ _tag: "Reported", value })
  })
})

/**
 * Calls a function on a host and gives what it returns; what it prints and reports is dropped. Interruption ends it there.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { FunctionCall, PythonFunction, type TaskTarget } from "lazycluster"
 * import { Schema } from "effect"
 *
 * const square = PythonFunction.make({
 *   source: "def square(x): return x ** 2",
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 *
 * declare const runtime: TaskTarget.TaskTarget
 *
 * const nine = FunctionCall.call(runtime, square, { x: 3 })
 */
export const call = <Args, Returns>(
  target: TaskTarget,
  self: RemoteFunction.RemoteFunction<Args, Returns>,
  args: NoInfer<Args>,
  options: Options = {}
): Effect.Effect<Returns, FunctionError | SshError> =>
  run(target, self, args, options, () => Effect.void).pipe(
    Effect.withSpan("FunctionCall.call", { attributes: { host: target.host.alias, function: self.name } })
  )

/**
 * Calls a function on a host: what it prints and reports, as it happens, and at the end what it returns. Leaving the stream
 * ends the function.
 *
 * @since 0.1.0
 * @category execution
 */
export const stream = <Args, Returns, Progress>(
  target: TaskTarget,
  self: RemoteFunction.RemoteFunction<Args, Returns, unknown, unknown, Progress>,
  args: NoInfer<Args>,
  options: Options = {}
): Stream.Stream<FunctionEvent<Returns, Progress>, FunctionError | SshError> =>
  EventStream.make((emit) =>
    Effect.flatMap(run(target, self, args, options, emit), (value) => emit({ _tag: "Returned", value }))
  )

/**
 * What a function reports while it runs; what it returns is dropped.
 *
 * @since 0.1.0
 * @category execution
 */
export const progress = <Args, Progress>(
  target: TaskTarget,
  self: RemoteFunction.RemoteFunction<Args, unknown, unknown, unknown, Progress>,
  args: NoInfer<Args>,
  options: Options = {}
): Stream.Stream<Progress, FunctionError | SshError> =>
  Stream.filterMap(
    stream(target, self, args, options),
    (event) => event._tag === "Reported" ? Option.some(event.value) : Option.none()
  )
