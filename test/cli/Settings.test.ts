import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Cli from "../../src/cli/Cli.ts"
import * as CommandLine from "../../src/cli/CommandLine.ts"
import * as ConfigCommand from "../../src/cli/ConfigCommand.ts"
import * as Settings from "../../src/cli/Settings.ts"
import { run, runOn } from "./commandLine.ts"

/** A home with such a file, and variables. */
const within = <A, E, R>(
  setup: { readonly file?: string; readonly variables?: Readonly<Record<string, string>> },
  work: (file: string) => Effect.Effect<A, E, R>
) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const home = fs.mkdtempSync(path.join(os.tmpdir(), "lazycluster-settings-"))
      const file = path.join(home, ".config", "lazycluster", "config.toml")
      fs.mkdirSync(path.dirname(file), { recursive: true })
      if (setup.file !== undefined) fs.writeFileSync(file, setup.file)
      return { home, file }
    }),
    ({ file, home }) =>
      Effect.withConfigProvider(
        work(file),
        ConfigProvider.fromMap(new Map([["HOME", home], ...Object.entries(setup.variables ?? {})]))
      ),
    ({ home }) => Effect.sync(() => fs.rmSync(home, { recursive: true }))
  )

/** The words that a command line comes to, options sorted. */
const words = (...typed: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const reading = yield* CommandLine.read(Cli.tree, typed)
    assert(reading._tag === "Run")
    const settings = yield* Settings.load(Cli.tree)
    return CommandLine.words(Settings.apply(reading, settings).run).join(" ")
  }).pipe(Effect.provide(NodeContext.layer))

const refused = (name: string, file: string, place: string, ...message: ReadonlyArray<string>) =>
  it.effect(`refuses ${name}`, () =>
    within({ file }, (path) =>
      Effect.gen(function*() {
        const { code, err, out } = yield* run("demo", "--plan")
        assert.deepStrictEqual(err.trimEnd().replaceAll(path, "FILE").split("\n"), [`FILE${place}`, ...message])
        assert.strictEqual(out, "")
        assert.strictEqual(code, 2)
      })))

describe("Settings", () => {
  it.effect("fill in what the command line does not say: variable, table, file", () =>
    within(
      {
        file: `hosts = ["a", "b"]
lease = 60
accept-new = true

[demo]
lease = "2 minutes"
workers = 5 # a comment
`,
        variables: { LAZYCLUSTER_WORKERS: "7", LAZYCLUSTER_ACCEPT_NEW: "no" }
      },
      () =>
        Effect.gen(function*() {
          assert.strictEqual(
            yield* words("demo"),
            "demo --hosts a,b --accept-new false --workers 7 --lease 2 minutes"
          )
          assert.strictEqual(
            yield* words("demo", "--workers=1", "--accept-new", "--lease", "9", "--hosts", "c"),
            "demo --workers 1 --accept-new true --lease 9 --hosts c"
          )
          // What does not go with what was said stays away.
          assert.strictEqual(
            yield* words("demo", "--sandbox", "2"),
            "demo --sandbox 2 --accept-new false --workers 7 --lease 2 minutes"
          )
          assert.strictEqual(yield* words("help", "demo"), "help -- demo")
        })
    ))

  it.effect("take what holds for the engines of up from the table of either", () =>
    within(
      { file: "[up]\nworkers = 2\n[up.dask]\nworkers = 3\nhas = [\"nvcc\", \"git\"]\n" },
      () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* words("up", "hyperopt"), "up hyperopt --workers 2")
          assert.strictEqual(yield* words("up", "dask"), "up dask --has nvcc --has git --workers 3")
        })
    ))

  it.effect("leave alone the variable by which lazycluster knows its processes", () =>
    within(
      { variables: { LAZYCLUSTER_LEASE: "a3f9c2d4e5b6", LAZYCLUSTER_HOSTS: "" } },
      () => Effect.map(words("demo"), (line) => assert.strictEqual(line, "demo"))
    ))

  it.effect("are taken as the guide shows them", () =>
    Effect.gen(function*() {
      const guide = fs.readFileSync(path.join(import.meta.dirname, "../../docs/guide/command-line.md"), "utf8")
      const [, file = ""] = /```toml\n([^]*?)```/.exec(guide) ?? []
      assert.include(file, "[up.")
      const { err, out } = yield* within({ file }, () => run("config"))
      assert.strictEqual(err.split("\n")[1], "", err)
      for (const name of ["hosts", "lease", "up.dask.nthreads"]) assert.match(out, new RegExp(`^${name} +[^-]`, "m"))
    }))

  const set = "hint: lazycluster config shows what can be set"
  refused("an unknown key", "\nhsots = 'a'", ":2: lazycluster has no option hsots", "hint: did you mean hosts?")
  refused("a key of another command", "[demo]\njobs = 3", ":2: lazycluster demo has no option jobs", set)
  refused("an unknown table", "[deom]\nkeep = true", ":1: lazycluster has no command deom", "hint: did you mean demo?")
  refused("a wrong type", "[demo]\n\nkeep = 'yes'", ":3: keep wants true or false")
  refused("a wrong type in a list", "hosts = ['a', true]", ":1: hosts wants a text, or texts in brackets")
  refused("a wrong number", "workers = 1.5", ":1: workers wants a whole number")
  refused(
    "what is not TOML",
    "hosts = [a]\n",
    ":1: Invalid TOML document: invalid value",
    "hint: it is TOML: hosts = [\"a\", \"b\"]"
  )

  it.effect("are named where they are to blame", () =>
    within({ variables: { LAZYCLUSTER_LEASE: "1" } }, () =>
      Effect.gen(function*() {
        const { err } = yield* run("demo", "--plan")
        assert.strictEqual(err.trimEnd().split("\n")[1], "hint: --lease is set by LAZYCLUSTER_LEASE")
      })))

  it.effect("are refused as variables too", () =>
    within({ variables: { LAZYCLUSTER_WORKERS: "many" } }, () =>
      Effect.gen(function*() {
        const { code, err } = yield* run("demo", "--plan")
        assert.strictEqual(err.trimEnd(), "LAZYCLUSTER_WORKERS: workers wants a whole number")
        assert.strictEqual(code, 2)
      })))
})

describe("lazycluster config", () => {
  it.effect("shows every setting, its value and where it comes from", () =>
    within(
      { file: "lease = 60\n[demo]\nlease = 9", variables: { LAZYCLUSTER_HOSTS: "a,b" } },
      (file) =>
        Effect.gen(function*() {
          const { err, out } = yield* runOn(100, "config")
          const lines = out.split("\n")
          assert.match(lines[0] ?? "", /^setting +value +from +for/)
          assert.isTrue(lines.every((line) => line.length <= 100))
          assert.match(out, /^hosts +a,b +LAZYCLUSTER_HOSTS +/m)
          assert.match(out, /^workers +- +default +/m)
          assert.match(out, /^demo\.lease +9 +/m)
          assert.include(err, file)

          const data = yield* Effect.flatMap(
            run("config", "--json"),
            ({ out }) =>
              Schema.decode(Schema.parseJson(Schema.Struct({
                file: Schema.String,
                settings: Schema.Array(ConfigCommand.Shown)
              })))(out)
          )
          assert.strictEqual(data.file, file)
          const lease = data.settings.filter(({ name }) => name.endsWith("lease"))
          assert.deepStrictEqual(lease.map(({ name, source, value }) => [name, value, source]), [
            ["lease", "60", `${file}:1`],
            ["demo.lease", "9", `${file}:3`]
          ])
          assert.deepStrictEqual(lease[1]?.commands, ["demo"])
          const every = new Set(data.settings.map(({ name }) => name))
          assert.isTrue(Cli.tree.commands.every(({ options }) => options.every(({ name }) => every.has(name))))
        })
    ))

  it.effect("--path names the file, there or not, broken or not", () =>
    Effect.gen(function*() {
      const path = yield* within({ file: "hosts = [" }, (file) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* run("config", "--path")).out, `${file}\n`)
          assert.strictEqual((yield* run("help", "demo")).code, 0)
          assert.strictEqual((yield* run("config")).code, 2)
          return file
        }))
      assert.isFalse(fs.existsSync(path))
      const { out } = yield* Effect.withConfigProvider(
        run("config", "--path"),
        ConfigProvider.fromMap(new Map([["HOME", "/home/a"], ["XDG_CONFIG_HOME", "/etc/x"]]))
      )
      assert.strictEqual(out, "/etc/x/lazycluster/config.toml\n")
    }))
})
