/**
 * A Python function as data: its source, and schemas for what goes in and what comes out. It runs on a host, or on the
 * workers of a Dask cluster. JSON is all that travels; nothing is pickled.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import * as ExactJson from "../internal/exactJson.ts"
import { PythonError } from "./PythonError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const TypeId: unique symbol = Symbol.for("lazycluster/PythonFunction")

/**
 * Tells functions from other values.
 *
 * @since 0.1.0
 * @category models
 */
export type TypeId = typeof TypeId

/**
 * A Python function. `Args` and `Returns` are what TypeScript sees, the encoded ones what Python sees.
 *
 * @since 0.1.0
 * @category models
 */
export interface PythonFunction<in Args, out Returns, out ArgsEncoded = unknown, out ReturnsEncoded = unknown>
  extends Inspectable.Inspectable
{
  readonly [TypeId]: {
    readonly _Args: Types.Contravariant<Args>
    readonly _Returns: Types.Covariant<Returns>
    readonly _ArgsEncoded: Types.Covariant<ArgsEncoded>
    readonly _ReturnsEncoded: Types.Covariant<ReturnsEncoded>
  }
  /** Empty when the source defines no function: told when it is called. */
  readonly name: string
  /** Without the indentation that all its lines share. */
  readonly source: string
  /** Of the arguments by name. */
  readonly args: Schema.Schema.AnyNoContext
  readonly returns: Schema.Schema.AnyNoContext
}

/**
 * A call as plain data, ready to be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly name: string
  readonly source: string
  /** JSON text of an object. */
  readonly args: string
}

/** Schemas that need services have no place in a description. */
type NoServices<Fields extends Schema.Struct.Fields> = [Schema.Struct.Context<Fields>] extends [never] ? unknown
  : "the schemas of the arguments must not need services"

/**
 * What a function is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Signature<Fields extends Schema.Struct.Fields, Returns, ReturnsEncoded> {
  /** Schemas of the arguments, under the names of the function's parameters. */
  readonly args: Fields & NoServices<Fields>
  readonly returns: Schema.Schema<Returns, ReturnsEncoded>
}

const dedent = (source: string): string => {
  const lines = source.replaceAll("\r\n", "\n").split("\n")
  const indents = lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0)
  const shared = Math.min(...indents)
  return indents.length === 0 || shared === 0 ? lines.join("\n") : lines.map((line) => line.slice(shared)).join("\n")
}

const definition = /^(?:async[ \t]+)?def[ \t]+([\p{L}_][\p{L}\p{N}_]*)/gmu

const lastDefinition = (source: string): string => [...source.matchAll(definition)].at(-1)?.[1] ?? ""

const Variance = {
  _Args: (): void => {},
  _Returns: (_: never): never => _,
  _ArgsEncoded: (_: never): never => _,
  _ReturnsEncoded: (_: never): never => _
}

/** Takes anything and gives nothing, as far as types know: `make` and `fromModule` say what it really does. */
const fromSource = (
  name: string,
  source: string,
  args: Schema.Schema.All,
  returns: Schema.Schema.AnyNoContext
): PythonFunction<unknown, never, never, never> => ({
  ...Inspectable.BaseProto,
  [TypeId]: Variance,
  name,
  source,
  // Its fields need no services: `Signature` has seen to that.
  args: Schema.make(args.ast),
  returns,
  toJSON: () => ({ _id: "PythonFunction", name, source }),
  toString: () => `PythonFunction(${name})`
})

/**
 * A function from its source text: imports, other functions and constants may stand before it. Its name is that of the last
 * `def` at the left margin, unless `name` says another. Source text that defines none is told, with a `PythonError`, when the
 * function is called, before anything is sent.
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
export const make = <const Fields extends Schema.Struct.Fields, Returns, ReturnsEncoded>(
  options: Signature<Fields, Returns, ReturnsEncoded> & {
    readonly source: string
    readonly name?: string | undefined
  }
): PythonFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded> => {
  const source = dedent(options.source)
  return fromSource(
    options.name ?? lastDefinition(source),
    source,
    Schema.Struct<Fields>(options.args),
    options.returns
  )
}

/**
 * A function of a module that is installed on the host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromModule = <const Fields extends Schema.Struct.Fields, Returns, ReturnsEncoded>(
  options: Signature<Fields, Returns, ReturnsEncoded> & {
    readonly module: string
    readonly name: string
  }
): PythonFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded> =>
  fromSource(
    options.name,
    `from ${options.module} import ${options.name}`,
    Schema.Struct<Fields>(options.args),
    options.returns
  )

/**
 * Whether a value is a Python function.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPythonFunction = (u: unknown): u is PythonFunction<never, unknown> =>
  typeof u === "object" && u !== null && TypeId in u

const notJson = "JSON has no NaN, no infinity and no undefined: send null, or a string as Schema.NumberFromString does"

const refused = (
  self: { readonly name: string },
  reason: "Source" | "Arguments" | "Result",
  detail: string,
  hint: string,
  host?: string | undefined
): PythonError => new PythonError({ reason, host, step: "call", function: self.name, detail, hint })

/**
 * What keeps a function from being called at all.
 *
 * @internal
 */
export const named = <F extends { readonly name: string }>(self: F): Either.Either<F, PythonError> =>
  self.name === ""
    ? Either.left(
      refused(
        self,
        "Source",
        "the source defines no function",
        "write `def name(...):` at the left margin of the source"
      )
    )
    : Either.right(self)

/**
 * JSON text of what a schema encodes.
 *
 * @internal
 */
export const encodeValue = (
  self: { readonly name: string },
  schema: Schema.Schema.AnyNoContext,
  value: unknown,
  path: string
): Either.Either<string, PythonError> =>
  ParseResult.encodeUnknownEither(schema)(value).pipe(
    Either.mapLeft((issue) =>
      refused(
        self,
        "Arguments",
        ParseResult.TreeFormatter.formatIssueSync(issue),
        "pass what the schemas of the function's arguments ask for"
      )
    ),
    Either.flatMap((encoded) =>
      Either.mapLeft(ExactJson.stringify(encoded, path), (detail) => refused(self, "Arguments", detail, notJson))
    )
  )

/**
 * A call as data: the arguments are checked by their schema and made JSON.
 *
 * @since 0.1.0
 * @category combinators
 */
export const request = <Args, Returns>(
  self: PythonFunction<Args, Returns>,
  args: Args
): Either.Either<Request, PythonError> =>
  Either.flatMap(
    named(self),
    ({ name, source }) =>
      Either.map(encodeValue(self, self.args, args, "args"), (text) => ({ name, source, args: text }))
  )

/**
 * The value of the JSON text that a function returned. `None` is `undefined` to `Schema.Void` and `Schema.Undefined`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeResult = <Returns>(
  self: PythonFunction<never, Returns>,
  text: string,
  host?: string | undefined
): Either.Either<Returns, PythonError> =>
  ExactJson.parse(text).pipe(
    Either.mapLeft((detail) =>
      refused(self, "Result", detail, "return large integers as text: str(n), read by Schema.BigInt", host)
    ),
    Either.flatMap((value) => {
      const to = Schema.encodedSchema(self.returns).ast._tag
      const none = value === null && (to === "VoidKeyword" || to === "UndefinedKeyword")
      return Either.mapLeft(ParseResult.decodeUnknownEither(self.returns)(none ? undefined : value), (issue) =>
        refused(
          self,
          "Result",
          ParseResult.TreeFormatter.formatIssueSync(issue),
          "make `returns` the schema of what the function returns",
          host
        ))
    })
  )
