import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Cli from "../../src/cli/Cli.ts"
import * as CommandPath from "../../src/cli/CommandPath.ts"
import type { CommandTree } from "../../src/cli/CommandTree.ts"
import { quickAnswer } from "../../src/cli/quickAnswer.ts"
import { run } from "./commandLine.ts"

const pipe = { stream: {}, variables: {} }

const namesOf = (tree: CommandTree, above: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> => [
  above,
  ...tree.commands.flatMap((child) => namesOf(child, [...above, child.name]))
]

describe("what is answered before Effect is loaded", () => {
  it.effect("is what the whole command answers", () =>
    Effect.gen(function*() {
      const lines = [
        ["--version"],
        ["completions", "fish"],
        ["__complete", "demo", "--k"],
        ...namesOf(Cli.tree).flatMap((names) => [["help", ...names], [...names, "--help"], [...names, "-h"]]),
        []
      ]
      for (const line of lines) {
        const { code, out } = yield* run(...line)
        assert.strictEqual(code, 0)
        assert.strictEqual(quickAnswer(line, pipe), out, line.join(" "))
      }
    }))

  it("is left to the whole command where it needs more, or something is wrong", () => {
    for (
      const line of [
        ["__complete", "demo", "--hosts", ""],
        ["completions"],
        ["completions", "tcsh"],
        ["demo"],
        ["help", "nosuch"],
        ["help", "--json"],
        ["--json", "help"],
        ["nosuch", "--help"],
        ["run", "--hosts", "a", "--help"],
        ["run", "--", "ls", "--help"],
        ["--debug", "--help"]
      ]
    ) assert.isUndefined(quickAnswer(line, pipe), line.join(" "))
  })

  it("fits the terminal, with colours where they are wanted", () => {
    const stream = { isTTY: true, columns: 50 }
    const text = quickAnswer(["up", "--help"], { stream, variables: {} }) ?? ""
    assert.include(text, "\u001b[1mOptions")
    assert.notInclude(quickAnswer(["up", "--help"], { stream, variables: { NO_COLOR: "1" } }), "\u001b")
    assert.notInclude(quickAnswer(["up", "--help"], { stream, variables: { TERM: "dumb" } }), "\u001b")
    const path = CommandPath.below(Cli.tree, ["up"])
    assert.strictEqual(path && CommandPath.spelled(path), "lazycluster up")
  })
})
