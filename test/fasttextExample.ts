/** examples/fasttext.ts on texts of two kinds that a model tells apart. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { printedBy } from "./examples.ts"

const lines = Array.from({ length: 300 }, (_, index) =>
  index % 2 === 0
    ? `__label__sport the match was won in round ${index % 7} by the team`
    : `__label__food the soup was cooked with ${index % 7} onions and salt`)

/** Runs it over the ssh config of a home. */
export const finds = Effect.fnUntraced(function*(home: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString(`${home}/train.csv`, lines.slice(60).join("\n"))
  yield* fs.writeFileString(`${home}/test.csv`, lines.slice(0, 60).join("\n"))
  const args = [`${home}/train.csv`, `${home}/test.csv`, "4"]
  const [models, parameters] = yield* printedBy("fasttext", home, args)
  assert.strictEqual(models, "4 models, the best with F1 1.00")
  assert.match(parameters ?? "", /^its parameters: epochs=.*, vector_dim=\d+, window_size=\d+$/)
})
