/**
 * Values that options of several commands take.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"

/**
 * An option that may be left out.
 *
 * @since 0.1.0
 * @category combinators
 */
export const orUndefined = <A>(option: Options.Options<A>): Options.Options<A | undefined> =>
  Options.map(Options.optional(option), Option.getOrUndefined)

/**
 * `--hosts a,b,c`, or whatever a name with commas is called.
 *
 * @since 0.1.0
 * @category options
 */
export const names = (name: string): Options.Options<ReadonlyArray<string>> =>
  Options.text(name).pipe(
    Options.filterMap(
      (text) =>
        Option.liftPredicate(
          [...new Set(text.split(",").map((word) => word.trim()))],
          (words) => words.every((word) => word !== "")
        ),
      `--${name} wants names with commas between them: --${name} a,b,c`
    ),
    Options.withPseudoName("a,b,c")
  )

/**
 * A whole number, so much at least.
 *
 * @since 0.1.0
 * @category options
 */
export const above = (name: string, least: number): Options.Options<number> =>
  Options.integer(name).pipe(
    Options.filterMap(Option.liftPredicate((count) => count >= least), `--${name} wants a number, ${least} at least`)
  )

const written = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i
const factors = ["", "k", "m", "g", "t"]

/**
 * `8GB`, as people write it, in bytes; powers of 1000, as labels on machines have it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const size = (text: string): Option.Option<number> => {
  const [, number, unit = ""] = written.exec(text.trim()) ?? []
  return number === undefined
    ? Option.none()
    : Option.some(Math.round(Number(number) * 1000 ** factors.indexOf(unit.toLowerCase())))
}

/**
 * A whole number above 0.
 *
 * @since 0.1.0
 * @category options
 */
export const count = (name: string, description: string): Options.Options<number | undefined> =>
  orUndefined(Options.withDescription(above(name, 1), description))

/**
 * Seconds, or another number above 0.
 *
 * @since 0.1.0
 * @category options
 */
export const amount = (name: string, description: string): Options.Options<number | undefined> =>
  Options.float(name).pipe(
    Options.filterMap(Option.liftPredicate((amount) => amount > 0), `--${name} wants a number above 0`),
    Options.withDescription(description),
    orUndefined
  )

/**
 * `8GB`, in bytes.
 *
 * @since 0.1.0
 * @category options
 */
export const bytes = (name: string, description: string): Options.Options<number | undefined> =>
  Options.text(name).pipe(
    Options.filterMap(size, `--${name} wants a size: --${name} 8GB`),
    Options.withPseudoName("size"),
    Options.withDescription(description),
    orUndefined
  )

/**
 * A text.
 *
 * @since 0.1.0
 * @category options
 */
export const text = (name: string, label: string, description: string): Options.Options<string | undefined> =>
  Options.text(name).pipe(
    Options.withPseudoName(label),
    Options.withDescription(description),
    orUndefined
  )

/**
 * `--config FILE`, `-c FILE`: an ssh config in place of the user's own.
 *
 * @since 0.1.0
 * @category options
 */
export const sshConfig = (description: string): Options.Options<string | undefined> =>
  orUndefined(Options.file("config").pipe(Options.withAlias("c"), Options.withDescription(description)))
