import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeHttp from "../../src/runtimes/RuntimeHttp.ts"
import type { Address } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const commands: Commands = {
  web: ({ host, serveHttp }) =>
    serveHttp({ port: 8000 }, ({ method, path }) => Effect.succeed({ body: `${method} ${path} on ${host}` })).pipe(
      Effect.zipRight(Effect.never),
      Effect.orDie
    )
}

const world = layer(["host-1"], { commands })

const app = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.text("from the manager")),
  HttpRouter.post(
    "/length",
    Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      (request) => Effect.map(request.text, (text) => HttpServerResponse.text(String(text.length)))
    )
  )
)

describe("HTTP through a runtime", () => {
  it.scoped("a client reaches the host's own ports", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("web", { argv: ["web"] })
      const client = yield* RuntimeHttp.client(runtime)
      const texts = yield* Effect.forEach(["/a", "/b", "/c"], (path) =>
        Effect.flatMap(client.get(`http://127.0.0.1:8000${path}`), (response) => response.text), { concurrency: 3 })
      assert.deepStrictEqual(
        texts,
        ["/a", "/b", "/c"].map((path) =>
          `GET ${path} on host-1`
        )
      )
    }).pipe(Effect.provide(world)))

  it.scoped("says why it cannot be reached", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      const client = yield* RuntimeHttp.client(runtime)
      const error = yield* Effect.flip(client.get("http://127.0.0.1:8000/"))
      assert.strictEqual(error._tag, "RequestError")
      assert.instanceOf(error.cause, SshError)
      assert.deepInclude(error.cause, { reason: "ForwardRefused", host: "host-1" })
    }).pipe(Effect.provide(world)))

  const addresses: ReadonlyArray<Address> = [{ port: 8080 }, { path: "/tmp/web.sock" }]
  for (const at of addresses) {
    it.scoped(`a server listens on ${JSON.stringify(at)} of the host, and frees it`, () =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const runtime = yield* Runtime.make("host-1")
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Layer.build(HttpServer.serve(app).pipe(Layer.provide(RuntimeHttp.layerServer(runtime, at))))
          const client = yield* RuntimeHttp.client(runtime, "path" in at ? { to: at } : {})
          const page = yield* client.get("http://127.0.0.1:8080/")
          assert.strictEqual(yield* page.text, "from the manager")
          const length = yield* client.execute(
            HttpClientRequest.post("http://127.0.0.1:8080/length").pipe(HttpClientRequest.bodyText("x".repeat(500_000)))
          )
          assert.strictEqual(yield* length.text, "500000")
        }))
        const left = yield* hosts.leftovers
        assert.isFalse(left.some((line) => line.includes("8080") || line.includes("web.sock")), left.join("\n"))
      }).pipe(Effect.provide(world)))
  }

  it.scoped("as a layer", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("web", { argv: ["web"] })
      const text = yield* HttpClient.get("http://127.0.0.1:8000/x").pipe(
        Effect.flatMap((response) => response.text),
        Effect.scoped,
        Effect.provide(RuntimeHttp.layerClient(runtime))
      )
      assert.strictEqual(text, "GET /x on host-1")
    }).pipe(Effect.provide(world)))
})
