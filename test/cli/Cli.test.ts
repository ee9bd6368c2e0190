import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Cli from "../../src/cli/Cli.ts"

/** Runs a command line; gives what it wrote and what it failed with. */
const run = (...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const said = { out: "", err: "" }
    const console = yield* Console.consoleWith(Effect.succeed)
    const recording: Console.Console = {
      ...console,
      log: (...texts) => Effect.sync(() => void (said.out += `${texts.join(" ")}\n`)),
      error: (...texts) => Effect.sync(() => void (said.err += `${texts.join(" ")}\n`))
    }
    const exit = yield* Effect.exit(Effect.withConsole(Cli.run(["node", "lazycluster", ...words]), recording))
    return { ...said, exit }
  }).pipe(Effect.provide(NodeContext.layer))

const refused = (message: string, ...words: ReadonlyArray<string>) =>
  it.effect(`refuses: ${words.join(" ")}`, () =>
    Effect.gen(function*() {
      const { err, exit, out } = yield* run(...words)
      assert.strictEqual(err.trim(), message)
      assert.strictEqual(out, "")
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
  refused("--json goes with --plan", "demo", "--json")
  const lease = "--lease wants seconds, or words such as \"2 minutes\"; 2 seconds at least"
  refused(lease, "demo", "--lease", "1")
  refused(lease, "demo", "--lease", "soon")
  refused(lease, "demo", "--lease", "1500 millis")
  // Two seconds are enough, so it is the next thing that is refused.
  refused("Received unknown argument: 'x'", "demo", "--lease", "2", "x")
  refused("Received unknown argument: 'x'", "demo", "--lease", "2 minutes", "x")

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
