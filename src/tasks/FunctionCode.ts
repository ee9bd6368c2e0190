/**
 * What a function on a host is made of, as data that travels with its task.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PythonEnvironment } from "../services/PythonEnvironment.ts"

/**
 * A Python module that travels with a function.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PythonModule = Schema.Struct({ file: Schema.String, source: Schema.String })

/**
 * Python source text.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Python = Schema.TaggedStruct("Python", {
  /** Without the indentation that all its lines share. */
  source: Schema.String,
  /** What tracebacks call it; default `<NAME>`. */
  file: Schema.optionalWith(Schema.String, { exact: true }),
  /** What it can import beside what the host has, by name. */
  modules: Schema.optionalWith(Schema.Record({ key: Schema.String, value: PythonModule }), { exact: true }),
  /** Made on the host before the first call. Default: the host's own `python3`. */
  environment: Schema.optionalWith(PythonEnvironment, { exact: true })
})

/**
 * An export of a JavaScript or TypeScript module of the manager, bundled with its imports when it is called.
 *
 * @since 0.1.0
 * @category schemas
 */
export const JavaScript = Schema.TaggedStruct("JavaScript", {
  /** A path or a `file:` URL on the manager. */
  module: Schema.String
})

/**
 * What a function is made of.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FunctionCode = Schema.Union(Python, JavaScript)

/**
 * What a function is made of.
 *
 * @since 0.1.0
 * @category models
 */
export type FunctionCode = typeof FunctionCode.Type
