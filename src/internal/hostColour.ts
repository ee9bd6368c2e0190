/**
 * A colour for each host, the same in every run.
 *
 * @since 0.1.0
 */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Hash from "effect/Hash"

const colours = [
  Ansi.cyan,
  Ansi.yellow,
  Ansi.green,
  Ansi.magenta,
  Ansi.blue,
  Ansi.cyanBright,
  Ansi.yellowBright,
  Ansi.greenBright,
  Ansi.magentaBright,
  Ansi.blueBright
].map((colour) => Ansi.stringify(colour))

const reset = "\u001b[0m"

/**
 * A text in the colour of a host. Red is for errors.
 *
 * @internal
 */
export const paint = (host: string, text: string): string =>
  `${colours[(Hash.string(host) >>> 0) % colours.length] ?? ""}${text}${reset}`
