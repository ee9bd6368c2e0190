/**
 * Two daemons left behind, one of which does not heed TERM: what closing the scope finds, ends and removes.
 *
 *     npx tsx examples/cleanup.ts host-1
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Cleanup, Lazycluster, Runtime, RuntimeTask } from "lazycluster"

const task = RuntimeTask.make("untidy").pipe(
  RuntimeTask.runCommand("setsid sleep 1000 > /dev/null 2>&1 &"),
  RuntimeTask.runCommand("trap '' TERM; setsid sleep 1000 > /dev/null 2>&1 &")
)

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make(process.argv[2] ?? "host-1")
  yield* Runtime.execute(runtime, task)
  yield* Console.log(`${runtime.host}: working in ${runtime.workingDirectory}`)
})

const report = (each: Cleanup.HostReport) =>
  [
    `${each.host}: ${each.ended} processes ended, ${each.killed} of them by KILL`,
    ...each.removed.map((path) => `  removed ${path}`),
    ...each.kept.map((path) => `  kept ${path}`),
    each.clean ? "  nothing is left" : `  left: ${[...each.left, ...each.stuck].join(", ")}`
  ].join("\n")

Cleanup.collect(program).pipe(
  Effect.flatMap(({ exit, reports }) =>
    Effect.zipRight(Effect.forEach(reports, (each) => Console.log(report(each))), exit)
  ),
  Effect.provide(Lazycluster.layer),
  NodeRuntime.runMain
)
