/** Files that are open, and streams of them. */
import { type File, type OpenFlag, Size } from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Case } from "./fileCase.ts"
import { bytes, of, text } from "./fileCaseOf.ts"
import { needless } from "./fileReasons.ts"

const read = (file: File, length: number) =>
  Effect.gen(function*() {
    const buffer = new Uint8Array(length)
    const count = Number(yield* file.read(buffer))
    return text(buffer.subarray(0, count))
  })

export const opened: ReadonlyArray<Case> = [
  of("reads an open file from a position of its own", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("file"), "0123456789")
      const file = yield* fs.open(at("file"))
      assert.strictEqual(yield* read(file, 3), "012")
      assert.strictEqual(text(Option.getOrThrow(yield* file.readAlloc(3))), "345")
      yield* file.seek(1, "current")
      assert.strictEqual(yield* read(file, 2), "78")
      yield* file.seek(-3n, "current")
      assert.strictEqual(yield* read(file, 100), "6789")
      assert.strictEqual(yield* read(file, 1), "")
      assert.isTrue(Option.isNone(yield* file.readAlloc(1)))
      yield* file.seek(0, "start")
      assert.strictEqual(yield* read(file, 2), "01")
      assert.strictEqual((yield* file.stat).size, Size(10))
      assert.isAbove(file.fd, 2)
    })),
  of("writes an open file, in the middle, behind the end, and makes it shorter", (fs, at) =>
    Effect.gen(function*() {
      const file = yield* fs.open(at("file"), { flag: "w+", mode: 0o640 })
      assert.strictEqual(yield* file.write(bytes("0123456789")), Size(10))
      yield* file.seek(2, "start")
      yield* file.writeAll(bytes("ab"))
      assert.strictEqual(yield* read(file, 2), "45")
      yield* file.seek(12, "start")
      yield* file.writeAll(bytes("z"))
      yield* file.sync
      assert.strictEqual(yield* fs.readFileString(at("file")), "01ab456789\0\0z")
      yield* file.truncate(3)
      yield* file.writeAll(bytes("!"))
      assert.strictEqual(yield* fs.readFileString(at("file")), "01a!")
      yield* file.truncate()
      assert.strictEqual((yield* fs.stat(at("file"))).size, Size(0))
      assert.strictEqual((yield* fs.stat(at("file"))).mode & 0o7777, 0o640)
    })),
  of("opens with each flag", (fs, at) =>
    Effect.gen(function*() {
      const after = (flag: OpenFlag, name: string) =>
        Effect.scoped(Effect.gen(function*() {
          const file = yield* fs.open(at(name), { flag })
          yield* file.writeAll(bytes("AB"))
          yield* file.writeAll(bytes("C"))
        })).pipe(Effect.zipRight(fs.readFileString(at(name))))
      yield* Effect.forEach(["r+", "w", "w+", "a", "a+"] as const, (flag) => fs.writeFileString(at(flag), "01234"))
      const flags = ["r+", "w", "w+", "a", "a+", "wx", "wx+", "ax", "ax+"] as const
      assert.deepStrictEqual(yield* Effect.forEach(flags, (flag) => after(flag, flag)), [
        "ABC34",
        "ABC",
        "ABC",
        "01234ABC",
        "01234ABC",
        "ABC",
        "ABC",
        "ABC",
        "ABC"
      ])
    })),
  of("appends to what others append to", (fs, at) =>
    Effect.gen(function*() {
      const [one, two] = yield* Effect.all([fs.open(at("log"), { flag: "a" }), fs.open(at("log"), { flag: "a+" })])
      yield* one.writeAll(bytes("1"))
      yield* two.writeAll(bytes("2"))
      yield* one.writeAll(bytes("3"))
      assert.strictEqual(yield* fs.readFileString(at("log")), "123")
      assert.strictEqual(yield* read(two, 10), "123")
    })),
  of("keeps a file that is open when its name goes", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("file"), "content")
      const file = yield* fs.open(at("file"))
      yield* fs.remove(at("file"))
      assert.strictEqual(yield* read(file, 10), "content")
    })),
  of("does not read what was opened to write, nor write what was opened to read", (fs, at) =>
    Effect.gen(function*() {
      const writes = yield* fs.open(at("file"), { flag: "w" })
      const reads = yield* fs.open(at("file"))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(writes.readAlloc(1))))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(reads.writeAll(bytes("a")))))
    }))
]

/** Not to be mistaken for itself at another offset. */
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7) & 255)

const streamed = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

export const streams: ReadonlyArray<Case> = [
  of("streams a file in chunks of one size", (fs, at) =>
    Effect.gen(function*() {
      const all = pattern(1_000_003)
      yield* fs.writeFile(at("file"), all)
      assert.isTrue((yield* streamed(fs.stream(at("file")))).equals(all))
      const sizes = Stream.map(fs.stream(at("file"), { chunkSize: 300_000, bufferSize: 2 }), (chunk) => chunk.length)
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(sizes)), [
        300_000,
        300_000,
        300_000,
        100_003
      ])
      assert.isTrue((yield* fs.readFile(at("file"))).every((byte, index) => byte === all[index]))
    })),
  of("streams a part of a file", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("file"), "0123456789")
      const part = (options: Parameters<typeof fs.stream>[1]) =>
        Effect.map(streamed(fs.stream(at("file"), options)), String)
      assert.deepStrictEqual(
        yield* Effect.all([
          part({ offset: 4 }),
          part({ bytesToRead: 3n }),
          part({ offset: 2, bytesToRead: 5, chunkSize: 2 }),
          part({ offset: 8, bytesToRead: 100 }),
          part({ offset: 100 }),
          part({ bytesToRead: 0 })
        ]),
        ["456789", "012", "23456", "89", "", ""]
      )
    })),
  of("a stream that is left early lets go of the file", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFile(at("file"), pattern(600_000))
      yield* Effect.forEach(Array.from({ length: 50 }), () =>
        Effect.gen(function*() {
          const first = yield* Stream.runHead(fs.stream(at("file")))
          assert.strictEqual(Option.getOrThrow(first).length, 65536)
        }), { discard: true })
    })),
  of("a sink takes chunks of all sizes in their order", (fs, at) =>
    Effect.gen(function*() {
      const all = pattern(900_000)
      const cuts = [0, 1, 10, 70_000, 70_001, 600_000, 900_000]
      const chunks = cuts.slice(1).map((cut, index) => all.subarray(cuts[index], cut))
      yield* Stream.run(Stream.fromIterable(chunks), fs.sink(at("file")))
      assert.isTrue(Buffer.from(yield* fs.readFile(at("file"))).equals(all))
      yield* Stream.run(Stream.make(bytes("end"), bytes("!")), fs.sink(at("file"), { flag: "a" }))
      assert.strictEqual((yield* fs.stat(at("file"))).size, Size(900_004))
      yield* Stream.run(Stream.make(bytes("x")), fs.sink(at("file"), { mode: 0o600 }))
      assert.strictEqual(yield* fs.readFileString(at("file")), "x")
    })),
  of("an empty chunk is an error", (fs, at, refused) =>
    Effect.gen(function*() {
      const nothing = Stream.run(Stream.make(new Uint8Array()), fs.sink(at("file")))
      assert.match(yield* refused(nothing), /^WriteZero writeAll /)
    }), { differs: needless() }),
  of("a sink of what fails fails so", (fs, at) =>
    Effect.gen(function*() {
      const broken = Stream.concat(Stream.make(bytes("abc")), Stream.fail("broken" as const))
      assert.strictEqual(yield* Effect.flip(Stream.run(broken, fs.sink(at("file")))), "broken")
      yield* fs.remove(at("file"))
    }))
]
