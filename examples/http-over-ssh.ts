/** A server that only its host can reach answers an HttpClient here, and a port of the host leads to a server here. */
import { HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Lazycluster, Runtime, RuntimeHttp } from "lazycluster"

const app = HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.text("the manager answers")))

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make("host-1")
  yield* Layer.build(HttpServer.serve(app).pipe(Layer.provide(RuntimeHttp.layerServer(runtime, { port: 8870 }))))

  const page = HttpClient.get("http://127.0.0.1:8870/").pipe(
    Effect.flatMap((response) => response.text),
    Effect.scoped
  )
  yield* Console.log(`from host-1: ${yield* page.pipe(Effect.provide(RuntimeHttp.layerClient(runtime)))}`)
})

program.pipe(Effect.scoped, Effect.provide(Lazycluster.layer), NodeRuntime.runMain)
