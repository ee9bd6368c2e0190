/**
 * A function that runs on hosts, as data: its code, and schemas for what goes in and what comes out. A `PythonFunction` is
 * one, a `JsFunction` another. JSON is all that travels.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import * as ExactJson from "../internal/exactJson.ts"
import * as SchemaRefusal from "../internal/schemaRefusal.ts"
import type { FunctionCode } from "./FunctionCode.ts"
import { FunctionError } from "./FunctionError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const TypeId: unique symbol = Symbol.for("lazycluster/RemoteFunction")

/**
 * Tells functions from other values.
 *
 * @since 0.1.0
 * @category models
 */
export type TypeId = typeof TypeId

/**
 * A function. `Args`, `Returns` and `Progress` (what it reports while it runs) are what this program sees, the encoded ones
 * what the function itself sees.
 *
 * @since 0.1.0
 * @category models
 */
export interface RemoteFunction<
  in Args,
  out Returns,
  out ArgsEncoded = unknown,
  out ReturnsEncoded = unknown,
  out Progress = unknown
> extends Inspectable.Inspectable {
  readonly [TypeId]: {
    readonly _Args: Types.Contravariant<Args>
    readonly _Returns: Types.Covariant<Returns>
    readonly _ArgsEncoded: Types.Covariant<ArgsEncoded>
    readonly _ReturnsEncoded: Types.Covariant<ReturnsEncoded>
    readonly _Progress: Types.Covariant<Progress>
  }
  /** Empty when there is none: told when it is called. */
  readonly name: string
  readonly code: FunctionCode
  /** Of the arguments by name. */
  readonly args: Schema.Schema.AnyNoContext
  readonly returns: Schema.Schema.AnyNoContext
  readonly progress: Schema.Schema.AnyNoContext
}

/**
 * A call as plain data, ready to be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly name: string
  readonly code: FunctionCode
  /** JSON text of an object, on one line. */
  readonly args: string
  /** Whether an argument is a `Redacted`: then no plan and no log shows any. */
  readonly secret?: boolean
}

/** Schemas that need services have no place in a description. */
type NoServices<Fields extends Schema.Struct.Fields> = [Schema.Struct.Context<Fields>] extends [never] ? unknown
  : "the schemas of the arguments must not need services"

/**
 * What goes into a function and comes out of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Signature<
  Fields extends Schema.Struct.Fields,
  Returns,
  ReturnsEncoded,
  Progress = unknown,
  ProgressEncoded = unknown
> {
  /** Schemas of the arguments, by name. */
  readonly args: Fields & NoServices<Fields>
  readonly returns: Schema.Schema<Returns, ReturnsEncoded>
  /** What it reports while it runs; default: any JSON. */
  readonly progress?: Schema.Schema<Progress, ProgressEncoded> | undefined
}

const Variance = {
  _Args: (): void => {},
  _Returns: (_: never): never => _,
  _ArgsEncoded: (_: never): never => _,
  _ReturnsEncoded: (_: never): never => _,
  _Progress: (_: never): never => _
}

/**
 * Takes anything and gives nothing, as far as types know: the constructors of the languages say what it really does.
 *
 * @internal
 */
export const fromCode = <Code extends FunctionCode>(options: {
  readonly name: string
  readonly code: Code
  readonly args: Schema.Schema.All
  readonly returns: Schema.Schema.AnyNoContext
  readonly progress?: Schema.Schema.AnyNoContext | undefined
}): RemoteFunction<unknown, never, never, never, never> & { readonly code: Code } => {
  const { args, code, name, progress, returns } = options
  const id = code._tag === "Python" ? "PythonFunction" : "JsFunction"
  return {
    ...Inspectable.BaseProto,
    [TypeId]: Variance,
    name,
    code,
    // Its fields need no services: `Signature` has seen to that.
    args: Schema.make(args.ast),
    returns,
    progress: progress ?? Schema.Unknown,
    toJSON: () => ({ _id: id, name, ...(code._tag === "Python" ? { source: code.source } : { module: code.module }) }),
    toString: () => `${id}(${name})`
  }
}

/**
 * Whether a value is a function for hosts.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRemoteFunction = (u: unknown): u is RemoteFunction<never, unknown> =>
  typeof u === "object" && u !== null && TypeId in u

/** What errors say of a function. */
type Named = Pick<Request, "name" | "code">

const notJson = "JSON has no NaN, no infinity and no undefined: send null, or a string as Schema.NumberFromString does"

const refused = (
  self: Named,
  reason: FunctionError["reason"],
  detail: string,
  hint: string,
  host?: string | undefined
): FunctionError =>
  new FunctionError({ reason, language: self.code._tag, host, step: "call", function: self.name, detail, hint })

/**
 * What keeps a function from being called at all.
 *
 * @internal
 */
export const named = <F extends Named>(self: F): Either.Either<F, FunctionError> =>
  self.name !== "" ? Either.right(self) : Either.left(
    self.code._tag === "Python"
      ? refused(
        self,
        "Source",
        "the source defines no function",
        "write `def name(...):` at the left margin of the source"
      )
      : refused(self, "Source", "the name of the export is empty", "name an export of the module")
  )

/**
 * JSON text of what a schema encodes.
 *
 * @internal
 */
export const encodeValue = (
  self: Named,
  schema: Schema.Schema.AnyNoContext,
  value: unknown,
  path: string
): Either.Either<string, FunctionError> =>
  ParseResult.encodeUnknownEither(schema)(value).pipe(
    Either.mapLeft((issue) =>
      refused(
        self,
        "Arguments",
        SchemaRefusal.explain(schema.ast, issue),
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
  self: RemoteFunction<Args, Returns>,
  args: Args
): Either.Either<Request, FunctionError> =>
  Either.flatMap(
    named(self),
    ({ code, name }) =>
      Either.map(encodeValue(self, self.args, args, "args"), (text) => ({
        name,
        code,
        args: text,
        ...(SchemaRefusal.isSecret(self.args.ast) ? { secret: true } : {})
      }))
  )

const decode = (
  self: Named,
  schema: Schema.Schema.AnyNoContext,
  text: string,
  as: { readonly reason: "Progress" | "Result"; readonly hint: string; readonly host: string | undefined }
): Either.Either<unknown, FunctionError> =>
  ExactJson.parse(text).pipe(
    Either.mapLeft((detail) =>
      refused(
        self,
        as.reason,
        detail,
        "give large integers as text, read by Schema.BigInt",
        as.host
      )
    ),
    Either.flatMap((value) => {
      const to = Schema.encodedSchema(schema).ast._tag
      const none = value === null && (to === "VoidKeyword" || to === "UndefinedKeyword")
      return Either.mapLeft(
        ParseResult.decodeUnknownEither(schema)(none ? undefined : value),
        (issue) => refused(self, as.reason, SchemaRefusal.explain(schema.ast, issue), as.hint, as.host)
      )
    })
  )

/**
 * The value of the JSON text that a function returned. `None` and `null` are `undefined` to `Schema.Void` and
 * `Schema.Undefined`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeResult = <Returns>(
  self: RemoteFunction<never, Returns>,
  text: string,
  host?: string | undefined
): Either.Either<Returns, FunctionError> =>
  // The schema is the one that `Returns` was taken from.
  decode(self, self.returns, text, {
    reason: "Result",
    hint: "make `returns` the schema of what the function returns",
    host
  }) as Either.Either<Returns, FunctionError>

/**
 * The value of the JSON text that a function reported.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeProgress = <Progress>(
  self: RemoteFunction<never, unknown, unknown, unknown, Progress>,
  text: string,
  host?: string | undefined
): Either.Either<Progress, FunctionError> =>
  decode(self, self.progress, text, {
    reason: "Progress",
    hint: "make `progress` the schema of what the function reports",
    host
  }) as Either.Either<Progress, FunctionError>
