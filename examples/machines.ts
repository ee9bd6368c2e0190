/** A program that knows nothing of hosts runs on each of two. */
import { Command } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Lazycluster, Machine, Machines } from "lazycluster"

const greeting = Effect.gen(function*() {
  const { host } = yield* Machine.Machine
  const said = yield* Command.string(Command.make("echo", "hello from", host.alias))
  return said.trim()
})

const program = Effect.gen(function*() {
  yield* Console.log(yield* greeting.pipe(Effect.provide(Machines.Machines.get("host-1"))))
  yield* Console.log(yield* greeting.pipe(Effect.provide(Machines.Machines.get("host-2"))))
})

program.pipe(Effect.provide(Machines.layer()), Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
