/**
 * What must be there before a function can be called: its program, its bundle, its Python environment.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as JsBundle from "../internal/jsBundle.ts"
import * as Programs from "../internal/programs.ts"
import { nodeArgv, nodeInput } from "../internal/shipping.ts"
import * as PythonEnvironment from "../services/PythonEnvironment.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type * as FunctionCode from "./FunctionCode.ts"
import { FunctionError } from "./FunctionError.ts"
import type { Request } from "./RemoteFunction.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/** @internal */
export interface Prepared {
  readonly interpreter: string
  /** JSON text: how the program on the host gets the function. */
  readonly code: string
  /** Makes it anew for the next call. */
  readonly forget: Effect.Effect<void>
  readonly start: (
    target: TaskTarget,
    mark: string,
    env: Readonly<Record<string, string>> | undefined
  ) => Effect.Effect<RemoteProcess, SshError, Scope.Scope>
}

/**
 * Prepares calls; what it made for one serves the next.
 *
 * @internal
 */
export type Prepare = (
  target: TaskTarget,
  request: Request,
  interpreter: string | undefined
) => Effect.Effect<Prepared, FunctionError | SshError>

const failure = (
  target: TaskTarget,
  { code, name }: Request,
  reason: FunctionError["reason"],
  more: Pick<FunctionError, "detail" | "hint"> & Partial<Pick<FunctionError, "log" | "cause">>
): FunctionError =>
  new FunctionError({
    reason,
    language: code._tag,
    host: target.host.alias,
    step: reason === "Source" ? "bundle" : "prepare",
    function: name,
    ...more
  })

/** The interpreters of environments that were made, by host in use: what is gone with the host is forgotten. */
type Interpreters = WeakMap<TaskTarget, Map<string, string>>

const keyOf = (environment: PythonEnvironment.PythonEnvironment): string => JSON.stringify(environment)

const pythonCode = (name: string, { file, modules, source }: typeof FunctionCode.Python.Type): string =>
  JSON.stringify({ name, source, file, modules })

const bundleCode = (name: string, { code, map }: JsBundle.Bundle): string => JSON.stringify({ name, bundle: code, map })

const environmentOf = Effect.fnUntraced(function*(
  interpreters: Interpreters,
  target: TaskTarget,
  request: Request,
  environment: PythonEnvironment.PythonEnvironment
) {
  const key = keyOf(environment)
  const known = interpreters.get(target) ?? new Map<string, string>()
  interpreters.set(target, known)
  const found = known.get(key)
  if (found !== undefined) return found
  const { python } = yield* PythonEnvironment.provision(environment, target, { manager: target.manager }).pipe(
    Effect.catchTag("PythonEnvironmentError", (cause) =>
      failure(target, request, "Environment", {
        detail: `${cause.step}, ${cause.reason}: ${cause.detail}`,
        hint: cause.hint,
        log: cause.log,
        cause
      }))
  )
  known.set(key, python)
  return python
})

/**
 * With nothing made yet.
 *
 * @internal
 */
export const make: Effect.Effect<Prepare> = Effect.gen(function*() {
  const bundle = yield* JsBundle.make
  const interpreters: Interpreters = new WeakMap()

  const python = Effect.fnUntraced(function*(
    target: TaskTarget,
    request: Request,
    code: typeof FunctionCode.Python.Type,
    named: string | undefined
  ): Effect.fn.Return<Prepared, FunctionError | SshError> {
    const program = yield* Programs.load("function", "python")
    const calling = yield* Programs.load("calling", "python")
    const interpreter = named ??
      (code.environment === undefined
        ? "python3"
        : yield* environmentOf(interpreters, target, request, code.environment))
    return {
      interpreter,
      code: pythonCode(request.name, code),
      forget: Effect.sync(() => interpreters.delete(target)),
      start: (target, mark, env) => target.python(program, [mark, calling.source], { python: interpreter, env })
    }
  })

  const javaScript = Effect.fnUntraced(function*(
    target: TaskTarget,
    request: Request,
    { module }: typeof FunctionCode.JavaScript.Type,
    interpreter: string
  ): Effect.fn.Return<Prepared, FunctionError> {
    const program = yield* Programs.load("function", "node")
    const bundled = yield* Effect.mapError(
      bundle(module, request.name),
      (refused) => failure(target, request, "Source", refused)
    )
    return {
      interpreter,
      code: bundleCode(request.name, bundled),
      forget: Effect.void,
      start: (target, mark, env) =>
        Effect.tap(
          target.exec({ argv: nodeArgv(program, interpreter), env }),
          // What cannot be written is told by how the process ends.
          (process) => Effect.ignore(process.write(nodeInput(program, [mark])))
        )
    }
  })

  return (target, request, interpreter) =>
    request.code._tag === "Python"
      ? python(target, request, request.code, interpreter)
      : javaScript(target, request, request.code, interpreter ?? "node")
})
