/** Three hosts look for primes at once; what they find comes as one stream. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { Lazycluster, RemoteWorker, Runtime } from "lazycluster"
import { Primes } from "./remote-worker-primes.ts"

const worker = RemoteWorker.make({ group: Primes, module: new URL("./remote-worker-primes.ts", import.meta.url) })

const program = Effect.gen(function*() {
  const clients = yield* Effect.forEach(
    ["host-1", "host-2", "host-3"],
    (host) => Effect.flatMap(Runtime.make(host), (runtime) => RemoteWorker.start(runtime, worker)),
    { concurrency: 3 }
  )
  const primes = Stream.mergeAll(
    clients.map((client, index) => client.between({ from: index * 1000, to: index * 1000 + 999 })),
    { concurrency: 3 }
  )
  const found = yield* Stream.runFold(primes, { count: 0, largest: 0 }, ({ count, largest }, prime) => ({
    count: count + 1,
    largest: Math.max(largest, prime)
  }))
  yield* Console.log(`${found.count} primes below 3000, the largest is ${found.largest}`)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
