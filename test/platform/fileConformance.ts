/** What every `FileSystem` keeps to, as data. The reference is Node's own. */
import type { PlatformError } from "@effect/platform/Error"
import { type File, FileSystem, type OpenFlag, Size } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Case } from "./fileCase.ts"

/** Reason, method, and the path from the case's directory on. */
export const told = (error: PlatformError, here: string): string =>
  error._tag === "BadArgument"
    ? `BadArgument ${error.method}`
    : `${error.reason} ${error.method} ${String(error.pathOrDescriptor).replace(`${here}/`, "")}`

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (content: Uint8Array) => new TextDecoder().decode(content)

/** A case over the file system, with paths from its directory on. */
const of = (
  name: string,
  run: (
    fs: FileSystem,
    at: (name: string) => string,
    refused: <A, R>(effect: Effect.Effect<A, PlatformError, R>) => Effect.Effect<string, A, R>
  ) => Effect.Effect<void, unknown, Scope.Scope | Path>,
  more: Omit<Case, "name" | "run"> = {}
): Case => ({
  name,
  run: (here) =>
    Effect.flatMap(FileSystem, (fs) =>
      run(
        fs,
        (name) => name === "" ? here : `${here}/${name}`,
        (effect) => Effect.map(Effect.flip(effect), (error) => told(error, here))
      )),
  ...more
})

/** Fails with these, each as `told` tells it. */
const fails = (
  name: string,
  prepare: (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError>,
  expected: Record<
    string,
    (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError, Scope.Scope>
  >,
  more: Omit<Case, "name" | "run"> = {}
): ReadonlyArray<Case> =>
  Object.entries(expected).map(([error, act], index) =>
    of(`${name}: ${error}`, (fs, at, refused) =>
      Effect.gen(function*() {
        yield* prepare(fs, at)
        assert.strictEqual(yield* refused(act(fs, at)), error.replace(/ #.*/, ""))
        void index
      }), more)
  )

const sample = (fs: FileSystem, at: (name: string) => string) =>
  Effect.gen(function*() {
    yield* fs.makeDirectory(at("full/deep"), { recursive: true })
    yield* fs.makeDirectory(at("empty"))
    yield* fs.writeFileString(at("file"), "content")
    yield* fs.writeFileString(at("full/inner"), "inner")
    yield* fs.writeFileString(at("full/deep/ünïcode"), "deep")
    yield* fs.symlink("file", at("link"))
    yield* fs.symlink("full", at("way"))
    yield* fs.symlink("nowhere", at("dangling"))
    yield* fs.symlink("round", at("round"))
  })

const missing = fails("what is not there", () => Effect.void, {
  "NotFound access none": (fs, at) => fs.access(at("none")),
  "NotFound chmod none": (fs, at) => fs.chmod(at("none"), 0o600),
  "NotFound chown none": (fs, at) => fs.chown(at("none"), 0, 0),
  "NotFound copy none": (fs, at) => fs.copy(at("none"), at("new")),
  "NotFound copyFile none": (fs, at) => fs.copyFile(at("none"), at("new")),
  "NotFound link none": (fs, at) => fs.link(at("none"), at("new")),
  "NotFound makeDirectory none/below": (fs, at) => fs.makeDirectory(at("none/below")),
  "NotFound makeTempDirectory none/": (fs, at) => fs.makeTempDirectory({ directory: at("none") }),
  "NotFound open none": (fs, at) => fs.open(at("none")),
  "NotFound open none/below": (fs, at) => fs.open(at("none/below"), { flag: "w" }),
  "NotFound readDirectory none": (fs, at) => fs.readDirectory(at("none")),
  "NotFound readFile none": (fs, at) => fs.readFile(at("none")),
  "NotFound readFile none #string": (fs, at) => fs.readFileString(at("none")),
  "NotFound readLink none": (fs, at) => fs.readLink(at("none")),
  "NotFound realPath none": (fs, at) => fs.realPath(at("none")),
  "NotFound remove none": (fs, at) => fs.remove(at("none")),
  "NotFound remove none #tree": (fs, at) => fs.remove(at("none"), { recursive: true }),
  "NotFound rename none": (fs, at) => fs.rename(at("none"), at("new")),
  "NotFound stat none": (fs, at) => fs.stat(at("none")),
  "NotFound stat ": (fs) => fs.stat(""),
  "NotFound open none #stream": (fs, at) => Stream.runDrain(fs.stream(at("none"))),
  "NotFound open none/below #sink": (fs, at) => Stream.run(Stream.make(bytes("a")), fs.sink(at("none/below"))),
  "NotFound truncate none": (fs, at) => fs.truncate(at("none")),
  "NotFound utime none": (fs, at) => fs.utimes(at("none"), 1, 1),
  "NotFound stat none #watch": (fs, at) => Stream.runDrain(fs.watch(at("none"))),
  "NotFound writeFile none/below": (fs, at) => fs.writeFile(at("none/below"), bytes("a"))
})

const standing = fails("what stands in the way", sample, {
  "AlreadyExists makeDirectory empty": (fs, at) => fs.makeDirectory(at("empty")),
  "AlreadyExists makeDirectory file": (fs, at) => fs.makeDirectory(at("file")),
  "AlreadyExists makeDirectory file #recursive": (fs, at) => fs.makeDirectory(at("file"), { recursive: true }),
  "AlreadyExists makeDirectory dangling": (fs, at) => fs.makeDirectory(at("dangling")),
  "AlreadyExists open file": (fs, at) => fs.open(at("file"), { flag: "wx" }),
  "AlreadyExists open file #read": (fs, at) => fs.open(at("file"), { flag: "wx+" }),
  "AlreadyExists open file #append": (fs, at) => fs.open(at("file"), { flag: "ax" }),
  "AlreadyExists open dangling": (fs, at) => fs.open(at("dangling"), { flag: "wx" }),
  "AlreadyExists open empty": (fs, at) => fs.open(at("empty"), { flag: "ax+" }),
  "AlreadyExists writeFile file": (fs, at) => fs.writeFile(at("file"), bytes("a"), { flag: "wx" }),
  "AlreadyExists symlink any": (fs, at) => fs.symlink("any", at("file")),
  "AlreadyExists link file": (fs, at) => fs.link(at("file"), at("full/inner")),
  "BadResource open empty": (fs, at) => fs.open(at("empty"), { flag: "w" }),
  "BadResource open empty #update": (fs, at) => fs.open(at("empty"), { flag: "r+" }),
  "BadResource readFile empty": (fs, at) => fs.readFile(at("empty")),
  "BadResource writeFile empty": (fs, at) => fs.writeFile(at("empty"), bytes("a")),
  "BadResource truncate empty": (fs, at) => fs.truncate(at("empty")),
  "BadResource rename file": (fs, at) => fs.rename(at("file"), at("empty")),
  "BadResource rename empty": (fs, at) => fs.rename(at("empty"), at("file")),
  "Unknown rename empty": (fs, at) => fs.rename(at("empty"), at("full")),
  "Unknown rename full": (fs, at) => fs.rename(at("full"), at("full/deep/inside")),
  "Unknown remove full": (fs, at) => fs.remove(at("full")),
  "Unknown remove empty": (fs, at) => fs.remove(at("empty")),
  "Unknown readLink file": (fs, at) => fs.readLink(at("file")),
  "Unknown link full": (fs, at) => fs.link(at("full"), at("other")),
  "Unknown copy full": (fs, at) => fs.copy(at("full"), at("file")),
  "Unknown copy file": (fs, at) => fs.copy(at("file"), at("full")),
  "Unknown copy full #itself": (fs, at) => fs.copy(at("full"), at("full/deep/inside")),
  "Unknown copy file #same": (fs, at) => fs.copy(at("file"), at("file"), { overwrite: true }),
  "BadResource copyFile file": (fs, at) => fs.copyFile(at("file"), at("empty"))
})

const above = fails("a file where a directory should be", sample, {
  "BadResource access file/below": (fs, at) => fs.access(at("file/below")),
  "BadResource copyFile file/below": (fs, at) => fs.copyFile(at("file/below"), at("new")),
  "BadResource copy file/below": (fs, at) => fs.copy(at("file/below"), at("new")),
  "BadResource makeDirectory file/below": (fs, at) => fs.makeDirectory(at("file/below")),
  "BadResource makeDirectory file/below #recursive": (fs, at) =>
    fs.makeDirectory(at("file/below"), { recursive: true }),
  "BadResource open file/below": (fs, at) => fs.open(at("file/below")),
  "BadResource open file/below #write": (fs, at) => fs.open(at("file/below"), { flag: "w" }),
  "BadResource stat file/": (fs, at) => fs.stat(at("file/")),
  "BadResource readDirectory file": (fs, at) => fs.readDirectory(at("file")),
  "BadResource remove file/below": (fs, at) => fs.remove(at("file/below")),
  "BadResource remove file/below #tree": (fs, at) => fs.remove(at("file/below"), { recursive: true }),
  "BadResource rename file/below": (fs, at) => fs.rename(at("file/below"), at("new")),
  "BadResource stat file/below/more": (fs, at) => fs.stat(at("file/below/more")),
  "BadResource stat round": (fs, at) => fs.stat(at("round")),
  "BadResource open round": (fs, at) => fs.open(at("round")),
  "NotFound stat dangling": (fs, at) => fs.stat(at("dangling")),
  "NotFound realPath dangling": (fs, at) => fs.realPath(at("dangling")),
  "BadArgument stat": (fs, at) => fs.stat(at("a\0b")),
  "BadArgument makeDirectory": (fs, at) => fs.makeDirectory(at("a\0b"))
})

const denied = fails("what the user may not", (fs, at) =>
  Effect.gen(function*() {
    yield* sample(fs, at)
    yield* fs.chmod(at("file"), 0)
    yield* fs.chmod(at("full"), 0o500)
  }), {
  "PermissionDenied open file": (fs, at) => fs.open(at("file")),
  "PermissionDenied open file #write": (fs, at) => fs.open(at("file"), { flag: "w" }),
  "PermissionDenied readFile file": (fs, at) => fs.readFile(at("file")),
  "PermissionDenied access file": (fs, at) => fs.access(at("file"), { readable: true }),
  "PermissionDenied makeDirectory full/new": (fs, at) => fs.makeDirectory(at("full/new")),
  "PermissionDenied writeFile full/new": (fs, at) => fs.writeFile(at("full/new"), bytes("a")),
  "PermissionDenied remove full/inner": (fs, at) => fs.remove(at("full/inner")),
  "PermissionDenied rename full/inner": (fs, at) => fs.rename(at("full/inner"), at("new")),
  "PermissionDenied truncate file": (fs, at) => fs.truncate(at("file")),
  "Unknown chown empty": (fs, at) => fs.chown(at("empty"), 1, 1)
}, { needs: "user" })

/** What is there: names from the directory on, each with its kind and content. Links are not followed. */
export const tree = (
  fs: FileSystem,
  root: string,
  below = ""
): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  Effect.gen(function*() {
    const names = (yield* fs.readDirectory(`${root}/${below}`)).sort()
    const lines = yield* Effect.forEach(names, (last) =>
      Effect.gen(function*() {
        const name = `${below}${last}`
        const path = `${root}/${name}`
        const link = yield* Effect.option(fs.readLink(path))
        if (Option.isSome(link)) return [`${name} -> ${link.value}`]
        const { mode, type } = yield* fs.stat(path)
        const shown = `${name} ${type} ${(mode & 0o7777).toString(8)}`
        return type === "File"
          ? [`${shown} ${yield* Effect.orElseSucceed(fs.readFileString(path), () => "?")}`]
          : [shown, ...(yield* tree(fs, root, `${name}/`))]
      }))
    return lines.flat()
  })

const whole: ReadonlyArray<Case> = [
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
      assert.deepStrictEqual((yield* fs.stat(at("file"))).mtime, Option.some(new Date(1_100_000_000_250)))
    }), { differs: seconds() }),
  of("tells device, inode and links", (fs, at) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(at("one"), "")
      yield* fs.link(at("one"), at("two"))
      const [one, two] = yield* Effect.all([fs.stat(at("one")), fs.stat(at("two"))])
      assert.isAbove(one.dev, 0)
      assert.isTrue(Option.isSome(one.ino))
      assert.deepStrictEqual([one.ino, one.nlink], [two.ino, Option.some(2)])
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

const copies: ReadonlyArray<Case> = [
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
      assert.deepStrictEqual((yield* fs.stat(at("other/inner"))).mtime, Option.some(new Date(1_000_000_000_000)))
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

const read = (file: File, length: number) =>
  Effect.gen(function*() {
    const buffer = new Uint8Array(length)
    const count = Number(yield* file.read(buffer))
    return text(buffer.subarray(0, count))
  })

const opened: ReadonlyArray<Case> = [
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

const streams: ReadonlyArray<Case> = [
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

const temporary: ReadonlyArray<Case> = [
  of("temporary directories are new, for the user alone, and have their prefix", (fs, at) =>
    Effect.gen(function*() {
      const [one, two] = yield* Effect.all([
        fs.makeTempDirectory({ directory: at(""), prefix: "pre-" }),
        fs.makeTempDirectory({ directory: at(""), prefix: "pre-" })
      ])
      assert.notStrictEqual(one, two)
      assert.isTrue(one.startsWith(at("pre-")))
      assert.strictEqual((yield* fs.stat(one)).mode & 0o7777, 0o700)
    })),
  of("scoped ones go with their scope, with all that is in them", (fs) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const directory = yield* Scope.extend(fs.makeTempDirectoryScoped(), scope)
      const file = yield* Scope.extend(fs.makeTempFileScoped({ suffix: ".txt" }), scope)
      yield* fs.makeDirectory(`${directory}/a/b`, { recursive: true })
      yield* fs.writeFileString(`${directory}/a/b/c`, "")
      assert.strictEqual((yield* fs.stat(file)).size, Size(0))
      assert.isTrue(file.endsWith(".txt"))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* fs.exists(directory))
      assert.isFalse(yield* fs.exists(file))
      assert.isFalse(yield* fs.exists(file.slice(0, file.lastIndexOf("/"))))
    })),
  of("temporary files are alone in a directory", (fs, at) =>
    Effect.gen(function*() {
      const path = yield* Path
      const file = yield* fs.makeTempFile({ directory: at(""), prefix: "x" })
      assert.isTrue(path.dirname(file).startsWith(at("x")))
      assert.deepStrictEqual(yield* fs.readDirectory(path.dirname(file)), [path.basename(file)])
    }))
]

/** Does it again until an event of the kind has come. */
const watched = (
  name: string,
  prepare: (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError>,
  watch: (
    fs: FileSystem,
    at: (name: string) => string
  ) => Stream.Stream<{ readonly _tag: string; readonly path: string }, PlatformError>,
  act: (fs: FileSystem, at: (name: string) => string, turn: number) => Effect.Effect<unknown, PlatformError>,
  expected: RegExp,
  more: Omit<Case, "name" | "run"> = {}
): Case =>
  of(name, (fs, at) =>
    Effect.gen(function*() {
      yield* prepare(fs, at)
      let turn = 0
      const again = Effect.suspend(() => act(fs, at, turn += 1))
      const seen: Array<string> = []
      const found = watch(fs, at).pipe(
        Stream.map(({ _tag, path }) => `${_tag} ${path}`),
        Stream.tap((event) => Effect.sync(() => seen.push(event))),
        Stream.filter((event) => expected.test(event)),
        Stream.runHead
      )
      const first = yield* Effect.raceFirst(
        Effect.timeoutFail(found, { duration: "10 seconds", onTimeout: () => `only ${seen.join(", ")}` }),
        Effect.zipRight(Effect.repeat(again, Schedule.spaced("300 millis")), Effect.never)
      )
      assert.isTrue(Option.isSome(first))
    }), more)

const watches: ReadonlyArray<Case> = [
  watched(
    "watches a directory: what comes",
    () => Effect.void,
    (fs, at) => fs.watch(at("")),
    (fs, at, turn) => fs.writeFileString(at(`new${turn}`), ""),
    /^Create new\d+$/,
    { differs: { node: "asks for the name in its own working directory, and finds nothing there" } }
  ),
  watched(
    "watches a directory: what changes",
    (fs, at) => fs.writeFileString(at("file"), ""),
    (fs, at) => fs.watch(at("")),
    (fs, at, turn) => fs.writeFileString(at("file"), "x".repeat(turn)),
    /^Update file$/
  ),
  watched(
    "watches a directory: what goes",
    (fs, at) => Effect.forEach(Array.from({ length: 50 }), (_, index) => fs.writeFileString(at(`old${index}`), "")),
    (fs, at) => fs.watch(at("")),
    (fs, at, turn) => fs.remove(at(`old${turn}`), { force: true }),
    /^Remove old\d+$/
  ),
  watched(
    "watches directories below",
    (fs, at) => fs.makeDirectory(at("a/b"), { recursive: true }),
    (fs, at) => fs.watch(at(""), { recursive: true }),
    (fs, at, turn) => fs.writeFileString(at(`a/b/file`), "x".repeat(turn)),
    /^(Create|Update) a\/b\/file$/
  ),
  watched(
    "watches a file",
    (fs, at) => fs.writeFileString(at("file"), ""),
    (fs, at) => fs.watch(at("file")),
    (fs, at, turn) => fs.writeFileString(at("file"), "x".repeat(turn)),
    /^Update file$/
  )
]

function seconds() {
  const why = "SFTP has whole seconds"
  return { sandbox: why, openssh: why, fleet: why }
}
function inodes() {
  const why = "SFTP tells nothing of devices, inodes, links and blocks"
  return { sandbox: why, openssh: why, fleet: why }
}
function needless() {
  const why = "nothing to write is written at once"
  return { manager: why, memory: why, sandbox: why, openssh: why, fleet: why }
}
function links() {
  const why = "links are listed, not entered: they may go round"
  return { manager: why, memory: why, sandbox: why, openssh: why, fleet: why }
}
function verbatim() {
  const why = "links are copied as they are"
  return { memory: why, sandbox: why, openssh: why, fleet: why }
}

export const cases: ReadonlyArray<Case> = [
  ...missing,
  ...standing,
  ...above,
  ...denied,
  ...whole,
  ...copies,
  ...opened,
  ...streams,
  ...temporary,
  ...watches
]
