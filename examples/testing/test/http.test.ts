import { HttpClient } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Runtime, RuntimeHttp } from "lazycluster"
import { InMemorySsh } from "lazycluster/testing"

const commands: InMemorySsh.WorldOptions["commands"] = {
  // What the program `api` does on the host: it listens there, and the manager reaches it through SSH.
  api: ({ serveHttp }) =>
    serveHttp({ port: 8080 }, ({ path }) => Effect.succeed({ body: `you asked for ${path}` })).pipe(
      Effect.zipRight(Effect.never),
      Effect.orDie
    )
}

it.effect("an HttpClient reaches a server that only its host can reach", () =>
  Effect.gen(function*() {
    const runtime = yield* Runtime.make("host-1")
    yield* runtime.start("api", { argv: ["api"] })
    const text = yield* HttpClient.get("http://127.0.0.1:8080/health").pipe(
      Effect.flatMap((response) => response.text),
      // The program may not listen yet.
      Effect.retry(Schedule.recurs(5)),
      Effect.scoped,
      Effect.provide(RuntimeHttp.layerClient(runtime))
    )
    assert.strictEqual(text, "you asked for /health")
  }).pipe(InMemorySsh.check(["host-1"], { commands })))
