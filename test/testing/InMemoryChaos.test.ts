/**
 * Whatever goes wrong, nothing stays and every error is one of ours: scripts of faults drawn from seeds. `LAZYCLUSTER_SEED` begins with
 * that seed, `LAZYCLUSTER_RUNS` says how many follow.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { isLazyclusterError } from "../../src/LazyclusterError.ts"
import * as InMemoryFaults from "../../src/testing/InMemoryFaults.ts"
import { scriptOf, simulate } from "./faultyProgram.ts"

const runs = Number(process.env["LAZYCLUSTER_RUNS"] ?? 10)
const first = Number(process.env["LAZYCLUSTER_SEED"] ?? Math.floor(Math.random() * 1_000_000))

describe("random faults", () => {
  it.live(
    `leave nothing, and only errors of this package: ${runs} seeds from ${first} on`,
    () =>
      Effect.forEach(Array.from({ length: runs }, (_, index) => first + index), (seed) => {
        const script = scriptOf(seed, 1 + seed % 8)
        const told = () => `seed ${seed}\n${InMemoryFaults.show(script)}`
        return simulate(seed, script).pipe(
          Effect.tap(({ errors }) =>
            Effect.sync(() => {
              for (const error of errors) assert.isTrue(isLazyclusterError(error), `${String(error)}\n${told()}`)
            })
          ),
          Effect.catchAllCause((cause) => Effect.sync(() => assert.fail(`${Cause.pretty(cause)}\n${told()}`)))
        )
      }, { discard: true }),
    300_000
  )
})
