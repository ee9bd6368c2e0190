/**
 * A service of host-1 on the manager and on the rest of a group, and one of the manager on all hosts. Needs Python there.
 *
 *     npx tsx examples/expose.ts
 */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schedule } from "effect"
import { Expose, Lazycluster, Runtime, RuntimeGroup, RuntimeTask } from "lazycluster"

const serve = (runtime: Runtime.Runtime, port: number) =>
  runtime.start("web", { argv: ["python3", "-m", "http.server", "--bind", "127.0.0.1", String(port)] })

const patiently = Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds")))

const get = (port: number) =>
  HttpClient.get(`http://127.0.0.1:${port}/`).pipe(
    Effect.flatMap((response) => response.text),
    patiently,
    Effect.map((page) => page.includes("Directory listing") ? "a directory" : "something else")
  )

const program = Effect.gen(function*() {
  const group = yield* RuntimeGroup.make(["host-1", "host-2", "host-3"])
  const database = yield* RuntimeGroup.get(group, "host-1")
  yield* serve(database, 8840)

  const here = yield* Expose.fromRuntime(database, 8840, { at: [8841, 8842] })
  yield* Console.log(`the manager sees ${yield* get(here.port)}`)

  const there = yield* Expose.fromRuntimeToGroup(group, "host-1", 8840, { at: "any" })
  const look = RuntimeTask.make("look").pipe(
    RuntimeTask.runCommand(
      `python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:${there.port}').status)"`
    )
  )
  for (const { host } of there.routes.map(({ from }) => ({ host: from.alias }))) {
    const done = yield* Runtime.execute(yield* RuntimeGroup.get(group, host), look)
    yield* Console.log(`${host} gets ${done.executionLog[0]?.stdout.trim()}`)
  }

  const range = yield* Expose.toGroup(group, Expose.range(8850, 8852), { at: 8860, exclude: ["host-3"] })
  yield* Console.log(Expose.render(range))
})

program.pipe(Effect.scoped, Effect.provide([Lazycluster.layer, FetchHttpClient.layer]), NodeRuntime.runMain)
