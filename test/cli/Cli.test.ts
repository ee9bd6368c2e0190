import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cli from "../../src/cli/Cli.ts"
import * as ExitCode from "../../src/cli/ExitCode.ts"
import * as Failure from "../../src/cli/Failure.ts"
import * as Help from "../../src/cli/Help.ts"
import { UsageError } from "../../src/cli/Invocation.ts"
import { run, runOn } from "./commandLine.ts"

const refused = (words: ReadonlyArray<string>, ...message: ReadonlyArray<string>) =>
  it.effect(`refuses: ${words.join(" ")}`, () =>
    Effect.gen(function*() {
      const { code, err, exit, out } = yield* run(...words)
      assert.deepStrictEqual(err.trimEnd().split("\n"), message)
      assert.strictEqual(out, "")
      assert.strictEqual(code, 2)
      assert.isTrue(exit._tag === "Failure" && exit.cause._tag === "Fail" && exit.cause.error instanceof UsageError)
    }))

const demoHelp = "hint: lazycluster demo --help shows what it takes"

describe("lazycluster", () => {
  refused(["demo", "--hsots", "a"], "lazycluster demo has no option --hsots", "hint: did you mean --hosts?")
  refused(["demo", "--host=a"], "lazycluster demo has no option --host", "hint: did you mean --hosts?")
  refused(["demo", "-x"], "lazycluster demo has no option -x", demoHelp)
  refused(["demo", "a"], "lazycluster demo takes no argument a", demoHelp)
  refused(["dmeo"], "lazycluster has no command dmeo", "hint: did you mean lazycluster demo?")
  refused(["nonsense"], "lazycluster has no command nonsense", "hint: lazycluster --help shows its commands")
  refused(
    ["--hosts", "a", "demo"],
    "lazycluster has no option --hosts",
    "hint: options of a command stand after its name: lazycluster COMMAND --hosts"
  )
  refused(["demo", "--workers"], "--workers wants a value: --workers N", demoHelp)
  refused(["demo", "--workers", "--keep"], "--workers wants a value: --workers N", demoHelp)
  refused(["demo", "--keep=maybe"], "--keep takes no value: maybe", demoHelp)
  refused(["demo", "--keep", "--no-keep"], "--keep is given twice", demoHelp)
  refused(["demo", "--hosts", "a,,b"], "--hosts wants names with commas between them: --hosts a,b,c", demoHelp)
  refused(["demo", "--workers", "0"], "--workers wants a number above 0", demoHelp)
  const lease = "--lease wants seconds, or words such as \"2 minutes\"; 2 seconds at least"
  refused(["demo", "--lease", "1"], lease, demoHelp)
  refused(["demo", "--lease=soon"], lease, demoHelp)
  refused(["demo", "--lease", "1500 millis"], lease, demoHelp)
  const program = "lazycluster demo runs no command: nothing may follow --"
  refused(["--json", "demo", "--", "ls"], program)
  refused(["demo", "--json", "--", "ls"], program)
  refused(["help", "dmeo"], "lazycluster has no command dmeo", "hint: did you mean lazycluster demo?")
  // What @effect/cli would do by itself.
  for (const option of ["--wizard", "--completions", "--log-level"]) {
    refused(["demo", option], `lazycluster demo has no option ${option}`, demoHelp)
  }

  it.effect("helps in every way one asks, without starting anything", () =>
    Effect.gen(function*() {
      for (
        const [same, ...others] of [
          [[], ["--help"], ["-h"], ["help"]],
          [["demo", "--help"], ["help", "demo"], ["demo", "--lease", "1", "-h"], ["demo", "--hsots", "--help"]]
        ] as const
      ) {
        const { code, err, out } = yield* run(...same)
        assert.strictEqual(code, 0)
        assert.strictEqual(err, "")
        for (const words of others) assert.strictEqual((yield* run(...words)).out, out)
      }
    }))

  it.effect("shows the commands in groups, each of which is in one", () =>
    Effect.gen(function*() {
      const groups = Help.groups(Cli.tree)
      assert.notInclude(groups.map(({ title }) => title), "Commands")
      const { out } = yield* run()
      for (const { title } of groups) assert.include(out, `\n${title}\n`)
      for (const { name } of Cli.tree.commands) assert.match(out, new RegExp(`^  ${name} `, "m"))
      assert.match(out, /^Clusters on plain SSH hosts: .*\n(?:.*\n)*Usage\n {2}lazycluster COMMAND \[options\]\n/)
    }))

  it.effect("shows what demo takes", () =>
    Effect.gen(function*() {
      const { out } = yield* run("demo", "--help")
      assert.strictEqual(
        out,
        `Start a Dask cluster on SSH hosts, run an example on it, and take everything
away again. Without options the hosts are real SSH servers inside this process.

Usage
  lazycluster demo [options]

Options
  --hosts a,b,c      Aliases of the ssh config, or user@host:port
  --sandbox N        N hosts inside this process instead: real SSH servers,
                     gone when the command ends
  -c, --config file  The ssh config to read instead of ~/.ssh/config
  --accept-new       Take and note the keys of hosts that are not in
                     known_hosts; a changed key is always refused
  --keep             Leave the cluster up until Ctrl-C
  --workers N        How many workers, dealt out round robin; one a host
                     without this
  --lease duration   How long the hosts wait for this process when it is gone
                     before they end everything; 30 seconds without this
  --plan             Only say what would run where; nothing of the cluster
                     starts
  --json             Print data as JSON
  -d, --debug        Log more, and show where errors come from
  -h, --help         Show this

Examples
  $ lazycluster demo
    Three hosts inside this process
  $ lazycluster demo --hosts host-1,host-2
    Hosts of your own
  $ lazycluster demo --plan --json
    What it would run, as data
`
      )
      const narrow = yield* runOn(50, "demo", "--help")
      for (const line of narrow.out.split("\n")) assert.isAtMost(line.length, 79, line)
    }))

  it("has a sentence, an example and no word twice, at every command", () => {
    const check = (tree: typeof Cli.tree): void => {
      assert.match(tree.description, /\S \S/, tree.name)
      assert.isAbove(tree.examples.length, 0, tree.name)
      const words = tree.options.flatMap(({ aliases, name }) => [name, ...aliases])
      assert.deepStrictEqual(words, [...new Set(words)], tree.name)
      // Split off before a command sees them.
      for (const word of ["json", "debug", "d", "help", "h", "version"]) assert.notInclude(words, word, tree.name)
      for (const { description, name } of tree.options) assert.match(description, /\S/, `${tree.name} --${name}`)
      tree.commands.forEach(check)
    }
    check(Cli.tree)
  })

  it.effect("says its version, also as data", () =>
    Effect.gen(function*() {
      assert.match((yield* run("--version")).out, /^\d+\.\d+\.\d+\n$/)
      assert.match((yield* run("--version", "--json")).out, /^\{\n {2}"version": "\d+\.\d+\.\d+"\n\}\n$/)
    }))
})

describe("a command that fails", () => {
  const usage = Cause.fail(new UsageError({ detail: "no", hint: "yes" }))

  it("says what is wrong and what mends it, without a stack", () => {
    assert.strictEqual(Failure.render(usage, false), "no\nhint: yes")
    assert.strictEqual(
      Failure.render(Cause.die(new TypeError("x is not a function")), false),
      "lazycluster met what it does not expect: x is not a function\nhint: --debug shows where; that is worth a report"
    )
    assert.strictEqual(Failure.render(Cause.fail(new ExitCode.ProgramEnded({ code: 3 })), false), "")
  })

  it("shows where it comes from under --debug", () => {
    assert.match(Failure.render(Cause.die(new TypeError("x")), true), /^ +at .*Cli\.test\.ts/m)
    assert.match(Failure.render(usage, true), /^no\nhint: yes\n\n[^]*at /)
  })

  it("has an exit code for each way to end", () => {
    const codes = [Exit.void, Exit.fail(new Error("no")), Exit.failCause(usage), Exit.die("no")].map(ExitCode.of)
    assert.deepStrictEqual(codes, [0, 1, 2, 1])
    assert.strictEqual(ExitCode.of(Exit.fail(new ExitCode.ProgramEnded({ code: 7 }))), 7)
  })
})
