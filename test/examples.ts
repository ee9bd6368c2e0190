/** What the examples print, run as a user would run them, and with which hosts in the ssh config. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))

const textOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => stream.pipe(Stream.decodeText(), Stream.mkString)

/** How many hosts, named host-1 and so on, and the lines; those of more than one kind of hosts. */
export const examples: Readonly<
  Record<string, { readonly hosts: number; readonly lines: ReadonlyArray<string | RegExp> }>
> = {
  "opentelemetry": {
    hosts: 1,
    lines: [
      "experiment",
      "  Runtime.make host-1",
      "    Guardian.make",
      "      Ssh.connect host-1",
      "        Ssh.open host-1",
      "          SshConfig.resolve",
      "  Task.run host-1 train",
      "    Runtime.exec",
      "tasks on host-1: 1"
    ]
  },
  "machines": { hosts: 2, lines: ["hello from host-1", "hello from host-2"] },
  "http-over-ssh": { hosts: 1, lines: ["from host-1: the manager answers"] },
  "remote-worker": { hosts: 3, lines: ["430 primes below 3000, the largest is 2999"] },
  "dask": { hosts: 3, lines: ["Result: -285"] },
  "dask-launchers": {
    hosts: 3,
    lines: [
      "scheduler on host-1",
      "worker-1 on host-2",
      "worker-2 on host-2",
      "worker-3 on host-3",
      "worker-4 on host-3",
      "4 workers have registered"
    ]
  },
  "dask-python": {
    hosts: 3,
    lines: [
      /^Client\("tcp:\/\/127\.0\.0\.1:\d+"\), dashboard: http:\/\/127\.0\.0\.1:\d+\/status$/,
      "200 MB on 3 workers",
      "sum of x + x.T: 624999975000000"
    ]
  },
  "hyperopt": { hosts: 2, lines: [/^the sine is least near -1\.[2-9]$/] },
  "first-task": { hosts: 1, lines: ["Hello World!", "HELLO WORLD!"] },
  "group": {
    hosts: 2,
    lines: [
      /^host-1: [\d.]+ cores, \S/,
      /^host-2: [\d.]+ cores, \S/,
      /^host-1 printed here and lease: [a-z0-9]{12}, directory: DIRECTORY$/,
      /^host-2 printed here and lease: [a-z0-9]{12}, directory: DIRECTORY$/
    ]
  },
  "sandbox": { hosts: 0, lines: ["3 hosts have answered"] },
  "in-memory": { hosts: 0, lines: ["the server has ended with 137", "left on the hosts: 0"] },
  "working-directories": {
    hosts: 2,
    lines: [
      "host-1 works in DIRECTORY",
      /^host-2 works in \S+\/workspace$/,
      /^host-2 says \S+\/workspace$/,
      /^host-1 works in \S+\/workspace$/,
      /^host-2 works in \S+\/workspace$/
    ]
  },
  "environment": {
    hosts: 2,
    lines: [
      "foo is bar, here is DIRECTORY",
      "the function sees bar",
      "host-1 sees baz",
      "host-2 sees baz"
    ]
  },
  "preprocessing": {
    hosts: 3,
    lines: [
      `Chunk 0: 500 texts, from "text 0 shouts" to "text 499 shouts"`,
      `Chunk 1: 500 texts, from "text 500 shouts" to "text 999 shouts"`,
      `Chunk 2: 200 texts, from "text 1000 shouts" to "text 1199 shouts"`
    ]
  },
  "file-transfer": {
    hosts: 2,
    lines: [
      "apple, pear, quince",
      "host-1 has got 18 bytes",
      "host-2 has got 18 bytes",
      "copies/host-1/file.csv",
      "copies/host-2/file.csv"
    ]
  },
  "execution-log": {
    hosts: 1,
    lines: [
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
    ]
  },
  "debug": { hosts: 2, lines: [/^host-[12] \| Python 3\.\d+\.\d+$/, /^host-[12] \| Python 3\.\d+\.\d+$/] },
  "expose-runtime": {
    hosts: 1,
    lines: [/^port 881[0-2] answers with 200$/, "host-1 reaches this machine at its own port 8820"]
  },
  "expose": {
    hosts: 3,
    lines: [
      "the manager sees a directory",
      "host-2 gets 200",
      "host-3 gets 200",
      ...["host-1", "host-2"].flatMap((host) =>
        [0, 1, 2].map((n) => new RegExp(`^${host} .*886${n} -> \\(manager\\) .*885${n}`))
      )
    ]
  },
  "cleanup": {
    hosts: 1,
    lines: [
      "host-1: working in DIRECTORY",
      "host-1: 2 processes ended, 1 of them by KILL",
      "  removed DIRECTORY",
      "  nothing is left"
    ]
  }
}

/** The lines of an example that runs over the ssh config of a home, with the hosts' paths cut. */
export const printedBy = Effect.fnUntraced(function*(name: string, home: string, args: ReadonlyArray<string> = []) {
  const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
  const cache = process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"]}/.cache`
  const child = yield* Command.start(
    Command.make(
      `${root}node_modules/.bin/tsx`,
      "--tsconfig",
      `${root}tsconfig.json`,
      `${root}examples/${name}.ts`,
      ...args
    )
      .pipe(
        Command.workingDirectory(directory),
        Command.env({ HOME: home, XDG_CACHE_HOME: cache, XDG_STATE_HOME: `${home}/state` })
      )
  )
  const [stdout, stderr, code] = yield* Effect.all([textOf(child.stdout), textOf(child.stderr), child.exitCode], {
    concurrency: 3
  })
  assert.strictEqual(code, 0, stdout + stderr)
  return stdout.replaceAll(/\/\S*\/lazycluster-[a-z0-9]{12}\.\w+/g, "DIRECTORY").trimEnd().split("\n")
})

/** Runs an example, and compares its lines. */
export const prints = Effect.fnUntraced(function*(name: string, home: string) {
  const printed = yield* printedBy(name, home)
  const lines = examples[name]?.lines ?? []
  assert.strictEqual(printed.length, lines.length, printed.join("\n"))
  lines.forEach((line, index) =>
    typeof line === "string" ? assert.strictEqual(printed[index], line) : assert.match(printed[index] ?? "", line)
  )
})
