/**
 * A host that exists only in memory: a process there is killed, the runtime tells of it, and nothing is left at the end.
 *
 *     npx tsx examples/in-memory.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Runtime } from "lazycluster"
import { InMemorySsh } from "lazycluster/testing"

const world = InMemorySsh.layer(["host-1", "host-2"], {
  // What the program `server` does there.
  commands: { server: (process) => Effect.zipRight(process.stdout("ready\n"), Effect.never) }
})

const program = Effect.gen(function*() {
  const hosts = yield* InMemorySsh.InMemorySsh
  yield* Effect.scoped(Effect.gen(function*() {
    const runtime = yield* Runtime.make("host-1")
    const server = yield* runtime.start("server", { argv: ["server"] })
    yield* hosts.kill("host-1", "server")
    yield* Console.log(`the server has ended with ${yield* server.exit}`) // 137
  }))
  yield* Console.log(`left on the hosts: ${(yield* hosts.leftovers).length}`) // 0
})

program.pipe(Effect.provide(world), NodeRuntime.runMain)
