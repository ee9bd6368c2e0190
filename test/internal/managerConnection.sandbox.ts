import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import { manager } from "../../src/services/Host.ts"
import type { Program } from "../../src/services/SshConnection.ts"

const connect = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "manager-home-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
).pipe(Effect.flatMap((home) => managerConnection.make({ env: { HOME: home } })))

const sh = (source: string): Program => ({ name: "test", language: "sh", source })
const text = (stream: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(stream))
const bytes = (content: string) => Stream.make(Buffer.from(content))

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

  it.scopedLive("tells the signal that ended a process", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* connection.exec({ program: sh("kill -KILL $$"), words: [] })
      assert.deepStrictEqual(yield* process.exit, { code: 137, signal: "KILL" })
    }))

  it.scopedLive("passes on more than any buffer holds, both ways", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* connection.exec({ program: sh("exec cat"), words: [] })
      const block = Buffer.alloc(1024 * 1024, 7)
      const [size] = yield* Effect.all([
        Stream.runFold(process.stdout, 0, (sum, chunk) => sum + chunk.length),
        Effect.repeatN(process.write(block), 7).pipe(Effect.zipRight(process.endInput))
      ], { concurrency: 2 })
      assert.strictEqual(size, 8 * block.length)
    }))

  it.scopedLive("a process that takes no input any more is no error", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* connection.exec({ program: sh("exec <&-; exit 0"), words: [] })
      yield* process.exit
      yield* process.write("late\n")
    }))

  it.scopedLive("a closed scope closes the channel, not the process", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const files = yield* connection.files
      const opened = connection.exec({ program: sh("while read -r _; do :; done; echo done >ended"), words: [] })
      yield* Effect.scoped(opened)
      yield* files.stat("ended").pipe(
        Effect.repeat({ until: Option.isSome }),
        Effect.timeout("20 seconds")
      )
    }))

  it.scopedLive("reads, writes, lists and removes files", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const files = yield* connection.files
      yield* files.makeDirectory("a/b")
      yield* files.makeDirectory("a/b")
      yield* files.write("a/b/one", bytes("first"))
      yield* files.write("a/b/one", Stream.concat(bytes("sec"), bytes("ond")), 0o640)
      const stat = Option.getOrThrow(yield* files.stat("a/b/one"))
      assert.deepStrictEqual([stat.type, stat.size, stat.mode], ["file", 6, 0o640])
      assert.strictEqual(Buffer.from(yield* files.read("a/b/one", 1, 3)).toString(), "eco")
      assert.strictEqual((yield* files.read("a/b/one", 6, 3)).length, 0)
      assert.strictEqual(yield* text(files.readAll("a/b/one", 4)), "nd")
      const failed = yield* Effect.flip(files.write("a/b/one", Stream.concat(bytes("th"), Stream.fail("lost"))))
      assert.strictEqual(failed, "lost")
      assert.strictEqual(yield* text(files.readAll("a/b/one")), "second")
      yield* files.rename("a/b/one", "a/b/two")
      assert.deepStrictEqual(yield* files.list("a/b"), ["two"])
      yield* files.removeFile("a/b/two")
      yield* files.removeFile("a/b/two")
      assert.deepStrictEqual(yield* files.stat("a/b/two"), Option.none())
      const missing = yield* Effect.flip(files.read("nothing", 0, 1))
      assert.deepStrictEqual([missing.reason, missing.step, missing.host], ["Transfer", "files.read", manager.alias])
    }))

  it.scopedLive("connects two ends that close one after the other", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const listener = yield* connection.listen({ port: 0 })
      const near = yield* connection.dial({ port: listener.port })
      const far = Chunk.unsafeHead(yield* Stream.runCollect(Stream.take(listener.connections, 1)))
      near.end("question")
      // Not by iteration: that destroys the other direction too.
      const read = (end: typeof near) =>
        Effect.async<string>((resume) => {
          let all = ""
          end.setEncoding("utf8")
          end.on("data", (part: string) => all += part).on("end", () => resume(Effect.succeed(all)))
        })
      assert.strictEqual(yield* read(far), "question")
      far.end("answer")
      assert.strictEqual(yield* read(near), "answer")
    }))

  it.scopedLive("says that a port is taken, and frees it with its scope", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const port = yield* Effect.scoped(Effect.gen(function*() {
        const { port } = yield* connection.listen({ port: 0 })
        const taken = yield* Effect.flip(connection.listen({ port }))
        assert.deepStrictEqual([taken.reason, taken.step], ["PortInUse", "listen"])
        return port
      }))
      const refused = yield* Effect.flip(connection.dial({ port }))
      assert.deepStrictEqual([refused.reason, refused.step], ["ForwardRefused", "dial"])
      yield* connection.listen({ port })
    }))
})
