/** docs/testing.md lists each difference between our transports, with its reason, and no other. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SshConformance from "../../src/testing/SshConformance.ts"
import { ours } from "./conformanceTargets.ts"

const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim())

/** One row for what a target lacks for one reason. */
const rows = () => {
  const all = new Map<string, Array<string>>()
  for (const { about, reason, target } of SshConformance.differences(ours)) {
    const key = `${target}|${reason}`
    all.set(key, [...(all.get(key) ?? []), about])
  }
  return ours.flatMap(({ name }) =>
    [...all].filter(([key]) => key.startsWith(`${name}|`)).map(([key, abouts]) => [
      name,
      abouts.join("; "),
      key.slice(name.length + 1)
    ])
  )
}

const section = (page: string, heading: string) =>
  page.split(/^##+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? ""

describe("docs/testing.md", () => {
  it.effect("has the differences between transports that the suite is run with", () =>
    Effect.gen(function*() {
      const page = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString("docs/testing.md"))
      const lines = section(page, "Where transports differ").split("\n").filter((line) => line.startsWith("|"))
      const expected = rows()
      assert.deepStrictEqual(
        lines.slice(2).map(cells),
        expected,
        expected.map((row) => `| ${row.join(" | ")} |`).join("\n")
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("says how many cases there are", () =>
    Effect.gen(function*() {
      const page = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString("docs/testing.md"))
      assert.include(page, `${SshConformance.cases.length} cases`)
    }).pipe(Effect.provide(NodeContext.layer)))
})
