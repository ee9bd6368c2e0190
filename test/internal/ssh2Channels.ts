/** What a connection over ssh2 must do on any server: run on the Sandbox and on real sshd. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash, randomBytes } from "node:crypto"
import type { Duplex } from "node:stream"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import type { SshError } from "../../src/services/SshError.ts"
import { bytes, program, run } from "./ssh2Lab.ts"

const hash = (data: Uint8Array) => createHash("sha256").update(data).digest("hex")

const megabyte = 1024 * 1024

/** All that comes until the end, or the error. */
const drain = (duplex: Duplex) =>
  Effect.async<Buffer, Error>((resume) => {
    const received: Array<Buffer> = []
    duplex
      .on("data", (chunk: Buffer) => received.push(chunk))
      .on("end", () => resume(Effect.succeed(Buffer.concat(received))))
      .on("error", (cause) => resume(Effect.fail(cause)))
  })

/** Sends and half closes; what comes back until the other end does so too. */
const exchange = (duplex: Duplex, data: string | Buffer) => {
  duplex.end(data)
  return drain(duplex)
}

/** Answers each connection with what it sent, once that has ended. */
const echo = (duplex: Duplex) => Effect.map(drain(duplex), (data) => void duplex.end(data)).pipe(Effect.ignore)

export const processes = (connection: SshConnection) =>
  Effect.gen(function*() {
    const ended = yield* run(connection, `printf %s "$1"; echo err >&2; exit 7`, "a b'c\n")
    assert.deepStrictEqual(ended, { stdout: "a b'c\n", stderr: "err\n", status: { code: 7 } })
    const killed = yield* run(connection, "kill -TERM $$")
    assert.strictEqual(killed.status.signal, "TERM")
    // Ends before it reads: what it does not take is dropped.
    const early = yield* Effect.scoped(Effect.gen(function*() {
      const process = yield* connection.exec({ program: program("exit 3"), words: [] })
      const status = yield* process.exit
      yield* process.write("nobody reads this")
      yield* process.endInput
      return [status, (yield* bytes(process.stdout)).length]
    }))
    assert.deepStrictEqual(early, [{ code: 3 }, 0])
    // A write that waits for room when the process ends does not wait for ever.
    const stuck = yield* Effect.scoped(Effect.gen(function*() {
      const process = yield* connection.exec({ program: program("read go; exit 4"), words: [] })
      const writing = yield* Effect.fork(process.write(Buffer.alloc(8 * megabyte)))
      const reading = yield* Effect.fork(bytes(process.stdout))
      yield* process.write("go\n")
      const status = yield* process.exit
      yield* Fiber.join(writing)
      yield* Fiber.join(reading)
      return status
    }))
    assert.deepStrictEqual(stuck, { code: 4 })
  })

/** Twenty megabytes there and back at once, and one that nobody reads holds its sender back. */
export const bulk = (connection: SshConnection) =>
  Effect.gen(function*() {
    const data = randomBytes(20 * megabyte)
    const back = yield* Effect.scoped(Effect.gen(function*() {
      const process = yield* connection.exec({ program: program("cat; echo done >&2"), words: [] })
      const [, stdout, stderr, status] = yield* Effect.all([
        Effect.zipRight(
          Effect.forEach(
            Array.from({ length: 320 }, (_, index) => data.subarray(index * 65_536, (index + 1) * 65_536)),
            process.write,
            { discard: true }
          ),
          process.endInput
        ),
        bytes(process.stdout),
        bytes(process.stderr),
        process.exit
      ], { concurrency: 4 })
      return { size: stdout.length, hash: hash(stdout), stderr: stderr.toString(), status }
    }))
    assert.deepStrictEqual(back, { size: data.length, hash: hash(data), stderr: "done\n", status: { code: 0 } })
    yield* Effect.scoped(Effect.gen(function*() {
      const process = yield* connection.exec({
        program: program("dd if=/dev/zero bs=65536 count=1600 2>/dev/null"),
        words: []
      })
      const read = yield* process.stdout.pipe(
        Stream.runFoldWhileEffect(0, (size) => size < megabyte, (size, chunk) => Effect.succeed(size + chunk.length))
      )
      // Other sessions go on beside it, and what waits here is a window, not the rest of the hundred megabytes.
      assert.strictEqual((yield* run(connection, "echo beside")).stdout, "beside\n")
      assert.isBelow(read, 8 * megabyte)
      const exit = yield* Effect.fork(process.exit)
      yield* Effect.yieldNow()
      assert.isTrue(Option.isNone(yield* Fiber.poll(exit)), "a hundred megabytes went to nobody")
      const rest = yield* Stream.runFold(process.stdout, read, (size, chunk) => size + chunk.length)
      assert.strictEqual(rest, 1600 * 65_536)
    }))
  })

/** Both ways at once through a port of the host that leads back here. */
export const forwards = (connection: SshConnection) =>
  Effect.scoped(Effect.gen(function*() {
    const listener = yield* connection.listen({ port: 0 })
    assert.isAbove(listener.port, 0)
    yield* Effect.forkScoped(
      Stream.runDrain(Stream.mapEffect(listener.connections, echo, { concurrency: 300, unordered: true }))
    )
    const answers = yield* Effect.forEach(
      Array.from({ length: 200 }, (_, index) => `number ${index}`),
      (text) =>
        Effect.scoped(Effect.flatMap(connection.dial({ port: listener.port }), (duplex) => exchange(duplex, text))),
      { concurrency: "unbounded" }
    )
    assert.deepStrictEqual(answers.map(String), Array.from({ length: 200 }, (_, index) => `number ${index}`))
    const large = randomBytes(5 * megabyte)
    const back = yield* Effect.scoped(
      Effect.flatMap(connection.dial({ port: listener.port }), (duplex) => exchange(duplex, large))
    )
    assert.strictEqual(hash(back), hash(large))
    const taken = yield* Effect.flip(connection.listen({ port: listener.port }))
    assert.strictEqual(taken.reason, "PortInUse")
    assert.include(taken.message, `ss -ltnp 'sport = :${listener.port}'`)
    return listener.port
  })).pipe(Effect.tap((port) =>
    Effect.gen(function*() {
      // Free at once: bound again without a wait, and nothing answers once that is closed too.
      yield* Effect.scoped(connection.listen({ port }))
      const refused = yield* Effect.flip(Effect.scoped(connection.dial({ port })))
      assert.strictEqual(refused.reason, "ForwardRefused")
    })
  ))

/** What is opened and closed again, many times over, uses up nothing. */
export const cycles = (connection: SshConnection) =>
  Effect.gen(function*() {
    const one = Effect.scoped(Effect.gen(function*() {
      const listener = yield* connection.listen({ port: 0 })
      yield* Effect.forkScoped(Stream.runForEach(listener.connections, echo))
      const duplex = yield* connection.dial({ port: listener.port })
      assert.strictEqual(String(yield* exchange(duplex, "x")), "x")
      // One that is cut off unread, and one that nobody takes.
      yield* connection.dial({ port: listener.port })
      const unread = yield* connection.exec({ program: program("echo unread; cat"), words: [] })
      yield* unread.endInput
      yield* Effect.scoped(Effect.flatMap(connection.files, (files) => files.stat("/")))
    }))
    const warnings: Array<string> = []
    const warned = (warning: Error) => void warnings.push(warning.message)
    yield* Effect.acquireUseRelease(
      Effect.sync(() => process.on("warning", warned)),
      () => Effect.forEach(Array.from({ length: 200 }), () => one, { discard: true }),
      () => Effect.sync(() => process.off("warning", warned))
    )
    // Node warns of the eleventh listener.
    assert.deepStrictEqual(warnings, [])
    assert.strictEqual((yield* run(connection, "echo still here")).stdout, "still here\n")
  })

export const files = (connection: SshConnection, folder: string) =>
  Effect.scoped(Effect.gen(function*() {
    const files = yield* connection.files
    yield* files.makeDirectory(`${folder}/a/b`)
    yield* files.makeDirectory(`${folder}/a/b`)
    const sizes = [0, 1, 255 * 1024, 256 * 1024, 256 * 1024 + 1, 5 * megabyte]
    for (const size of sizes) {
      const path = `${folder}/a/b/${size}`
      const data = randomBytes(size)
      yield* files.write(path, Stream.make(new Uint8Array(data)), 0o640)
      const stat = Option.getOrThrow(yield* files.stat(path))
      assert.deepStrictEqual([stat.type, stat.size, stat.mode], ["file", size, 0o640])
      assert.strictEqual(hash(yield* bytes(files.readAll(path))), hash(data))
      for (const offset of [1, 256 * 1024 - 1, size]) {
        assert.strictEqual(hash(yield* bytes(files.readAll(path, offset))), hash(data.subarray(offset)))
      }
      const part = yield* files.read(path, 100, 50)
      assert.strictEqual(hash(part), hash(data.subarray(100, 150)))
    }
    assert.deepStrictEqual(yield* files.list(`${folder}/a/b`), sizes.map(String).sort())
    // Replacing makes it shorter and gives it the mode asked for; a rename replaces too.
    yield* files.write(`${folder}/a/b/1`, Stream.make(Buffer.from("short")), 0o755)
    yield* files.rename(`${folder}/a/b/1`, `${folder}/a/b/0`)
    yield* files.chmod(`${folder}/a/b/0`, 0o600)
    const replaced = Option.getOrThrow(yield* files.stat(`${folder}/a/b/0`))
    assert.deepStrictEqual([replaced.size, replaced.mode], [5, 0o600])
    yield* files.removeFile(`${folder}/a/b/0`)
    yield* files.removeFile(`${folder}/a/b/0`)
    assert.isTrue(Option.isNone(yield* files.stat(`${folder}/a/b/0`)))
    const errorOf = <A>(effect: Effect.Effect<A, SshError>) =>
      Effect.map(Effect.flip(effect), ({ detail, reason, step }) => `${reason} ${step} ${detail}`)
    const nowhere = `${folder}/nowhere/x`
    assert.deepStrictEqual(
      yield* Effect.all([
        errorOf(files.read(nowhere, 0, 1)),
        errorOf(bytes(files.readAll(nowhere))),
        errorOf(files.write(nowhere, Stream.empty)),
        errorOf(files.list(nowhere)),
        errorOf(files.chmod(nowhere, 0o600))
      ]),
      ["open", "open", "open", "list", "chmod"].map((step) => `Transfer sftp.${step} ${nowhere}: No such file`)
    )
    // The error of the content is the writer's own, and the session goes on.
    assert.strictEqual(yield* Effect.flip(files.write(`${folder}/a/x`, Stream.fail("mine"))), "mine")
    assert.deepStrictEqual(yield* files.list(`${folder}/a`), ["b", "x"])
  }))

/** Everything that waits when the link is cut hears of it: nothing hangs, and nothing looks like a clean end. */
export const lost = (connection: SshConnection, cut: Effect.Effect<void>) =>
  Effect.scoped(Effect.gen(function*() {
    const listener = yield* connection.listen({ port: 0 })
    const silent = yield* Effect.forkScoped(Stream.runDrain(Stream.take(listener.connections, 2)))
    const duplex = yield* connection.dial({ port: listener.port })
    const process = yield* connection.exec({ program: program("echo up; exec sleep 600"), words: [] })
    const full = yield* connection.exec({ program: program("exec sleep 600"), words: [] })
    const files = yield* connection.files
    const up = yield* Stream.runHead(process.stdout)
    assert.strictEqual(Option.getOrThrow(up).toString(), "up\n")
    const waits = {
      lost: connection.lost,
      exit: process.exit,
      stdout: Stream.runDrain(process.stdout),
      stderr: Stream.runDrain(process.stderr),
      write: full.write(Buffer.alloc(8 * megabyte)),
      listener: Fiber.join(silent)
    }
    const waiting = yield* Effect.fork(
      Effect.all(Object.values(waits).map((wait: Effect.Effect<unknown, SshError>) => Effect.flip(wait)), {
        concurrency: "unbounded"
      })
    )
    const dialled = yield* Effect.fork(Effect.flip(drain(duplex)))
    yield* Effect.yieldNow()
    yield* cut
    const errors = yield* Fiber.join(waiting)
    assert.deepStrictEqual(errors.map((error) => error.reason), Object.keys(waits).map(() => "LinkLost"))
    assert.match((yield* Fiber.join(dialled)).message, /LinkLost/)
    // What is asked for afterwards fails at once.
    const late = yield* Effect.all([
      Effect.flip(connection.exec({ program: program("true"), words: [] })),
      Effect.flip(connection.dial({ port: 1 })),
      Effect.flip(connection.listen({ port: 0 })),
      Effect.flip(files.stat("/")),
      Effect.flip(Stream.runDrain(full.stdout)),
      Effect.flip(full.write("x"))
    ])
    assert.deepStrictEqual(late.map((error) => error.reason), late.map(() => "LinkLost"))
  }))
