import * as NodeContext from "@effect/platform-node/NodeContext"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { survivesCuts } from "./serviceLogCuts.ts"

it.scopedLive("links that are cut and servers that stall neither lose nor repeat a byte of a service's log", () =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const host = sandbox.hosts[0]
    if (host === undefined) return
    const stalls = Effect.zipRight(host.stall, Effect.ensuring(Effect.sleep("300 millis"), host.resume))
    yield* survivesCuts("host-1", Effect.zipRight(host.cut, stalls)).pipe(
      Effect.provide(
        Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile }, executionLog: { directory: sandbox.home } })
      )
    )
  }).pipe(Effect.provide(NodeContext.layer)))
