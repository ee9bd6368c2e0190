import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sandbox from "../src/testing/Sandbox.ts"
import { examples, prints } from "./examples.ts"

describe("the examples print what they say", () => {
  for (const [name, { hosts }] of Object.entries(examples)) {
    it.scopedLive(name, () =>
      Sandbox.make({ hosts }).pipe(
        Effect.flatMap(({ home }) => prints(name, home)),
        Effect.provide(NodeContext.layer)
      ))
  }
})
