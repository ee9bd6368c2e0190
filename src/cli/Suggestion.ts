/**
 * What somebody may have meant who mistyped a name.
 *
 * @since 0.1.0
 */
import * as AutoCorrect from "@effect/cli/AutoCorrect"
import * as CliConfig from "@effect/cli/CliConfig"

const distance = (a: string, b: string): number => AutoCorrect.levensteinDistance(a, b, CliConfig.defaultConfig)

/**
 * The name that is nearest to a word, if one is near: a letter or two apart, or begun with the word.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nearest = (word: string, names: Iterable<string>): string | undefined => {
  const near = [...new Set(names)]
    .map((name) => ({ name, apart: name.startsWith(word) && word.length > 1 ? 1 : distance(word, name) }))
    .filter(({ apart, name }) => apart <= Math.min(2, Math.floor(name.length / 2)))
  return near.toSorted((a, b) => a.apart - b.apart)[0]?.name
}
