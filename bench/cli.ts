/** `npm run bench:cli`: what the start of the command costs, beside that of Node alone. It measures `dist`: `npm run build` first. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as process from "node:process"

const times = 7

const bin = "dist/bin.js"

const lines: ReadonlyArray<readonly [name: string, node: ReadonlyArray<string>]> = [
  ["`node -e 0`", ["-e", "0"]],
  ["`lazycluster --version`", [bin, "--version"]],
  ["`lazycluster completions bash`", [bin, "completions", "bash"]],
  ["completing `lazycluster demo --k`", [bin, "__complete", "demo", "--k"]],
  ["`lazycluster help`", [bin, "help"]],
  ["`lazycluster config`", [bin, "config"]],
  ["`lazycluster config` from the sources, by tsx", ["--import", "tsx", "src/bin.ts", "config"]]
]

/** Milliseconds of processor time that children of this process have used; the kernel counts in tens. */
const used = Effect.map(
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`/proc/${process.pid}/stat`)),
  (stat) => {
    const fields = stat.replace(/^.*\) /s, "").split(" ")
    return (Number(fields[13]) + Number(fields[14])) * 10
  }
)

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const measure = Effect.fnUntraced(function*(node: ReadonlyArray<string>) {
  const run = Command.exitCode(Command.make(process.execPath, ...node).pipe(Command.stdout("pipe"))).pipe(
    Effect.filterOrDieMessage((code) => code === 0, `node ${node.join(" ")} fails`)
  )
  yield* run
  const runs = yield* Effect.replicateEffect(
    Effect.gen(function*() {
      const before = yield* Effect.all({ at: Clock.currentTimeMillis, used })
      yield* run
      const after = yield* Effect.all({ at: Clock.currentTimeMillis, used })
      return { wall: after.at - before.at, cpu: after.used - before.used }
    }),
    times
  )
  return { wall: median(runs.map(({ wall }) => wall)), cpu: median(runs.map(({ cpu }) => cpu)) }
})

Effect.gen(function*() {
  const rows = yield* Effect.forEach(lines, ([name, node]) => Effect.map(measure(node), (cost) => ({ name, ...cost })))
  const alone = rows[0]?.cpu ?? 0
  yield* Console.log(
    [
      "| start of | processor time | by the clock | times Node alone |",
      "| --- | --- | --- | --- |",
      ...rows.map(({ cpu, name, wall }) => `| ${name} | ${cpu} ms | ${wall} ms | ${(cpu / alone).toFixed(1)} |`)
    ].join("\n")
  )
}).pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
