import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import * as Sandbox from "../src/testing/Sandbox.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

const textOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => stream.pipe(Stream.decodeText(), Stream.mkString)

/** Runs an example as a user would, whose ssh config names the hosts of the Sandbox: its lines, with the hosts' paths cut. */
const run = Effect.fnUntraced(function*(name: string, hosts: number) {
  const sandbox = yield* Sandbox.make({ hosts })
  const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
  const cache = process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"]}/.cache`
  const child = yield* Command.start(
    Command.make(`${root}node_modules/.bin/tsx`, "--tsconfig", `${root}tsconfig.json`, `${root}examples/${name}.ts`)
      .pipe(
        Command.workingDirectory(directory),
        Command.env({ HOME: sandbox.home, XDG_CACHE_HOME: cache, XDG_STATE_HOME: `${sandbox.home}/state` })
      )
  )
  const [stdout, stderr, code] = yield* Effect.all([textOf(child.stdout), textOf(child.stderr), child.exitCode], {
    concurrency: 3
  })
  assert.strictEqual(code, 0, stdout + stderr)
  return stdout.replaceAll(/\/\S*\/lazycluster-[a-z0-9]{12}\.\w+/g, "DIRECTORY").trimEnd().split("\n")
})

const example = (name: string, hosts: number, lines: ReadonlyArray<string | RegExp>) =>
  it.scopedLive(name, () =>
    Effect.gen(function*() {
      const printed = yield* run(name, hosts)
      assert.strictEqual(printed.length, lines.length, printed.join("\n"))
      lines.forEach((line, index) =>
        typeof line === "string" ? assert.strictEqual(printed[index], line) : assert.match(printed[index] ?? "", line)
      )
    }).pipe(Effect.provide(NodeContext.layer)))

describe("the examples print what they say", () => {
  example("opentelemetry", 1, [
    "experiment",
    "  Runtime.make host-1",
    "    Guardian.make",
    "      Ssh.connect host-1",
    "        Ssh.open host-1",
    "          SshConfig.resolve",
    "  Task.run host-1 train",
    "    Runtime.exec",
    "tasks on host-1: 1"
  ])
  example("dask", 3, ["Result: -285"])
  example("first-task", 1, ["Hello World!", "HELLO WORLD!"])
  example("group", 2, [
    /^host-1: [\d.]+ cores, \S/,
    /^host-2: [\d.]+ cores, \S/,
    /^host-1 printed here and lease: [a-z0-9]{12}, directory: DIRECTORY$/,
    /^host-2 printed here and lease: [a-z0-9]{12}, directory: DIRECTORY$/
  ])
  example("sandbox", 0, ["3 hosts have answered"])
  example("in-memory", 0, ["the server has ended with 137", "left on the hosts: 0"])
  example("working-directories", 2, [
    "host-1 works in DIRECTORY",
    /^host-2 works in \S+\/host-2\/\S*workspace$/,
    /^host-2 says \S+\/workspace$/,
    /^host-1 works in \S+\/workspace$/,
    /^host-2 works in \S+\/workspace$/
  ])
  example("environment", 2, [
    "foo is bar, here is DIRECTORY",
    "the function sees bar",
    "host-1 sees baz",
    "host-2 sees baz"
  ])
  example("preprocessing", 3, [
    `Chunk 0: 500 texts, from "text 0 shouts" to "text 499 shouts"`,
    `Chunk 1: 500 texts, from "text 500 shouts" to "text 999 shouts"`,
    `Chunk 2: 200 texts, from "text 1000 shouts" to "text 1199 shouts"`
  ])
  example("file-transfer", 2, [
    "apple, pear, quince",
    "host-1 has got 18 bytes",
    "host-2 has got 18 bytes",
    "copies/host-1/file.csv",
    "copies/host-2/file.csv"
  ])
  example("execution-log", 1, [
    "Hello",
    "lazycluster!",
    "oops",
    "Log of task exec-log-demo on host-1:",
    /^ {2}0: .*echo Hello.* \(exit code 0, /,
    /Hello$/,
    /^ {2}1: .*echo lazycluster!.* \(exit code 0, /,
    /lazycluster!$/,
    /oops$/,
    /\/lazycluster\/execution_log\/host-1\/exec-log-demo_\d{14}\.log$/
  ])
  example("debug", 2, [/^host-[12] \| Python 3\.\d+\.\d+$/, /^host-[12] \| Python 3\.\d+\.\d+$/])
  example("expose", 1, [/^port 881[0-2] answers with 200$/, "host-1 reaches this machine at its own port 8820"])
  example("expose-group", 3, [
    "host-1 reaches a port of (manager)",
    "host-2 reaches a port of (manager)",
    "host-2 reaches a port of host-1",
    "host-3 reaches a port of host-1"
  ])
  example("cleanup", 1, [
    "host-1: working in DIRECTORY",
    "host-1: 2 processes ended, 1 of them by KILL",
    "  removed DIRECTORY",
    "  nothing is left"
  ])
})
