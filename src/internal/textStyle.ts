/**
 * Ways to set a text apart on a terminal, and whether that is wanted. Nothing of Effect is loaded here.
 *
 * @since 0.1.0
 */
import { styleText } from "node:util"

/** Whether colours are wanted is for the caller to know, not for `styleText`. */
const as = (style: "bold" | "gray" | "green" | "red") => (text: string): string =>
  styleText(style, text, { validateStream: false })

const coloured = { strong: as("bold"), weak: as("gray"), good: as("green"), bad: as("red") }

const asIs = (text: string): string => text

/**
 * The ways; without colours each gives the text itself.
 *
 * @internal
 */
export const stylesOf = (colours: boolean): typeof coloured =>
  colours ? coloured : { strong: asIs, weak: asIs, good: asIs, bad: asIs }

/**
 * What an output can show: whether lines that were written can be written over, and whether colours are wanted.
 *
 * @internal
 */
export const lookOf = (
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR = "", TERM = "" }: { readonly NO_COLOR?: string | undefined; readonly TERM?: string | undefined }
): { readonly live: boolean; readonly colours: boolean } => {
  const live = isTTY === true && TERM !== "dumb"
  return { live, colours: live && NO_COLOR === "" }
}

/**
 * How wide it is.
 *
 * @internal
 */
export const columnsOf = ({ columns }: { readonly columns?: number }): number => columns || 80
