/**
 * A value on a Dask cluster, or one that is being computed there.
 *
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import type * as Types from "effect/Types"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type * as PythonFunction from "../tasks/PythonFunction.ts"
import { decodeResult } from "../tasks/RemoteFunction.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const TypeId: unique symbol = Symbol.for("lazycluster/DaskFuture")

/**
 * Tells futures from other values.
 *
 * @since 0.1.0
 * @category models
 */
export type TypeId = typeof TypeId

/**
 * A future is a key and a way to read the value. The value stays on the cluster, as Python's, until it is asked for.
 * `Encoded` is the type of that value; `A` is what a TypeScript program gets.
 *
 * @since 0.1.0
 * @category models
 */
export interface DaskFuture<out A, out Encoded = unknown> extends Inspectable.Inspectable {
  readonly [TypeId]: { readonly _Encoded: Types.Covariant<Encoded> }
  readonly key: string
  /** The name of the function that makes the value. */
  readonly function: string
  /** The value of its JSON text, by the schema of the function. */
  readonly decode: (text: string) => Either.Either<A, FunctionError>
}

/**
 * What may be given for an argument: a value, a future of one, or an array of either. A future is not decoded on its way, so
 * it must hold what the function takes in Python: the encoded type.
 *
 * @since 0.1.0
 * @category models
 */
export type Input<A, Encoded> =
  | A
  | DaskFuture<unknown, Encoded>
  | (A extends ReadonlyArray<infer E>
    ? Encoded extends ReadonlyArray<infer I> ? ReadonlyArray<Input<E, I>> : ReadonlyArray<Input<E, unknown>>
    : never)

/**
 * The arguments of a function, each a value or a future.
 *
 * @since 0.1.0
 * @category models
 */
export type Inputs<Args, ArgsEncoded> = {
  readonly [Name in keyof Args]: Input<Args[Name], Name extends keyof ArgsEncoded ? ArgsEncoded[Name] : unknown>
}

/**
 * The future of a call under a key.
 *
 * @internal
 */
export const make = <Returns, Encoded>(
  self: PythonFunction.PythonFunction<never, Returns, unknown, Encoded>,
  key: string
): DaskFuture<Returns, Encoded> => ({
  ...Inspectable.BaseProto,
  [TypeId]: { _Encoded: (_: never): never => _ },
  key,
  function: self.name,
  decode: (text) => decodeResult(self, text),
  toJSON: () => ({ _id: "DaskFuture", key }),
  toString: () => `DaskFuture(${key})`
})

/**
 * Whether a value is a future.
 *
 * @since 0.1.0
 * @category guards
 */
export const isDaskFuture = (u: unknown): u is DaskFuture<unknown> => typeof u === "object" && u !== null && TypeId in u
