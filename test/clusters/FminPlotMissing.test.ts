import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import * as FminPlot from "../../src/clusters/FminPlot.ts"

vi.mock("vega", () => {
  throw new Error("Cannot find package 'vega'")
})

it.effect("a plot without the libraries that draw it says what to install", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(FminPlot.svg([]))
    assert.deepInclude(error, {
      _tag: "FminError",
      reason: "Plot",
      detail: "vega and vega-lite are not installed",
      hint: "npm install vega vega-lite"
    })
  }))
