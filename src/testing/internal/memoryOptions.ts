/**
 * The options of a command in memory, as `getopts` reads them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Process } from "../InMemoryHost.ts"
import type { MemoryHost } from "./memoryHost.ts"

/** @internal */
export interface Call {
  readonly self: Process
  readonly host: MemoryHost
  readonly flags: ReadonlySet<string>
  /** Of flags that take one. */
  readonly values: ReadonlyMap<string, string>
  readonly operands: ReadonlyArray<string>
}

/** @internal */
export type Command = (self: Process, host: MemoryHost) => Effect.Effect<number>

/** The message and an exit code, as commands fail. */
export const fail = (self: Process, text: string, code = 1): Effect.Effect<number> =>
  Effect.as(self.stderr(`${self.argv[0] ?? ""}: ${text}\n`), code)

/**
 * A command with the flags of `letters`: `n:` takes a value. One that has others is refused: it would do something else.
 *
 * @internal
 */
export const command = (letters: string, run: (call: Call) => Effect.Effect<number>): Command => (self, host) => {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const words = self.argv.slice(1)
  while (words.length > 0 && words[0] !== "-" && words[0]?.startsWith("-") === true) {
    const word = words.shift() ?? ""
    if (word === "--") break
    for (let at = 1; at < word.length; at++) {
      const flag = word.charAt(at)
      if (!letters.includes(flag) || flag === ":") {
        return fail(self, `InMemorySsh: ${word} is not understood here: script \`${self.argv[0]}\` in \`commands\``, 2)
      }
      flags.add(flag)
      if (letters.charAt(letters.indexOf(flag) + 1) === ":") {
        values.set(flag, word.slice(at + 1) || words.shift() || "")
        break
      }
    }
  }
  return run({ self, host, flags, values, operands: words })
}

/**
 * One after the other; the code is that of the last that failed.
 *
 * @internal
 */
export const each = <A>(
  all: ReadonlyArray<A>,
  run: (one: A) => Effect.Effect<number>
): Effect.Effect<number> => Effect.reduce(all, 0, (code, one) => Effect.map(run(one), (next) => next || code))
