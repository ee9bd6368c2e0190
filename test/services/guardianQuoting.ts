/** Any words arrive as they are. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Random from "effect/Random"
import type { Connect } from "./guardianConformance.ts"
import { begin, run, startLine } from "./guardianSession.ts"

const nasty = [
  "",
  " ",
  "\n",
  "\t",
  "'",
  "\"",
  "\\",
  "\\n",
  "\\0",
  "\\c",
  "%s",
  "$(echo no)",
  "`echo no`",
  "$HOME",
  "~",
  "*",
  "-n",
  "--",
  "\r",
  "\u001b[31m",
  "é",
  "日本",
  "🦆",
  "#",
  ";",
  "&",
  "{a,b}",
  "!"
]

const word = FastCheck.array(
  FastCheck.oneof(FastCheck.constantFrom(...nasty), FastCheck.string({ unit: "grapheme", maxLength: 8 })),
  { maxLength: 6 }
).map((parts) => parts.join("").replaceAll("\0", ""))

const printer = `printf '%s\\0' "$V"; for word; do printf '%s\\0' "$word"; done`

export const guardianQuoting = (connect: Connect): void => {
  it.scopedLive("generated words and values arrive byte for byte through run and start", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const seed = yield* Random.nextInt
      console.log(`words of seed ${seed}`)
      const words = [...nasty, ...FastCheck.sample(word, { seed, numRuns: 400 })]
      const argv = ["sh", "-c", printer, "sh", ...words]
      const expected = (value: string) => [value, ...words]
      const split = (text: string) => text.split("\0").slice(0, -1)

      const value = words.toSorted((a, b) => b.length - a.length)[0] ?? ""
      const ran = yield* run(connection, argv, [`V=${value}`])
      assert.deepStrictEqual(split(ran.stdout), expected(value))

      const guardian = yield* begin(connection)
      yield* guardian.say(startLine("words", [`V=${value}`], argv))
      assert.strictEqual(yield* guardian.exited("words"), 0)
      const { stdout } = yield* run(connection, ["cat", `${guardian.state}/words.out`])
      assert.deepStrictEqual(split(stdout), expected(value))
      yield* guardian.end(10)
    }))
}
