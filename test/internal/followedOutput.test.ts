import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as followedOutput from "../../src/internal/followedOutput.ts"
import type { Watched } from "../../src/services/Guardian.ts"
import type { Files } from "../../src/services/SshConnection.ts"

/** A file of 30 bytes, of which the host drops more after each of its first reads. */
const host = (drops: ReadonlyArray<number>) => {
  let hole = 0
  let reads = 0
  const files = {
    read: (path: string, offset: number, length: number) =>
      Effect.sync(() => {
        if (path.endsWith("hole-out")) {
          const said = Buffer.from(`${hole}`)
          // The next drop comes between what is told of the last one and the read behind it.
          hole = drops[reads] ?? hole
          return said
        }
        if (reads === 0) hole = drops[0] ?? 0
        reads++
        const text = "0123456789abcdefghijklmnopqrst"
        return Buffer.from("\0".repeat(hole) + text.slice(hole)).subarray(
          offset,
          Math.min(offset + length, offset + 10)
        )
      })
  }
  return files as unknown as Files
}

describe("the output of a process", () => {
  it.effect("that is dropped again and again under a read is counted, and none of it given", () =>
    Effect.gen(function*() {
      const watched: Watched = {
        name: "p",
        started: yield* Deferred.make<{ readonly pid: number; readonly start: string }>(),
        exited: yield* Deferred.make<number>(),
        cut: yield* Ref.make({ out: 0, err: 0 }),
        hole: yield* Ref.make({ out: 0, err: 0 })
      }
      yield* Deferred.succeed(watched.exited, 0)
      let missing = 0
      const text = yield* followedOutput.follow(
        watched,
        "state",
        Effect.succeed(host([12, 24])),
        "out",
        0,
        (bytes) => Effect.sync(() => void (missing += bytes))
      ).pipe(Stream.decodeText(), Stream.mkString)
      assert.strictEqual(text, "opqrst")
      assert.strictEqual(missing, 24)
    }))
})
