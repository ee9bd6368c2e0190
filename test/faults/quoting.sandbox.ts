import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { nothingLeft, run, services } from "./faulty.ts"
import { arrives } from "./quotingCases.ts"

it.scopedLive("a thousand generated arguments, values and paths arrive byte for byte on a Sandbox host", () =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const { exit, reports } = yield* run(
      Effect.flatMap(Runtime.make("host-1"), arrives).pipe(
        Effect.scoped,
        Effect.provide(services(sandbox, sandbox.configFile))
      )
    )
    yield* exit
    assert.strictEqual(reports.length, 1)
    yield* nothingLeft(sandbox, reports)
  }).pipe(Effect.provide(NodeContext.layer)))
