/**
 * A Python function as data: its source, and schemas for what goes in and what comes out. It runs on a host, or on the
 * workers of a Dask cluster. JSON is all that travels; nothing is pickled.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as PythonEnvironment from "../services/PythonEnvironment.ts"
import type * as FunctionCode from "./FunctionCode.ts"
import { FunctionError } from "./FunctionError.ts"
import * as pythonFile from "./pythonFile.ts"
import * as RemoteFunction from "./RemoteFunction.ts"

/**
 * A Python function. `Args`, `Returns` and `Progress` are what TypeScript sees, the encoded ones what Python sees.
 *
 * @since 0.1.0
 * @category models
 */
export interface PythonFunction<
  in Args,
  out Returns,
  out ArgsEncoded = unknown,
  out ReturnsEncoded = unknown,
  out Progress = unknown
> extends RemoteFunction.RemoteFunction<Args, Returns, ArgsEncoded, ReturnsEncoded, Progress> {
  readonly code: typeof FunctionCode.Python.Type
}

/**
 * What a Python function is made of, whatever holds its source.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<
  Fields extends Schema.Struct.Fields,
  Returns,
  ReturnsEncoded,
  Progress = unknown,
  ProgressEncoded = unknown
> extends RemoteFunction.Signature<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded> {
  /** Packages as `NAME==VERSION`, or an environment: made on the host, once, before the first call. */
  readonly requirements?: ReadonlyArray<string> | PythonEnvironment.PythonEnvironment | undefined
}

const isList = (u: Options<never, never, never>["requirements"]): u is ReadonlyArray<string> => Array.isArray(u)

const environmentOf = (requirements: Options<never, never, never>["requirements"]) =>
  requirements === undefined || (isList(requirements) && requirements.length === 0)
    ? {}
    : { environment: isList(requirements) ? PythonEnvironment.make({ packages: requirements }) : requirements }

const dedent = (source: string): string => {
  const lines = source.replaceAll("\r\n", "\n").split("\n")
  const indents = lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0)
  const shared = Math.min(...indents)
  return indents.length === 0 || shared === 0 ? lines.join("\n") : lines.map((line) => line.slice(shared)).join("\n")
}

const definition = /^(?:async[ \t]+)?def[ \t]+([\p{L}_][\p{L}\p{N}_]*)/gmu

const lastDefinition = (source: string): string => [...source.matchAll(definition)].at(-1)?.[1] ?? ""

/**
 * A function from its source text: imports, other functions and constants may stand before it. Its name is that of the last
 * `def` at the left margin, unless `name` says another. Source text that defines none is told, with a `FunctionError`, when
 * the function is called, before anything is sent.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { PythonFunction } from "lazycluster"
 * import { Schema } from "effect"
 *
 * const square = PythonFunction.make({
 *   source: "def square(x): return x ** 2",
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 */
export const make = <
  const Fields extends Schema.Struct.Fields,
  Returns,
  ReturnsEncoded,
  Progress = unknown,
  ProgressEncoded = unknown
>(
  options: Options<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded> & {
    readonly source: string
    readonly name?: string | undefined
  }
): PythonFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded, Progress> => {
  const source = dedent(options.source)
  return RemoteFunction.fromCode({
    name: options.name ?? lastDefinition(source),
    code: { _tag: "Python", source, ...environmentOf(options.requirements) },
    args: Schema.Struct<Fields>(options.args),
    returns: options.returns,
    progress: options.progress
  })
}

/**
 * A function of a module that is installed on the host, or in the environment that `requirements` makes there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromModule = <
  const Fields extends Schema.Struct.Fields,
  Returns,
  ReturnsEncoded,
  Progress = unknown,
  ProgressEncoded = unknown
>(
  options: Options<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded> & {
    readonly module: string
    readonly name: string
  }
): PythonFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded, Progress> =>
  make<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded>({
    ...options,
    source: `from ${options.module} import ${options.name}`
  })

const fileError = (name: string, fault: pythonFile.Fault): FunctionError =>
  new FunctionError({
    reason: fault.in === "requirements" ? "Environment" : "Source",
    language: "Python",
    step: "read",
    function: name,
    ...fault
  })

/**
 * A function of a local file, read now: its text travels, and so do the modules beside it that it imports by name (files, not
 * folders). `requirements` may also name a requirements file with exact versions.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFile = <
  const Fields extends Schema.Struct.Fields,
  Returns,
  ReturnsEncoded,
  Progress = unknown,
  ProgressEncoded = unknown
>(
  options: Omit<Options<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded>, "requirements"> & {
    readonly file: string
    readonly name: string
    readonly requirements?: Options<Fields, Returns, ReturnsEncoded>["requirements"] | string
  }
): Effect.Effect<
  PythonFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded, Progress>,
  FunctionError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const { requirements } = options
    const { modules, source } = yield* pythonFile.read(options.file)
    const packages = typeof requirements === "string" ? yield* pythonFile.requirements(requirements) : requirements
    return RemoteFunction.fromCode({
      name: options.name,
      code: {
        _tag: "Python",
        source,
        file: options.file,
        ...(Object.keys(modules).length === 0 ? {} : { modules }),
        ...environmentOf(packages)
      },
      args: Schema.Struct<Fields>(options.args),
      returns: options.returns,
      progress: options.progress
    })
  }).pipe(Effect.mapError((fault) => fileError(options.name, fault)))

/**
 * Whether a value is a Python function.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPythonFunction = (u: unknown): u is PythonFunction<never, unknown> =>
  RemoteFunction.isRemoteFunction(u) && u.code._tag === "Python"

/**
 * A call as data: the arguments are checked by their schema and made JSON.
 *
 * @since 0.1.0
 * @category combinators
 */
export const request: <Args, Returns>(
  self: PythonFunction<Args, Returns>,
  args: Args
) => Either.Either<RemoteFunction.Request, FunctionError> = RemoteFunction.request
