/**
 * Colours, where they are wanted.
 *
 * @since 0.1.0
 */
import * as hostColour from "../internal/hostColour.ts"
import { withoutControl } from "../internal/outputText.ts"
import { stylesOf } from "../internal/textStyle.ts"

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

/**
 * Paint for an output with or without colours.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (colours: boolean): Paint => ({
  ...stylesOf(colours),
  host: (alias) => colours ? hostColour.paint(alias, withoutControl(alias)) : withoutControl(alias)
})
