/**
 * A service of this machine for a group of hosts, and a service of one host for the others, which cannot reach it themselves.
 *
 *     npx tsx examples/expose-group.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Expose, Lazycluster, RuntimeGroup } from "lazycluster"

const program = Effect.gen(function*() {
  const group = yield* RuntimeGroup.make(["host-1", "host-2", "host-3"])

  // Port 50000 of this machine, on every host but one, under one number that is free on all of them.
  const database = yield* Expose.toGroup(group, 50000, { at: "any", exclude: ["host-3"] })
  for (const { from, to } of database.routes) yield* Console.log(`${from} reaches a port of ${to}`)

  // Port 40000 of host-1, on the others. The bytes go through this machine.
  const service = yield* Expose.fromRuntimeToGroup(group, "host-1", 40000, { at: "any" })
  for (const { from, to } of service.routes) yield* Console.log(`${from} reaches a port of ${to}`)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
