/**
 * Colours, where they are wanted.
 *
 * @since 0.1.0
 */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as hostColour from "../internal/hostColour.ts"
import { withoutControl } from "../internal/outputText.ts"

/**
 * Ways to set a text apart; without colours each gives the text itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Paint {
  readonly strong: (text: string) => string
  readonly weak: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  /** The name of a host, in a colour of its own. */
  readonly host: (alias: string) => string
}

const reset = "\u001b[0m"

/**
 * Paint for an output with or without colours.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (colours: boolean): Paint => {
  const as = (style: Ansi.Ansi) => {
    const begin = Ansi.stringify(style)
    return (text: string) => colours ? `${begin}${text}${reset}` : text
  }
  return {
    strong: as(Ansi.bold),
    weak: as(Ansi.blackBright),
    good: as(Ansi.green),
    bad: as(Ansi.red),
    host: (alias) => colours ? hostColour.paint(alias, withoutControl(alias)) : withoutControl(alias)
  }
}
