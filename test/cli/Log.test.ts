import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as TestClock from "effect/TestClock"
import * as Log from "../../src/cli/Log.ts"
import * as ProgressView from "../../src/cli/ProgressView.ts"
import { View } from "../../src/cli/View.ts"

/** What is written on standard error while this logs. */
const logged = (debug: boolean, effect: Effect.Effect<void>) =>
  Effect.gen(function*() {
    let said = ""
    const output = {
      live: false,
      colours: false,
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      write: (text: string) => Effect.sync(() => void (said += text))
    }
    const view = yield* ProgressView.make({ out: output, err: output })
    yield* effect.pipe(
      Logger.withMinimumLogLevel(debug ? LogLevel.Debug : LogLevel.Info),
      Effect.provide(Log.layer(debug)),
      Effect.provideService(View, view)
    )
    return said
  })

const some = Effect.gen(function*() {
  yield* Effect.logDebug("connection opened")
  yield* Effect.logWarning("a task has failed").pipe(Effect.annotateLogs({ host: "a", step: "one" }))
  yield* Effect.logInfo("all is well")
})

describe("Log", () => {
  it.scoped("says for people what the library logs, the last of it too", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* logged(false, some),
        "warning: a task has failed (host=a, step=one)\nall is well\n"
      )
    }))

  it.scoped("says when and how grave under --debug", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_234)
      assert.strictEqual(
        yield* logged(true, some),
        [
          "00:00:01.234 DEBUG connection opened",
          "00:00:01.234 WARN a task has failed (host=a, step=one)",
          "00:00:01.234 INFO all is well",
          ""
        ].join("\n")
      )
      assert.match(yield* logged(true, Effect.logError("no", new Error("boom"))), /ERROR no [^]*boom/)
    }))
})
