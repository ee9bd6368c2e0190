import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as blockWriter from "../../src/internal/blockWriter.ts"
import * as transferFile from "../../src/internal/transferFile.ts"
import * as transferGet from "../../src/internal/transferGet.ts"
import * as transferIgnore from "../../src/internal/transferIgnore.ts"
import * as transferName from "../../src/internal/transferName.ts"
import * as transferOnce from "../../src/internal/transferOnce.ts"
import * as transferTar from "../../src/internal/transferTar.ts"
import * as transferTokens from "../../src/internal/transferTokens.ts"
import type { Entry, Manifest } from "../../src/services/FileTransferPlan.ts"
import * as Plan from "../../src/services/FileTransferPlan.ts"
import { temporary } from "../services/transferTrees.ts"

const entry = (path: string, more: Partial<Entry> = {}): Entry => ({
  path,
  kind: "file",
  size: 0,
  mode: 0o644,
  time: "1700000000.000000000",
  ...more
})
const directory = (path: string) => entry(path, { kind: "directory" })
const manifest = (...entries: ReadonlyArray<Entry>): Manifest => ({ root: "directory", entries })

const bytes = FastCheck.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))

describe("what is made once", () => {
  it.effect("is made again when who asked first was interrupted", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const times = yield* Ref.make(0)
      const made = transferOnce.make(
        Effect.flatMap(Ref.updateAndGet(times, (n) => n + 1), (n) =>
          n === 1 ? Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never) : Effect.succeed(n))
      )
      const first = yield* Effect.fork(made)
      yield* Deferred.await(begun)
      const others = yield* Effect.fork(Effect.all([made, made], { concurrency: 2 }))
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* Fiber.join(others), [2, 2])
    }))
})

describe("names", () => {
  it.prop("of any bytes become text and bytes again", [bytes], ([name]) => {
    assert.isTrue(transferName.encode(transferName.decode(name)).equals(name))
  }, { fastCheck: { numRuns: 2000 } })

  it.prop("that are UTF-8 are read as that", [FastCheck.string({ unit: "binary" })], ([text]) => {
    assert.strictEqual(transferName.decode(Buffer.from(text)), Buffer.from(text).toString())
  })

  it("show what is no text as escapes", () => {
    assert.strictEqual(
      transferName.show(transferName.decode(Buffer.from("a\xff\n\x1b[1mb", "latin1"))),
      "a\\xff\\x0a\\x1b[1mb"
    )
  })
})

describe("what a host names", () => {
  it("is refused when it leads out of the target", () => {
    const refused = (...entries: ReadonlyArray<Entry>) => transferGet.outside(entries)
    assert.isUndefined(refused(directory("a"), entry("a/b"), entry("c"), entry("...")))
    for (const path of ["/etc/passwd", "../up", "a/../../up", "..", ".", "a//b", "", "a/", "a\0b"]) {
      assert.strictEqual(refused(directory("a"), entry(path)), path)
    }
    // Through a link that it names itself, or twice under two kinds.
    assert.strictEqual(refused(entry("a", { kind: "link", link: "/etc" }), entry("a/passwd")), "a/passwd")
    assert.strictEqual(refused(directory("a"), entry("a", { kind: "link", link: "/etc" }), entry("a/b")), "a")
    assert.strictEqual(refused(entry("missing/b")), "missing/b")
  })
})

describe("archives", () => {
  it.prop("are what tar reads", [
    FastCheck.uniqueArray(
      bytes.filter((name) =>
        name.length > 0 && !name.includes(0) && !name.includes(0x2f) && ![".", ".."].includes(name.toString("latin1"))
      ),
      { selector: (name) => name.toString("latin1"), maxLength: 5 }
    )
  ], ([names]) => {
    const heads = names.map((name, index) =>
      entry(`${"deep/".repeat(index * 12)}${transferName.decode(name)}`, {
        size: index,
        time: `17000000${index}0.5${index}0000000`
      })
    )
    const archive = Buffer.concat([
      ...heads.flatMap((head) => [
        transferTar.header({ ...head, kind: "file" }),
        Buffer.alloc(head.size, "x"),
        transferTar.padding(head.size)
      ]),
      transferTar.end
    ])
    const listed = spawnSync("tar", ["-tf", "-", "--null", "--quoting-style=literal", "--show-transformed-names"], {
      input: archive
    })
    assert.strictEqual(listed.stderr.toString(), "")
    const expected = Buffer.concat(heads.map(({ path }) => transferName.encode(`./${path}\n`)))
    assert.strictEqual(listed.stdout.toString("latin1"), expected.toString("latin1"))
    // And what we read, in pieces of any size.
    const read = transferTar.reader(1000)
    const found = Array.from(
      { length: Math.ceil(archive.length / 700) },
      (_, i) => read(archive.subarray(i * 700, (i + 1) * 700))
    ).flatMap((some) => "problem" in some ? [] : some)
    assert.deepStrictEqual(found.map(({ path }) => path), heads.map(({ path }) => path))
  }, { fastCheck: { numRuns: 20 } })

  it("that are none, or hold too much, are refused", () => {
    const read = transferTar.reader(1000)(Buffer.alloc(600, "x"))
    assert.deepStrictEqual(read, { problem: "what the host sent is no archive" })
    const large = transferTar.header({ ...entry("a", { size: 5000 }), kind: "file" })
    assert.deepStrictEqual(transferTar.reader(1000)(large), { problem: "the host sent a file of 5000 bytes here" })
  })

  it("may follow one another", () => {
    const one = (path: string) => Buffer.concat([transferTar.header({ ...entry(path), kind: "file" }), transferTar.end])
    const found = transferTar.reader(1000)(Buffer.concat([one("a"), Buffer.alloc(8192), one("b")]))
    assert.deepStrictEqual("problem" in found ? [] : found.map(({ path }) => path), ["a", "b"])
  })
})

describe("answers", () => {
  it.effect("are read whatever pieces they come in, and nonsense is told from them", () =>
    Effect.gen(function*() {
      const text = Buffer.from("hello\0f 3 644 17.25 a b\n\0\0l 1 777 -5 l\0end\0end\0rest\0")
      const pieces = Array.from(text, (byte) => Uint8Array.of(byte))
      const tokens = yield* transferTokens.make(Stream.fromIterable(pieces))
      assert.strictEqual(yield* tokens.next, "hello")
      assert.deepStrictEqual(yield* tokens.entries, [
        entry("a b\n", { size: 3, time: "17.250000000" }),
        entry("l", { kind: "link", size: 1, mode: 0o777, time: "-5.000000000", link: "end" })
      ])
      assert.strictEqual(yield* tokens.next, "rest")
      assert.isUndefined(yield* tokens.next)
      const broken = yield* transferTokens.make(Stream.make(Buffer.from("f 3 644 17 a\0\0who knows\0\0end\0")))
      assert.isUndefined(yield* broken.entries)
    }).pipe(Effect.scoped))

  it("of hash tools are read, escaped or not", () => {
    const hash = "a".repeat(64)
    const lines = Buffer.from(`${hash}  ./a b\n\\${hash} *./n\\nl\\\\\n${hash}  ./x\xff\nnoise\n`, "latin1")
    assert.deepStrictEqual([...transferTokens.sums(lines).keys()], ["a b", "n\nl\\", "x\udcff"])
  })
})

describe("patterns", () => {
  it("leave out what they name, with what is in it; the deeper file wins, and what is given wins over all", () => {
    const rules = transferIgnore.make(["!important.log", "secret"])
    rules.add("", "*.log\nbuild/\n")
    rules.add("sub", "!b.log\n")
    const all = [
      directory("build"),
      entry("build/x"),
      entry("a.log"),
      entry("important.log"),
      directory("sub"),
      entry("sub/a.log"),
      entry("sub/b.log"),
      entry("sub/secret"),
      entry("Build.LOG")
    ]
    assert.deepStrictEqual(transferIgnore.filter(rules, all).map(({ path }) => path), [
      "important.log",
      "sub",
      "sub/b.log",
      "Build.LOG"
    ])
  })
})

describe("a plan", () => {
  const make = (source: Manifest, target: Manifest, same: ReadonlyArray<string> = []) =>
    Plan.make({ source, target, compare: "times", same: new Set(same) })

  it("says what to make, to send, to link, and what to leave", () => {
    const plan = make(
      manifest(
        directory("d"),
        entry("d/f", { size: 2 }),
        entry("l", { kind: "link", link: "f" }),
        entry("p", { kind: "other" })
      ),
      manifest(directory("d"), entry("l", { kind: "link", link: "f" }))
    )
    assert.strictEqual(Plan.render(plan), "send d/f (2 bytes)\nleave out p\n2 unchanged")
    assert.strictEqual(Plan.bytes(plan), 2)
  })

  it("compares by hash only where times differ, or always", () => {
    const source = manifest(entry("same", { size: 1 }), entry("older", { size: 1 }), entry("longer", { size: 2 }))
    const target = manifest(
      entry("same", { size: 1, time: "1700000000.000000900" }),
      entry("older", { size: 1, time: "1600000000.000000000" }),
      entry("longer", { size: 1 })
    )
    assert.deepStrictEqual(Plan.candidates(source, target, "times").map(({ path }) => path), ["older"])
    assert.deepStrictEqual(Plan.candidates(source, target, "hash").map(({ path }) => path), ["same", "older"])
    assert.deepStrictEqual(make(source, target).send.map(({ path }) => path), ["older", "longer"])
  })

  it("only sets mode and time of what is large and there", () => {
    const source = manifest(entry("large", { size: 1_000_000, mode: 0o600 }))
    const target = manifest(entry("large", { size: 1_000_000, time: "1.000000000" }))
    assert.deepInclude(make(source, target, ["large"]), { send: [], settle: source.entries })
  })

  it("tells what is in the way", () => {
    const plan = make(manifest(directory("a"), entry("b")), manifest(entry("a", { kind: "link" }), directory("b")))
    assert.deepStrictEqual(plan.inTheWay.map(({ found, path, wanted }) => `${path}: ${found}, ${wanted}`), [
      "a: link, directory",
      "b: directory, file"
    ])
  })
})

describe("a file that is moved and hashed", () => {
  const fail = (cause: unknown) => cause instanceof Error ? cause.message : String(cause)
  const mebibyte = 1024 * 1024

  // The second size is worth a thread.
  for (const size of [3 * mebibyte + 1, 33 * mebibyte + 7]) {
    it.scopedLive(`of ${size} bytes is written behind what is there, cut off, and read again`, () =>
      Effect.gen(function*() {
        const here = yield* temporary
        const content = Buffer.alloc(size, "0123456789abcdef-")
        const expected = createHash("sha256").update(content).digest("hex")
        const path = Buffer.from(`${here}/file`)
        const from = mebibyte
        fs.writeFileSync(path, Buffer.concat([content.subarray(0, from), Buffer.alloc(size)]))
        const heard: Array<number> = []
        const file = yield* transferFile.open({ path, way: "write", from, size }, fail)
        const writer = blockWriter.make(file, from, (come) => Effect.sync(() => void heard.push(come)))
        for (let at = from; at < size; at += 300_000) {
          const wait = writer.take(content.subarray(at, at + 300_000))
          if (wait !== undefined) yield* wait
        }
        assert.strictEqual(yield* writer.flush, expected)
        assert.strictEqual(heard.at(-1), size)
        assert.isTrue(fs.readFileSync(path).equals(content))

        const again = yield* transferFile.open({ path, way: "read", from, size }, fail)
        const blocks = Array.from({ length: Math.ceil((size - from) / mebibyte) }, () => new ArrayBuffer(mebibyte))
        const read = yield* Effect.all(blocks.map((block) => again.move(block, mebibyte)))
        const bytes = Buffer.concat(read.map(({ block, size }) => Buffer.from(block, 0, size)))
        assert.isTrue(bytes.equals(content.subarray(from)))
        assert.strictEqual(yield* again.hash(), expected)
        assert.strictEqual(
          yield* transferFile.hash(path, from, fail),
          createHash("sha256").update(content.subarray(0, from)).digest("hex")
        )
      }))

    it.scopedLive(`of ${size} bytes that cannot be had says why, to whoever asks`, () =>
      Effect.gen(function*() {
        const here = yield* temporary
        const missing = yield* transferFile.open({ path: Buffer.from(`${here}/no`), way: "read", from: 0, size }, fail)
        const [first, second] = [missing.move(new ArrayBuffer(8), 8), missing.hash()]
        assert.match(yield* Effect.flip(first), /ENOENT/)
        assert.match(yield* Effect.flip(second), /ENOENT/)
        fs.writeFileSync(`${here}/short`, "short")
        const short = transferFile.hash(Buffer.from(`${here}/short`), size, fail)
        assert.match(yield* Effect.flip(short), /shorter/)
      }))
  }
})

describe("content between texts", () => {
  it.effect.prop(
    "is what was sent, however it was cut",
    [
      FastCheck.uint8Array({ maxLength: 300 }),
      FastCheck.array(FastCheck.integer({ min: 1, max: 40 }), { minLength: 1 })
    ],
    ([content, cuts]) =>
      Effect.scoped(Effect.gen(function*() {
        const all = Buffer.concat([Buffer.from("first\0ok\0"), content, Buffer.from("hash\0ok\0")])
        const rest = all.subarray(6)
        const pieces: Array<Uint8Array> = [all.subarray(0, 6)]
        for (let at = 0, turn = 0; at < rest.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          pieces.push(rest.subarray(at, at + size))
          at += size
        }
        const tokens = yield* transferTokens.make(Stream.rechunk(Stream.fromIterable(pieces), 1))
        assert.strictEqual(yield* tokens.next, "first")
        const heard: Array<Uint8Array> = []
        const take = (chunk: Uint8Array) => {
          heard.push(Buffer.from(chunk))
          return undefined
        }
        assert.strictEqual(yield* tokens.content(content.length, take), "ok")
        assert.isTrue(Buffer.concat(heard).equals(content))
        assert.strictEqual(yield* tokens.next, "hash")
        assert.strictEqual(yield* tokens.next, "ok")
      }))
  )

  it.scoped("is missed where it ends too early, and none follows a refusal", () =>
    Effect.gen(function*() {
      const early = yield* transferTokens.make(Stream.make(Buffer.from("ok\0abc")))
      assert.isUndefined(yield* early.content(4, () => undefined))
      const refused = yield* transferTokens.make(Stream.make(Buffer.from("no\0other\0")))
      assert.strictEqual(yield* refused.content(4, () => undefined), "no")
      assert.strictEqual(yield* refused.next, "other")
    }))
})
