/**
 * Options that say how long.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as OptionValue from "./OptionValue.ts"

const units = new Map([["s", "seconds"], ["m", "minutes"], ["min", "minutes"], ["h", "hours"], ["d", "days"]])

const decode = Option.liftThrowable((text: string) => Duration.decodeUnknown(text))

/**
 * `90`, `90s`, `5m`, `2h`, `30d`, or words such as `5 minutes`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string): Option.Option<Duration.Duration> => {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(s|m|min|h|d)?$/.exec(text.trim()) ?? []
  const words = number === undefined ? text : `${number} ${units.get(unit) ?? "seconds"}`
  return Option.filter(Option.flatten(decode(words)), Duration.isFinite)
}

/**
 * An option that takes such a text, more than nothing.
 *
 * @since 0.1.0
 * @category options
 */
export const make = (name: string, description: string): Options.Options<Duration.Duration | undefined> =>
  Options.text(name).pipe(
    Options.filterMap(
      (text) => Option.filter(parse(text), Duration.greaterThan(Duration.zero)),
      `--${name} wants a time: --${name} 90s, 5m, 2h or 30d`
    ),
    Options.withPseudoName("duration"),
    Options.withDescription(description),
    OptionValue.orUndefined
  )
