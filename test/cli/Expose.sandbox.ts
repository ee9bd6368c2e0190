/** `expose` as a user runs it: bytes pass, Ctrl-C ends it, and nothing is left. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, get } from "node:http"
import type { AddressInfo, Server } from "node:net"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { freePort } from "../testing/sandboxClients.ts"
import * as program from "./program.ts"

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) =>
      void server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    ),
    () => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

const page = (port: number) =>
  Effect.async<string>((resume) => {
    get({ port, host: "127.0.0.1", agent: false }, (response) => {
      response.setEncoding("utf8").once("data", (text: string) => resume(Effect.succeed(text)))
    }).on("error", (error) => resume(Effect.succeed(error.message)))
  })

it.scopedLive("expose leads to a service here until Ctrl-C, which leaves nothing and gives 130", () =>
  Effect.gen(function*() {
    const { configFile } = yield* Sandbox.make({ hosts: 1 })
    const home = yield* program.home
    const service = yield* listening(createServer((_, response) => response.end("here")))
    const at = yield* freePort
    const running = yield* program.start(home, [
      "expose",
      String(service),
      "--to",
      "host-1",
      "--at",
      String(at),
      "--config",
      configFile
    ])
    yield* program.holds("until it stands", Effect.sync(() => running.said.stderr.includes("Until Ctrl-C.")))
    assert.strictEqual(running.said.stdout, `host-1 127.0.0.1:${at} -> (manager) 127.0.0.1:${service}\n`)
    assert.strictEqual(yield* page(at), "here")
    yield* running.signal("SIGINT")
    assert.strictEqual(yield* running.exit, 130, running.said.stderr)
    assert.match(yield* page(at), /ECONNREFUSED/)
    yield* program.none("left", program.leftovers(home))
  }))
