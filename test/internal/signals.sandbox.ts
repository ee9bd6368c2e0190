import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as path from "node:path"
import * as readline from "node:readline"

const program = path.join(import.meta.dirname, "signalled.ts")

/** The program, when it is up; its next line and its exit code. */
const started = Effect.gen(function*() {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, ["--import", "tsx", program], { stdio: ["ignore", "pipe", "pipe"] })),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exit = once(child, "close")
  const said: Array<string> = []
  child.stderr.on("data", (chunk) => said.push(String(chunk)))
  const line = Effect.map(Effect.promise(() => lines.next()), ({ value }) => value)
  assert.strictEqual(yield* line, "up")
  return {
    line,
    said,
    signal: (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name)),
    code: Effect.map(Effect.promise(() => exit), ([code]) => code)
  }
})

describe("signals, when a cleanup has no end", () => {
  it.scopedLive("a second one ends the program with the code of the first, and says so", () =>
    Effect.gen(function*() {
      const { code, line, said, signal } = yield* started
      yield* signal("SIGTERM")
      assert.strictEqual(yield* line, "cleaning up")
      // One that follows at once is the first one, passed on by npm.
      yield* Effect.forkScoped(Effect.forever(Effect.delay(signal("SIGINT"), "100 millis")))
      assert.strictEqual(yield* code, 143)
      assert.include(said.join(""), "not waiting")
    }))

  it.scopedLive("after SIGHUP nobody is there to send one: the program ends by itself", () =>
    Effect.gen(function*() {
      const { code, line, signal } = yield* started
      yield* signal("SIGHUP")
      assert.strictEqual(yield* line, "cleaning up")
      assert.strictEqual(yield* code, 129)
    }))
})
