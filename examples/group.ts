/**
 * One task on every host that the ssh config names and that has two cores or more.
 *
 *     npx tsx examples/group.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Either } from "effect"
import { Lazycluster, RuntimeGroup, RuntimeManager, RuntimeTask } from "lazycluster"

const task = RuntimeTask.make("look-around").pipe(
  RuntimeTask.runCommand("touch here && ls"),
  RuntimeTask.runCommand("echo lease: $LAZYCLUSTER_LEASE, directory: $WORKING_DIR")
)

const program = Effect.gen(function*() {
  const group = yield* RuntimeManager.createGroup({ minCpuCores: 2 })
  for (const { host, message } of group.inactive) yield* Console.log(`${host} is left out: ${message}`)
  for (const { facts, host } of group.runtimes) yield* Console.log(`${host}: ${facts.cpus} cores, ${facts.os}`)
  for (const { host, result } of yield* RuntimeGroup.broadcast(group, task)) {
    yield* Console.log(Either.match(result, {
      onLeft: (error) => error.message,
      onRight: (done) => `${host} printed ${done.executionLog.map((step) => step.stdout.trim()).join(" and ")}`
    }))
  }
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
