import { assert, describe, it } from "@effect/vitest"
import * as Cli from "../../src/cli/Cli.ts"
import * as Completions from "../../src/cli/Completions.ts"

const words = (...typed: ReadonlyArray<string>): ReadonlyArray<string> =>
  Completions.render(Completions.answer(Cli.tree, typed)).split("\n").map((line) => line.split("\t")[0] ?? "")
    .filter((word) => word !== "")

const also = (...typed: ReadonlyArray<string>) => Completions.answer(Cli.tree, typed).also

describe("Completions", () => {
  it("knows every command and every option of each", () => {
    const names = Cli.tree.commands.map(({ name }) => name)
    assert.sameMembers([...words("")], names)
    assert.sameMembers([...words("help", "")], names)
    for (const { json, name, options } of Cli.tree.commands) {
      const expected = [
        ...options.map((option) => `--${option.name}`),
        "--debug",
        "--help",
        ...(json ? ["--json"] : [])
      ]
      assert.sameMembers([...words(name, "--")], expected)
    }
  })

  it("knows what was given, where a value is wanted, and what kind of", () => {
    assert.notInclude(words("demo", "--keep", "--"), "--keep")
    assert.notInclude(words("demo", "--workers=3", "--"), "--workers")
    assert.include(words("demo", "--hosts", "a", "--k"), "--keep")
    assert.deepStrictEqual(words("demo", "--workers", ""), [])
    assert.strictEqual(also("demo", "--hosts", ""), "hosts")
    assert.strictEqual(also("demo", "--hosts=a,"), "hosts")
    assert.strictEqual(also("demo", "-c", ""), "files")
    assert.strictEqual(Completions.answer(Cli.tree, ["demo", "-c", "x", "--hosts", ""]).config, "x")
    assert.strictEqual(also("demo", "--", "l"), "files")
    assert.strictEqual(also("demo", "--keep", ""), "nothing")
    assert.deepStrictEqual(words("completions", "z"), ["zsh"])
  })

  it("writes a candidate a line, whatever it holds", () => {
    const answer = {
      candidates: [["a", "x\n\ty"]],
      also: "hosts",
      before: "--hosts=b,",
      typed: "a",
      config: undefined
    } as const
    assert.strictEqual(Completions.render(answer, ["b", "a\u001b[1m"]), "--hosts=b,a\tx y\n--hosts=b,a[1m\t\n")
  })
})
