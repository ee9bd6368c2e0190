/**
 * Adds steps to tasks.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import type { Selection } from "../services/FileTransfer.ts"
import * as RemoteFunction from "./RemoteFunction.ts"
import { type AnyFunction, append, fieldsOf, isRuntimeTask, RuntimeTask } from "./runtimeTaskModel.ts"
import type * as TaskStep from "./TaskStep.ts"

/** Optional last arguments: the number of arguments does not tell the two calling styles apart. */
const isDataFirst = (args: IArguments): boolean => isRuntimeTask(args[0])

/**
 * How to run a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions {
  /** Added to the environment of runtime and task. Never written to a log. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * Adds a line of shell, as it would be typed: it is one argument of `sh -c`, run in the working directory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const runCommand: {
  (
    command: string,
    options?: CommandOptions
  ): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, command: string, options?: CommandOptions): RuntimeTask<R>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, command: string, options?: CommandOptions) =>
    append(self, { _tag: "RunCommand", command, env: options?.env ?? {} })
)

/**
 * Adds a copy of a local file or directory to the host. `remote` is relative to the working directory, absolute, or below
 * `~`; without it, the local name in the working directory. Ending in `/`, it takes the copy under its own name.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sendFile: {
  (
    local: string,
    remote?: string,
    options?: Selection
  ): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(
    self: RuntimeTask<R>,
    local: string,
    remote?: string,
    options?: Selection
  ): RuntimeTask<R>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, local: string, remote?: string, options?: Selection) =>
    append(self, { _tag: "SendFile", local, ...(remote === undefined ? {} : { remote }), ...options })
)

/**
 * Adds a copy of a file or directory of the host to this machine; without `local`, under its own name in the current
 * directory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const getFile: {
  (
    remote: string,
    local?: string,
    options?: Selection
  ): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<R>
  <R extends ReadonlyArray<unknown>>(
    self: RuntimeTask<R>,
    remote: string,
    local?: string,
    options?: Selection
  ): RuntimeTask<R>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>, remote: string, local?: string, options?: Selection) =>
    append(self, { _tag: "GetFile", remote, ...(local === undefined ? {} : { local }), ...options })
)

/**
 * How to call a function.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionOptions extends CommandOptions {
  /** The program that runs it on the host. Default: `python3`, that of the function's requirements, or `node`. */
  readonly interpreter?: string | undefined
}

/**
 * Adds a call of a function; what it returns is the next value of the task's `returns`. The arguments are made JSON
 * at once; those that their schema refuses are a problem of the task.
 *
 * @since 0.1.0
 * @category combinators
 */
export const runFunction: {
  <Args, A>(
    f: RemoteFunction.RemoteFunction<Args, A>,
    args: NoInfer<Args>,
    options?: FunctionOptions
  ): <R extends ReadonlyArray<unknown>>(self: RuntimeTask<R>) => RuntimeTask<[...R, A]>
  <R extends ReadonlyArray<unknown>, Args, A>(
    self: RuntimeTask<R>,
    f: RemoteFunction.RemoteFunction<Args, A>,
    args: NoInfer<Args>,
    options?: FunctionOptions
  ): RuntimeTask<[...R, A]>
} = dual(
  isDataFirst,
  <R extends ReadonlyArray<unknown>, Args, A>(
    self: RuntimeTask<R>,
    f: RemoteFunction.RemoteFunction<Args, A>,
    args: Args,
    options: FunctionOptions = {}
  ): RuntimeTask<[...R, A]> => {
    const step: TaskStep.TaskStep = {
      _tag: "RunFunction",
      env: options.env ?? {},
      ...(options.interpreter === undefined ? {} : { interpreter: options.interpreter }),
      ...Either.getOrElse(RemoteFunction.request(f, args), (error) => ({
        name: f.name,
        code: f.code,
        args: "{}",
        refused: error.message
      }))
    }
    const functions = new Map<number, AnyFunction>([...self.functions, [self.steps.length, f]])
    return new RuntimeTask({ ...fieldsOf(self), steps: [...self.steps, step] }, functions)
  }
)
