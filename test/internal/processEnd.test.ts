import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import { Writable } from "node:stream"
import * as ProcessEnd from "../../src/internal/processEnd.ts"
import { linkLost } from "../../src/internal/ssh2Errors.ts"

const lost = linkLost("host-1", "exec", new Error("cut"))

/** Whatever a write comes to, the end of the process counts. */
const written = (input: Writable, meanwhile: Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const end = ProcessEnd.unsafeMake()
    const writing = yield* Effect.fork(Effect.flip(end.write(input, Buffer.alloc(8 * 1024 * 1024), () => undefined)))
    yield* Effect.yieldNow()
    yield* meanwhile
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    end.finish(Effect.fail(lost), Effect.fail(lost))
    assert.strictEqual(yield* Fiber.join(writing), lost)
  })

describe("the end of a process", () => {
  it.effect("a write whose stream is destroyed was not taken, though Node says so", () => {
    const input: Writable = new Writable({
      write: (_chunk, _encoding, done) => {
        input.destroy()
        done()
      }
    })
    return written(input, Effect.void)
  })

  it.effect("nor one to a client that has ended", () =>
    Effect.gen(function*() {
      const child = spawn("/bin/cat", [], { stdio: ["pipe", "pipe", "ignore"] })
      const gone = Effect.async<void>((resume) => void child.on("exit", () => resume(Effect.void)))
      child.stdin.on("error", () => {})
      const end = Effect.sync(() => {
        child.stdin.destroy()
        child.kill("SIGKILL")
      })
      yield* written(child.stdin, Effect.zipRight(end, gone))
    }))
})
