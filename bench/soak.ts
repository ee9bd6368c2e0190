/**
 * A manager that works for long: tasks on one runtime, or runtimes with a tunnel made and closed, again and again. Prints a
 * line of JSON for each moment at which it looked at what it holds.
 *
 * `node --expose-gc --import tsx bench/soak.ts CONFIG DIRECTORY HOST tasks|cycles WARM TOTAL [LEAK]`
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { openSync } from "node:fs"
import { createServer } from "node:net"
import * as process from "node:process"
import * as Lazycluster from "../src/Lazycluster.ts"
import * as Runtime from "../src/runtimes/Runtime.ts"
import * as Tunnel from "../src/services/Tunnel.ts"
import * as RuntimeTask from "../src/tasks/RuntimeTask.ts"
import * as soakMeter from "./soakMeter.ts"
import { Moment } from "./soakMoment.ts"

const [, , config = "", directory = "", host = "", mode = "tasks", warm = "0", total = "0", leak = ""] = process.argv

const atOnce = 4

const kept: Array<unknown> = []

/** What a faulty manager would forget to give back, each time: the meter must find it. */
const leaks: Record<string, Effect.Effect<void>> = {
  descriptor: Effect.sync(() => void openSync("/dev/null", "r")),
  listener: Effect.async((resume) => {
    // It must not keep this program from its end.
    const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.void)).unref()
    kept.push(server)
  }),
  heap: Effect.sync(() => void kept.push(Array.from({ length: 1000 }, (_, k) => ({ k }))))
}
const forget = leaks[leak] ?? Effect.void

const print = Effect.fnUntraced(function*(done: number, millis: number, transports: number) {
  const moment = Moment.make({ done, millis, transports, snapshot: yield* soakMeter.take(directory) })
  yield* Effect.flatMap(Schema.encode(Schema.parseJson(Moment))(moment), Console.log)
})

/** So often, then a look, then so often again. */
const again = <R, R2>(
  one: (index: number) => Effect.Effect<unknown, unknown, R>,
  transports: Effect.Effect<number, unknown, R2>
) =>
  Effect.gen(function*() {
    const run = (from: number, to: number) => {
      const all = Array.from({ length: to - from }, (_, index) => Effect.zipRight(one(from + index), forget))
      return mode === "tasks"
        ? Effect.all(all, { concurrency: atOnce, discard: true })
        // After each turn nothing is left open, not even a connection.
        : Effect.forEach(
          Chunk.chunksOf(Chunk.fromIterable(all), atOnce),
          (some) => Effect.all(some, { concurrency: "unbounded", discard: true }),
          { discard: true }
        )
    }
    yield* run(0, Number(warm))
    yield* print(Number(warm), 0, yield* transports)
    const begun = yield* Clock.currentTimeMillis
    yield* run(Number(warm), Number(total))
    yield* print(Number(total), (yield* Clock.currentTimeMillis) - begun, yield* transports)
  })

const tasks = Effect.gen(function*() {
  const runtime = yield* Runtime.make(host, { environment: { LAZYCLUSTER_SOAK: "1" } })
  const one = (index: number) =>
    Runtime.execute(
      runtime,
      RuntimeTask.make("soak").pipe(RuntimeTask.runCommand(`echo ${index}; echo problem >&2`))
    )
  yield* again(one, Effect.flatMap(runtime.connection, (connection) => connection.transports))
}).pipe(Effect.scoped)

const cycles = Effect.suspend(() => {
  const one = () =>
    Effect.scoped(Effect.gen(function*(): Effect.fn.Return<void, unknown, Scope.Scope | Lazycluster.Lazycluster> {
      const runtime = yield* Runtime.make(host, { environment: { LAZYCLUSTER_SOAK: "1" } })
      const manager = yield* Runtime.manager({ environment: { LAZYCLUSTER_SOAK: "1" } })
      yield* Tunnel.make({ from: manager, at: { port: 0 }, to: runtime, target: { port: 9 } })
      yield* Tunnel.make({ from: runtime, at: { port: 0 }, to: manager, target: { port: 9 } })
      yield* runtime.start("sleeper", { argv: ["sleep", "1000"] })
    }))
  return again(one, Effect.succeed(1))
})

const program = mode === "tasks" ? tasks : cycles

program.pipe(
  // What lives as long as the program is there in both looks.
  Effect.provide(
    Lazycluster.layerOf({
      sshConfig: { file: config },
      executionLog: { directory: `${directory}/execution_log` }
    })
  ),
  Effect.provide(NodeContext.layer),
  Effect.zipRight(Effect.sync(() => kept.length = 0)),
  NodeRuntime.runMain
)
