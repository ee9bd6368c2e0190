import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { differences } from "./commandCase.ts"
import { cases } from "./commandConformance.ts"

const where: Readonly<Record<string, string>> = { node: "the local machine", memory: "hosts in memory" }

/** The cells of each line of a table, without its head. */
const rows = (text: string) =>
  text.split("\n").filter((line) => line.startsWith("| ")).slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  )

describe("docs/guide/platform.md", () => {
  it.effect("lists every difference of commands that the suite knows, and no other", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const text = yield* fs.readFileString(new URL("../../docs/guide/platform.md", import.meta.url).pathname)
      const [, section = ""] = text.split("## What differs: commands\n")
      const [table = ""] = section.split("\n## ")
      assert.deepStrictEqual(
        rows(table),
        differences(cases).map(([name, target, reason]) => [name, where[target] ?? target, reason])
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
