import * as ValidationError from "@effect/cli/ValidationError"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { UsageError } from "../../src/cli/Invocation.ts"
import { run } from "./commandLine.ts"

const refused = (message: string, ...words: ReadonlyArray<string>) =>
  it.effect(`refuses: ${words.join(" ")}`, () =>
    Effect.gen(function*() {
      const { code, err, exit, out } = yield* run(...words)
      assert.strictEqual(err.trim(), message)
      assert.strictEqual(out, "")
      assert.strictEqual(code, 2)
      assert.isTrue(
        exit._tag === "Failure" && exit.cause._tag === "Fail" && ValidationError.isValidationError(exit.cause.error)
      )
    }))

describe("lazycluster", () => {
  refused("Received unknown argument: '--hsots'", "demo", "--hsots", "a")
  refused("Received unknown argument: 'a'", "demo", "a")
  refused("Invalid subcommand for lazycluster - use 'demo'", "dmeo")
  refused("--hosts wants names with commas between them: --hosts a,b,c", "demo", "--hosts", "a,,b")
  refused("--workers wants a number above 0", "demo", "--workers", "0")
  const lease = "--lease wants seconds, or words such as \"2 minutes\"; 2 seconds at least"
  refused(lease, "demo", "--lease", "1")
  refused(lease, "demo", "--lease", "soon")
  refused(lease, "demo", "--lease", "1500 millis")
  // Two seconds are enough, so it is the next thing that is refused.
  refused("Received unknown argument: 'x'", "demo", "--lease", "2", "x")
  refused("Received unknown argument: 'x'", "demo", "--lease", "2 minutes", "x")

  it.effect("takes --json and --debug before and after the command, and no program where none is run", () =>
    Effect.gen(function*() {
      for (const words of [["--json", "demo", "--", "ls"], ["--debug", "demo", "--json", "--", "ls"]]) {
        const { code, exit } = yield* run(...words)
        assert.strictEqual(code, 2)
        assert.deepStrictEqual(
          exit,
          Exit.fail(new UsageError({ detail: "lazycluster demo runs no command: nothing may follow --" }))
        )
      }
    }))

  it.effect("helps without starting anything, in plain text where nobody looks", () =>
    Effect.gen(function*() {
      const { err, exit, out } = yield* run("demo", "--help")
      assert.strictEqual(exit._tag, "Success")
      assert.strictEqual(err, "")
      for (const option of ["--hosts a,b,c", "--keep", "--workers", "--lease duration", "--accept-new", "--plan"]) {
        assert.include(out, option)
      }
      assert.notInclude(out, "\u001b")
    }))
})
