/**
 * examples/dask.ts as it is, on hosts in memory: only the layer that it provides and the one line that runs it are others.
 */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import { output } from "./daskExampleWorld.ts"

const { ran } = vi.hoisted(() => {
  const ran: Array<Effect.Effect<unknown, unknown>> = []
  return { ran }
})

vi.mock("@effect/platform-node", () => ({
  NodeRuntime: { runMain: (program: Effect.Effect<unknown, unknown>) => void ran.push(program) }
}))
vi.mock("../../src/Lazycluster.ts", () => import("./daskExampleWorld.ts"))

// The example loads the library with that layer in it, whatever was loaded before; whoever comes after loads it without.
beforeAll(() => void vi.resetModules())
afterAll(() => void vi.resetModules())

it.live("the example of Dask gives -285 without SSH and without Python", () =>
  Effect.gen(function*() {
    yield* Effect.promise(() => import("../../examples/dask.ts"))
    const [program] = ran
    if (program === undefined) return assert.fail("the example has run nothing")
    const printed = yield* output(program)
    assert.deepStrictEqual(printed, ["Result: -285"])
  }))
