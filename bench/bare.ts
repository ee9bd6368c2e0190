/** How long Dask's own programs take to come up on this machine, started without us. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as http from "node:http"
import * as net from "node:net"

const freePort = Effect.async<number>((resume) => {
  const server = net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** The question that our own probe asks, asked more often. */
const healthy = (port: number) =>
  Effect.async<void, string>((resume) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/health", agent: false }, (response) => {
      response.resume()
      resume(response.statusCode === 200 ? Effect.void : Effect.fail(`answers ${response.statusCode}`))
    })
    request.on("error", (cause) => resume(Effect.fail(cause.message)))
    return Effect.sync(() => request.destroy())
  }).pipe(Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo("60 seconds"))))

/** Milliseconds until a program of Dask answers; it runs on until the scope closes. */
const up = Effect.fnUntraced(function*(python: string, args: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "lazycluster-bench-" })
  const port = yield* freePort
  const begun = yield* Clock.currentTimeMillis
  // Its log goes to a file: nobody reads a pipe, and a full one would stop it.
  const command = ["exec", "\"$@\"", ">log", "2>&1"].join(" ")
  yield* Command.start(
    Command.make("sh", "-c", command, "sh", python, "-m", "dask", ...args, "--dashboard-address", `127.0.0.1:${port}`)
      .pipe(Command.workingDirectory(directory))
  )
  yield* healthy(port)
  return (yield* Clock.currentTimeMillis) - begun
})

/** A scheduler; then one worker; then as many at once as the cluster has. Milliseconds each. */
export const measure = Effect.fn("bare.measure")(function*(options: {
  readonly schedulerPython: string
  readonly workerPython: string
  readonly workers: number
}) {
  const port = yield* freePort
  const scheduler = yield* up(options.schedulerPython, ["scheduler", "--host", "127.0.0.1", "--port", String(port)])
  const worker = up(options.workerPython, ["worker", `tcp://127.0.0.1:${port}`, "--host", "127.0.0.1", "--no-nanny"])
  const one = yield* Effect.scoped(worker)
  const many = yield* Effect.all(Array.from({ length: options.workers }, () => worker), {
    concurrency: options.workers
  })
  return { scheduler, one, many: Math.max(...many) }
}, Effect.scoped)
