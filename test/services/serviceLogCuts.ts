/** A process prints numbered lines while its link is cut again and again: the log on the manager must have each once. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ServiceLog from "../../src/services/ServiceLog.ts"
import { until } from "../patience.ts"

/** So many lines, a pause after each hundred: about ten seconds, in which a cable can be pulled twice. */
const lines = 10_000

const script = `i=0
while [ $i -lt ${lines} ]; do
  i=$((i + 1))
  echo "line $i of the output"
  [ $((i % 100)) -ne 0 ] || { echo "error $i" >&2; sleep 0.1; }
done`

const expected = {
  out: Array.from({ length: lines }, (_, i) => `line ${i + 1} of the output`),
  err: Array.from({ length: lines / 100 }, (_, i) => `error ${(i + 1) * 100}`)
}

/** `LAZYCLUSTER_SEED` replays the moments of a run. */
const seed = Effect.sync(() => Number(process.env["LAZYCLUSTER_SEED"] ?? Math.floor(Math.random() * 2 ** 31))).pipe(
  Effect.tap((seed) => Effect.sync(() => console.log(`cuts: LAZYCLUSTER_SEED=${seed} replays this run`)))
)

/**
 * Runs it on a host, where `cut` cuts and mends the link, and compares. More than one cut must have been made while it ran.
 */
export const survivesCuts = <E, R>(alias: string, cut: Effect.Effect<void, E, R>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const from = yield* seed
    const cuts: Array<number> = []
    const file = yield* Effect.gen(function*() {
      const runtime = yield* Runtime.make(alias)
      const service = yield* ServiceLog.record(runtime.host, runtime.start("counter", { argv: ["sh", "-c", script] }))
      const cutting = Effect.gen(function*() {
        yield* Effect.sleep(yield* Random.nextIntBetween(50, 1200))
        // Else a cable may be out for good where the process ends just then.
        yield* Effect.uninterruptible(cut)
        cuts.push(1)
      })
      yield* Effect.raceFirst(Effect.forever(cutting).pipe(Effect.withRandom(Random.make(from))), service.exit)
      assert.strictEqual(yield* service.exit, 0)
      const file = service.logFile ?? ""
      // A link that is just coming back may need longer for it than the end waits.
      yield* until(fs.readFileString(file), (text) => text.includes("\n# ended "))
      return file
    }).pipe(Effect.scoped)
    assert.isAbove(cuts.length, 1)
    const log = (yield* fs.readFileString(file)).trimEnd().split("\n")
    assert.strictEqual(log.pop(), "# ended with exit code 0")
    assert.deepStrictEqual(log.filter((line) => line.startsWith("line")), expected.out)
    assert.deepStrictEqual(log.filter((line) => line.startsWith("error")), expected.err)
    assert.strictEqual(log.length, expected.out.length + expected.err.length)
  })
