/** Files, directories and links as wholes. */
import { Size } from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Case } from "./fileCase.ts"
import { of, sample, tree } from "./fileCaseOf.ts"
import { inodes, links, seconds, verbatim } from "./fileReasons.ts"

export const whole: ReadonlyArray<Case> = [
  of("writes and reads text and bytes", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("ä ' \" $x"), "Grüße\n")
      assert.strictEqual(yield* fs.readFileString(at("ä ' \" $x")), "Grüße\n")
      const all = Uint8Array.from({ length: 256 }, (_, index) => index)
      yield* fs.writeFile(at("bytes"), all)
      assert.deepStrictEqual([...(yield* fs.readFile(at("bytes")))], [...all])
      yield* fs.writeFile(at("bytes"), new Uint8Array())
      assert.strictEqual((yield* fs.readFile(at("bytes"))).length, 0)
    })),
  of("writes with flag and mode", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("log"), "one\n", { mode: 0o600 })
      yield* fs.writeFileString(at("log"), "two\n", { flag: "a" })
      yield* fs.writeFileString(at("log"), "O", { flag: "r+" })
      assert.strictEqual(yield* fs.readFileString(at("log")), "One\ntwo\n"[0] + "ne\ntwo\n")
      assert.strictEqual((yield* fs.stat(at("log"))).mode & 0o7777, 0o600)
    })),
  of("says whether something is there, and may be used", (fs, at, refused) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      assert.deepStrictEqual(
        yield* Effect.forEach(["file", "empty", "none", "link", "dangling"], (name) => fs.exists(at(name))),
        [true, true, false, true, false]
      )
      assert.strictEqual(yield* refused(fs.exists(at("file/below"))), "BadResource access file/below")
      yield* fs.access(at("file"), { readable: true, writable: true })
      yield* fs.access(at("empty"), { ok: true })
    })),
  of("tells kind, size, mode and times", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.utimes(at("file"), 1_000_000_000, new Date(1_100_000_000_000))
      yield* fs.chmod(at("file"), 0o640)
      const info = yield* fs.stat(at("file"))
      assert.deepStrictEqual(
        [info.type, info.size, info.mode, Option.getOrThrow(info.atime), Option.getOrThrow(info.mtime)],
        ["File", Size(7), 0o100640, new Date(1_000_000_000_000), new Date(1_100_000_000_000)]
      )
      assert.isTrue(Option.isSome(info.uid) && Option.isSome(info.gid))
      assert.strictEqual((yield* fs.stat(at("full"))).type, "Directory")
      assert.strictEqual((yield* fs.stat(at("link"))).type, "File")
      assert.strictEqual((yield* fs.stat(at("way/"))).type, "Directory")
    })),
  of("times are as fine as they were set", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("file"), "")
      yield* fs.utimes(at("file"), 1_000_000_000.5, new Date(1_100_000_000_250))
      assertSome((yield* fs.stat(at("file"))).mtime, new Date(1_100_000_000_250))
    }), { differs: seconds() }),
  of("tells device, inode and links", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("one"), "")
      yield* fs.link(at("one"), at("two"))
      const [one, two] = yield* Effect.all([fs.stat(at("one")), fs.stat(at("two"))])
      assert.isAbove(one.dev, 0)
      assertSome(two.ino, Option.getOrThrow(one.ino))
      assertSome(one.nlink, 2)
      assert.isTrue(Option.isSome(one.birthtime) && Option.isSome(one.blksize) && Option.isSome(one.blocks))
    }), { differs: inodes() }),
  of("makes, lists and removes directories", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.remove(at("way"))
      yield* fs.makeDirectory(at("full/deep"), { recursive: true })
      yield* fs.makeDirectory(at("full/more/and/more"), { recursive: true })
      assert.deepStrictEqual((yield* fs.readDirectory(at("full"))).sort(), ["deep", "inner", "more"])
      assert.deepStrictEqual(
        (yield* fs.readDirectory(at(""), { recursive: true })).sort(),
        [
          "dangling",
          "empty",
          "file",
          "full",
          "full/deep",
          "full/deep/ünïcode",
          "full/inner",
          "full/more",
          "full/more/and",
          "full/more/and/more",
          "link",
          "round"
        ]
      )
      yield* fs.remove(at("round"), { recursive: true })
      yield* fs.remove(at("full"), { recursive: true })
      yield* fs.remove(at("full"), { recursive: true, force: true })
      yield* fs.remove(at("full"), { force: true })
      yield* fs.remove(at("link"))
      assert.deepStrictEqual((yield* fs.readDirectory(at(""))).sort(), ["dangling", "empty", "file"])
    })),
  of("a recursive list goes through links to directories", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      assert.include(yield* fs.readDirectory(at(""), { recursive: true }), "way/inner")
    }), { differs: links() }),
  of("makes a directory with a mode", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(at("private"), { mode: 0o700 })
      assert.strictEqual((yield* fs.stat(at("private"))).mode & 0o7777, 0o700)
    })),
  of(
    "removes a tree whose directories are read-only for others, with links and odd names",
    (fs, at) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(at("tree/-rf/ \n"), { recursive: true })
        yield* fs.writeFileString(at("tree/-rf/*"), "")
        yield* fs.writeFileString(at("kept"), "kept")
        yield* fs.symlink(at("kept"), at("tree/out"))
        yield* fs.remove(at("tree"), { recursive: true })
        assert.strictEqual(yield* fs.readFileString(at("kept")), "kept")
        assert.isFalse(yield* fs.exists(at("tree")))
      })
  ),
  of("renames, and replaces files and empty directories", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.rename(at("file"), at("full/inner"))
      yield* fs.rename(at("full"), at("empty"))
      yield* fs.rename(at("dangling"), at("still"))
      assert.strictEqual(yield* fs.readFileString(at("empty/inner")), "content")
      assert.strictEqual(yield* fs.readLink(at("still")), "nowhere")
      assert.deepStrictEqual((yield* fs.readDirectory(at(""))).sort(), ["empty", "link", "round", "still", "way"])
    })),
  of("links, hard and symbolic", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.link(at("file"), at("full/same"))
      yield* fs.writeFileString(at("file"), "changed")
      assert.strictEqual(yield* fs.readFileString(at("full/same")), "changed")
      assert.strictEqual(yield* fs.readLink(at("link")), "file")
      const real = yield* fs.realPath(at(""))
      assert.strictEqual(yield* fs.realPath(at("way/deep/../inner")), `${real}/full/inner`)
      yield* fs.chmod(at("link"), 0o600)
      assert.strictEqual((yield* fs.stat(at("file"))).mode & 0o7777, 0o600)
    })),
  of("truncates and extends", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("file"), "content")
      yield* fs.truncate(at("file"), 4)
      assert.strictEqual(yield* fs.readFileString(at("file")), "cont")
      yield* fs.truncate(at("file"), 6n)
      assert.strictEqual(yield* fs.readFileString(at("file")), "cont\0\0")
      yield* fs.truncate(at("file"))
      assert.strictEqual(yield* fs.readFileString(at("file")), "")
    }))
]

export const copies: ReadonlyArray<Case> = [
  of("copies a tree, with modes and links, and what is there already stays", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.chmod(at("full/inner"), 0o750)
      yield* fs.symlink("/elsewhere", at("full/absolute"))
      yield* fs.copy(at("full"), at("new/place"))
      const expected = [
        "absolute -> /elsewhere",
        "deep Directory 755",
        "deep/ünïcode File 644 deep",
        "inner File 750 inner"
      ]
      assert.deepStrictEqual(yield* tree(fs, at("new/place")), expected)
      yield* fs.remove(at("full/absolute"))
      yield* fs.writeFileString(at("full/inner"), "newer")
      yield* fs.writeFileString(at("full/more"), "more")
      yield* fs.copy(at("full"), at("new/place"))
      assert.deepStrictEqual(yield* tree(fs, at("new/place")), [...expected, "more File 644 more"])
    })),
  of("copies over what is there, when told so", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.copy(at("full"), at("other"))
      yield* fs.writeFileString(at("other/own"), "own")
      yield* fs.writeFileString(at("full/inner"), "newer")
      yield* fs.copy(at("full"), at("other"), { overwrite: true })
      assert.deepStrictEqual(yield* tree(fs, at("other")), [
        "deep Directory 755",
        "deep/ünïcode File 644 deep",
        "inner File 644 newer",
        "own File 644 own"
      ])
      yield* fs.writeFileString(at("target"), "old")
      yield* fs.copy(at("file"), at("target"))
      assert.strictEqual(yield* fs.readFileString(at("target")), "old")
      yield* fs.copy(at("file"), at("target"), { overwrite: true })
      assert.strictEqual(yield* fs.readFileString(at("target")), "content")
    })),
  of("copies times when told so", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.utimes(at("full/inner"), 1_000_000_000, 1_000_000_000)
      yield* fs.copy(at("full"), at("other"), { preserveTimestamps: true })
      assertSome((yield* fs.stat(at("other/inner"))).mtime, new Date(1_000_000_000_000))
    })),
  of("makes relative links absolute when it copies them", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.copy(at("link"), at("other"))
      assert.strictEqual(yield* fs.readLink(at("other")), at("file"))
    }), { differs: verbatim() }),
  of("copies a file over another, and through a link", (fs, at) =>
    Effect.gen(function*() {
      yield* sample(fs, at)
      yield* fs.chmod(at("file"), 0o751)
      yield* fs.copyFile(at("link"), at("full/inner"))
      yield* fs.copyFile(at("file"), at("new"))
      assert.deepStrictEqual(
        (yield* tree(fs, at(""))).filter((line) => /^(new|full\/inner) /.test(line)),
        ["full/inner File 751 content", "new File 751 content"]
      )
    }))
]
