/**
 * A service of a host used from here, and a service of this machine used there: ports that nobody else can reach.
 *
 *     npx tsx examples/expose-runtime.ts host-1
 */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schedule } from "effect"
import { Expose, Lazycluster, Runtime } from "lazycluster"

const get = (port: number) =>
  HttpClient.get(`http://127.0.0.1:${port}/`).pipe(
    Effect.flatMap(({ status }) => Console.log(`port ${port} answers with ${status}`)),
    // It may not listen yet.
    Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 100 })
  )

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make(process.argv[2] ?? "host-1")
  yield* runtime.start("web", { argv: ["python3", "-m", "http.server", "--bind", "127.0.0.1", "8800"] })

  // Port 8800 of the host, here under the first number that is free.
  const here = yield* Expose.fromRuntime(runtime, 8800, { at: [8810, 8811, 8812] })
  yield* get(here.port)

  // And that one of this machine, on port 8820 of the host.
  const there = yield* Expose.toRuntime(runtime, here.port, { at: 8820 })
  yield* Console.log(`${runtime.host} reaches this machine at its own port ${there.port}`)
})

program.pipe(Effect.scoped, Effect.provide([Lazycluster.layer, FetchHttpClient.layer]), NodeRuntime.runMain)
