/**
 * A JavaScript or TypeScript function as data: a module of this project, an export of it, and schemas for what goes in and
 * what comes out. When it is called, the module is bundled with its imports on the manager, and run by the host's Node.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type * as FunctionCode from "./FunctionCode.ts"
import * as RemoteFunction from "./RemoteFunction.ts"

/**
 * A JavaScript function. `Args`, `Returns` and `Progress` are what this program sees, the encoded ones what the function
 * on the host sees.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsFunction<
  in Args,
  out Returns,
  out ArgsEncoded = unknown,
  out ReturnsEncoded = unknown,
  out Progress = unknown
> extends RemoteFunction.RemoteFunction<Args, Returns, ArgsEncoded, ReturnsEncoded, Progress> {
  readonly code: typeof FunctionCode.JavaScript.Type
}

/**
 * What a function gets beside its arguments.
 *
 * @since 0.1.0
 * @category models
 */
export interface Context<in Progress = unknown> {
  /** Tells the manager how far the function is: any value that JSON can say. */
  readonly report: (progress: Progress) => void
}

const moduleOf = (module: URL | string): string => typeof module === "string" ? module : module.href

/**
 * An export of a module. The function is called with one object, its arguments by name, and a `Context`; what it returns may
 * be a promise. The module may be TypeScript and import what it likes but native addons. `module` is a URL, or a path
 * relative to the current directory; `name` is `default` unless it is given.
 *
 * Nothing compares the schemas with the module's types: `fromModule` does.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { JsFunction } from "lazycluster"
 * import { Schema } from "effect"
 *
 * // work.ts: export const square = ({ x }: { x: number }) => x ** 2
 * const square = JsFunction.make({
 *   module: new URL("./work.ts", import.meta.url),
 *   name: "square",
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
  options: RemoteFunction.Signature<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded> & {
    readonly module: URL | string
    readonly name?: string | undefined
  }
): JsFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded, Progress> =>
  RemoteFunction.fromCode({
    name: options.name ?? "default",
    code: { _tag: "JavaScript", module: moduleOf(options.module) },
    args: Schema.Struct<Fields>(options.args),
    returns: options.returns,
    progress: options.progress
  })

type Callable = (...args: ReadonlyArray<never>) => unknown

/** The names of a module's functions. */
type Functions<Module> = { [Name in keyof Module]: Module[Name] extends Callable ? Name : never }[keyof Module] & string

/** A property that nothing has, so that the compiler's message shows what is expected. */
type Takes<F, Encoded> = F extends (args: infer A, ...rest: ReadonlyArray<never>) => unknown
  ? Encoded extends A ? unknown : { readonly "the function takes": A }
  : unknown

type Gives<F, Encoded> = F extends (...args: ReadonlyArray<never>) => infer R
  ? Awaited<R> extends Encoded ? unknown : { readonly "the function returns": Awaited<R> }
  : unknown

type Reports<F, Encoded> = F extends (args: never, context: infer C) => unknown ? unknown extends C ? unknown
  : C extends Context<infer P> ? P extends Encoded ? unknown : { readonly "the function reports": P }
  : { readonly "the function asks for": C }
  : unknown

/**
 * The exports of a module whose types are known: the schemas must fit what the function takes, returns and reports. `import type`
 * loads nothing when the program runs.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { JsFunction } from "lazycluster"
 * import { Schema } from "effect"
 *
 * // import type * as work from "./work.ts"
 * declare const work: { readonly square: (args: { readonly x: number }) => Promise<number> }
 *
 * const of = JsFunction.fromModule<typeof work>(new URL("./work.ts", import.meta.url))
 *
 * const square = of("square", { args: { x: Schema.Number }, returns: Schema.Number })
 */
export const fromModule = <Module extends object>(module: URL | string) =>
<
  Name extends Functions<Module>,
  const Fields extends Schema.Struct.Fields,
  Returns,
  ReturnsEncoded,
  Progress = unknown,
  ProgressEncoded = unknown
>(
  name: Name,
  options: RemoteFunction.Signature<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded> & {
    readonly args: Takes<Module[Name], Schema.Struct.Encoded<Fields>>
    readonly returns: Gives<Module[Name], ReturnsEncoded>
    readonly progress?: Reports<Module[Name], ProgressEncoded> | undefined
  }
): JsFunction<Schema.Struct.Type<Fields>, Returns, Schema.Struct.Encoded<Fields>, ReturnsEncoded, Progress> =>
  make<Fields, Returns, ReturnsEncoded, Progress, ProgressEncoded>({ ...options, module, name })

/**
 * Whether a value is a JavaScript function for hosts.
 *
 * @since 0.1.0
 * @category guards
 */
export const isJsFunction = (u: unknown): u is JsFunction<never, unknown> =>
  RemoteFunction.isRemoteFunction(u) && u.code._tag === "JavaScript"
