import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import type { Program } from "../../src/services/SshConnection.ts"

const connect = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "manager-home-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
).pipe(Effect.flatMap((home) => managerConnection.make({ env: { HOME: home } })))

const sh = (source: string): Program => ({ name: "test", language: "sh", source })
const text = (stream: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(stream))

describe("managerConnection", () => {
  it.scopedLive("starts a program at home, in a session of its own, with its words", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* connection.exec({
        program: sh(
          `[ "$(ps -o sid= -p $$ | tr -d ' ')" = $$ ] && echo leader; [ "$PWD" = "$HOME" ] && echo "$1"; exit 3`
        ),
        words: ["a\nb '"]
      })
      assert.strictEqual(yield* text(process.stdout), "leader\na\nb '\n")
      assert.deepStrictEqual(yield* process.exit, { code: 3 })
    }))

  it.scopedLive("starts a program of a user without a home at the root", () =>
    Effect.gen(function*() {
      const connection = yield* managerConnection.make({ env: { HOME: "/nonexistent" } })
      const process = yield* connection.exec({ program: sh("pwd"), words: [] })
      assert.strictEqual(yield* text(process.stdout), "/\n")
    }))
})
