/**
 * Dask for hosts in memory: scheduler, workers and driver as a cluster starts them, and the functions of a test in the place of
 * Python's.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { InMemoryFunction } from "./InMemoryFunction.ts"
import * as InMemoryFunctions from "./InMemoryFunction.ts"
import type { Commands, Handler, Process } from "./InMemoryHost.ts"
import { portOf } from "./internal/memoryDaskMessages.ts"
import * as memoryDaskScheduler from "./internal/memoryDaskScheduler.ts"
import * as memoryDaskWorker from "./internal/memoryDaskWorker.ts"
import * as memoryEnvironment from "./internal/memoryEnvironment.ts"
import * as memoryLines from "./internal/memoryLines.ts"

const dask = (functions: ReadonlyArray<InMemoryFunction>): Handler => (self) =>
  Effect.flatMap(memoryEnvironment.versionsOf(self.files, self.argv[0] ?? ""), (versions) => {
    switch (self.argv[3]) {
      case "scheduler":
        return memoryDaskScheduler.run(self, versions)
      case "worker":
        return memoryDaskWorker.run(self, functions, versions)
      default:
        return Effect.as(self.stderr(`InMemoryDask: there is no \`dask ${self.argv[3] ?? ""}\` in memory\n`), 2)
    }
  })

/** `driver.py`: what it is told goes to the scheduler, what that answers comes back. */
const driver: Handler = (self) =>
  Effect.gen(function*() {
    const address = self.argv[1] ?? ""
    const say = (message: unknown) => self.stdout(`${JSON.stringify(message)}\n`)
    const connection = yield* Effect.either(self.dial({ port: portOf(address) }))
    if (connection._tag === "Left") {
      const { detail } = connection.left
      return yield* Effect.as(say({ event: "failed", detail: `OSError: Timed out trying to connect: ${detail}` }), 1)
    }
    const lines = memoryLines.over(connection.right)
    lines.send({ client: true })
    const heard = lines.received.pipe(
      Stream.runForEach((line) => self.stdout(`${line}\n`)),
      Effect.zipRight(say({ event: "lost", detail: `the connection to the scheduler at ${address} is gone` })),
      Effect.as(1)
    )
    return yield* Effect.raceFirst(heard, Effect.as(told(self, lines), 0))
  })

const told = (self: Process, lines: memoryLines.Lines): Effect.Effect<void> =>
  Effect.flatMap(
    self.readLine,
    Option.match({
      onNone: () => Effect.sync(lines.close),
      onSome: (line) => Effect.zipRight(Effect.sync(() => lines.pass(line)), told(self, lines))
    })
  )

/**
 * Commands of hosts in memory on which a Dask cluster runs: packages are there as soon as they are asked for, workers register
 * with the scheduler over the network in memory, values stay with them and go from one to another. A worker that dies loses
 * its values: they are made again. Functions are called by name, with the implementations that are given.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { DaskCluster, PythonFunction, RuntimeGroup } from "lazycluster"
 * import { InMemoryDask, InMemoryFunction, InMemorySsh } from "lazycluster/testing"
 * import { Effect, Schema } from "effect"
 *
 * const square = PythonFunction.make({
 *   source: "def square(x): return x ** 2",
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 *
 * const commands = InMemoryDask.commands([
 *   InMemoryFunction.of(square, ({ x }) => Effect.succeed(x ** 2))
 * ])
 *
 * const four = Effect.gen(function*() {
 *   const group = yield* RuntimeGroup.make(["host-1", "host-2"])
 *   const { client } = yield* DaskCluster.make(group)
 *   return yield* client.result(yield* client.submit(square, { x: 2 }))
 * }).pipe(Effect.scoped, Effect.provide(InMemorySsh.layer(["host-1", "host-2"], { commands })))
 */
export const commands = (functions: ReadonlyArray<InMemoryFunction> = []): Commands => ({
  ...InMemoryFunctions.commands(functions),
  "python -m dask": dask(functions),
  "lazycluster-driver": driver
})
