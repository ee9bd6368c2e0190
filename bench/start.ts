/** `npm run bench:start`: what a Dask cluster on three hosts costs, measured now; the fleet too with `LAZYCLUSTER_FLEET=1`. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Os from "node:os"
import * as process from "node:process"
import * as Sandbox from "../src/testing/Sandbox.ts"
import * as Fleet from "../test/fleet/Fleet.ts"
import * as bare from "./bare.ts"
import { compile, uncompiled } from "./compile.ts"
import { Line } from "./Measurement.ts"
import * as table from "./table.ts"

interface Target {
  readonly name: string
  readonly configFile: string
  readonly hosts: ReadonlyArray<string>
  /** TCP connections so far, a number a host. */
  readonly connections: Effect.Effect<ReadonlyArray<number>, Fleet.FleetError>
}

const manage = Effect.fn("start.manage")(function*(target: Target, node: ReadonlyArray<string>) {
  const before = yield* target.connections
  const said = yield* Command.string(
    Command.make(process.execPath, ...node, target.configFile, ...target.hosts).pipe(Command.stderr("inherit"))
  )
  // What went wrong stands above, on standard error.
  if (said === "") return yield* Effect.dieMessage("the manager gave no measurement")
  const measurement = yield* Schema.decode(Line)(said.trim())
  const after = yield* target.connections
  return { measurement, connections: after.map((count, index) => count - (before[index] ?? 0)) }
})

const bench = Effect.fn("start.bench")(function*(target: Target, compiled: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const first = yield* manage(target, compiled)
  const again = yield* manage(target, compiled)
  const tsx = yield* manage(target, uncompiled)
  const { schedulerPython, workerPython } = first.measurement
  const here = yield* fs.exists(workerPython)
  const alone = yield* bare.measure({
    schedulerPython,
    workerPython: here ? workerPython : schedulerPython,
    workers: target.hosts.length
  })
  yield* Console.log(
    table.render(target.name, [
      { name: "compiled, first", ...first },
      { name: "compiled, again", ...again },
      { name: "tsx, again", ...tsx }
    ], alone)
  )
})

const sandbox = Effect.map(Sandbox.make(), (made): Target => ({
  name: "Sandbox: SSH servers on loopback, in another process than the manager",
  configFile: made.configFile,
  hosts: made.hosts.map(({ alias }) => alias),
  connections: Effect.forEach(made.hosts, (host) => host.connections)
}))

const fleet = Effect.map(Fleet.make(), (made): Target => ({
  name: "Fleet: OpenSSH in namespaces, only port 22 open, hosts isolated, no package index there",
  configFile: made.configFile,
  hosts: made.hosts,
  connections: Effect.forEach(made.hosts, (_, index) => made.accepted(index + 1))
}))

Effect.gen(function*() {
  const compiled = yield* compile
  yield* Console.log(
    `${Os.cpus().length} cores (${Os.cpus()[0]?.model}), load ${Os.loadavg()[0]?.toFixed(1)}, node ${process.version}\n`
  )
  yield* Effect.scoped(Effect.flatMap(sandbox, (target) => bench(target, compiled)))
  if (Fleet.available) return yield* Effect.scoped(Effect.flatMap(fleet, (target) => bench(target, compiled)))
  yield* Console.log("The fleet was not measured: LAZYCLUSTER_FLEET=1 asks for it (root, openssh-server, nftables).")
}).pipe(Effect.scoped, Effect.provide(NodeContext.layer), NodeRuntime.runMain)
