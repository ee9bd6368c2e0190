import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JsBundle from "../../src/internal/jsBundle.ts"

describe("a bundler", () => {
  it.scopedLive("makes a bundle once for as long as what it read stays as it is", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${directory}/a.ts`, "import { b } from './b.ts'\nexport const f = () => b\n")
      yield* fs.writeFileString(`${directory}/b.ts`, "export const b = 'first'\n")
      const bundle = yield* JsBundle.make
      const here = bundle(`${directory}/a.ts`, "f")
      const [first, again] = yield* Effect.all([here, here], { concurrency: 2 })
      assert.strictEqual(again, first)
      assert.include(first.code, "first")
      yield* fs.writeFileString(`${directory}/b.ts`, "export const b = 'second'\n")
      const second = yield* here
      assert.include(second.code, "second")
      yield* fs.remove(`${directory}/b.ts`)
      assert.include((yield* Effect.flip(here)).detail, "Could not resolve \"./b.ts\"")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("ships no text of the sources beside the code", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(
        `${directory}/a.ts`,
        "// s3cret\nexport const unused = 's3cret'\nexport const f = () => 1\n"
      )
      const bundle = yield* JsBundle.make
      const { code, map } = yield* bundle(`${directory}/a.ts`, "f")
      assert.notInclude(code + map, "s3cret")
    }).pipe(Effect.provide(NodeContext.layer)))
})
