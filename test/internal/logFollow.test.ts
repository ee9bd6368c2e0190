/** A log that is rotated or written in the very moment in which somebody looks: each line is heard once. */
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as logFollow from "../../src/internal/logFollow.ts"

const folder = "/logs/execution_log/host"
const name = "task_20260101000000.log"

interface File {
  readonly ino: number
  readonly born: number
  readonly bytes: Buffer
}

/** One folder in memory, and what happens right after it was listed, or after a file was looked at. */
const world = () => {
  const files = new Map<string, File>()
  let made = 0
  const then = new Map<string, () => void>()
  const happens = (moment: string) => {
    const now = then.get(moment)
    then.delete(moment)
    now?.()
  }
  const add = (at: string, text: string, ino = 0) => {
    made++
    const { born, bytes, ...old } = files.get(at) ?? { ino: ino || made, born: made, bytes: Buffer.alloc(0) }
    files.set(at, { ...old, born, bytes: Buffer.concat([bytes, Buffer.from(text)]) })
  }
  const rename = (from: string, to: string) => {
    const file = files.get(from)
    files.delete(from)
    if (file !== undefined) files.set(to, file)
  }
  const infoOf = (file: File): FileSystem.File.Info => ({
    type: "File",
    mtime: Option.some(new Date(0)),
    atime: Option.none(),
    birthtime: Option.some(new Date(file.born)),
    dev: 1,
    rdev: Option.none(),
    ino: Option.some(file.ino),
    mode: 0o600,
    nlink: Option.none(),
    uid: Option.none(),
    gid: Option.none(),
    size: FileSystem.Size(file.bytes.length),
    blksize: Option.none(),
    blocks: Option.none()
  })
  const fileAt = (method: string, path: string) =>
    Effect.suspend(() => {
      const file = files.get(path.slice(folder.length + 1))
      return file === undefined
        ? Effect.fail(
          new PlatformError.SystemError({ module: "FileSystem", method, reason: "NotFound", pathOrDescriptor: path })
        )
        : Effect.succeed(file)
    })
  const noop = FileSystem.makeNoop({})
  const fs = FileSystem.make({
    ...noop,
    readDirectory: (path) =>
      Effect.sync(() => {
        if (path !== folder) return ["host"]
        const names = [...files.keys()].sort()
        happens("listed")
        return names
      }),
    stat: (path) =>
      Effect.map(fileAt("stat", path), (file) => {
        const info = infoOf(file)
        happens(path.slice(folder.length + 1))
        return info
      }),
    open: (path) =>
      Effect.map(fileAt("open", path), (file): FileSystem.File => {
        let at = 0
        const never = Effect.dieMessage("only read")
        return {
          [FileSystem.FileTypeId]: FileSystem.FileTypeId,
          fd: FileSystem.FileDescriptor(0),
          stat: Effect.sync(() => infoOf(file)),
          seek: (offset) =>
            Effect.sync(() => {
              at = Number(offset)
            }),
          readAlloc: (size) =>
            Effect.sync(() => {
              const bytes = file.bytes.subarray(at, at + Number(size))
              at += bytes.length
              return bytes.length === 0 ? Option.none() : Option.some(bytes)
            }),
          sync: never,
          read: () => never,
          truncate: () => never,
          write: () => never,
          writeAll: () => never
        }
      })
  })
  return { files, add, rename, after: (moment: string, act: () => void) => then.set(moment, act), fs }
}

/** What is heard of a log with one file, when these happen between looks. */
const heard = (text: string, steps: (of: ReturnType<typeof world>) => ReadonlyArray<() => void>) =>
  Effect.suspend(() => {
    const of = world()
    const lines: Array<string> = []
    return Effect.gen(function*() {
      of.add(name, text)
      yield* Effect.forkScoped(
        Stream.runForEach(logFollow.follow("/logs", 100), ({ text }) => Effect.sync(() => lines.push(text)))
      )
      yield* TestClock.adjust("300 millis")
      for (const step of steps(of)) {
        step()
        yield* TestClock.adjust("300 millis")
      }
      yield* TestClock.adjust("3 seconds")
      return lines
    }).pipe(Effect.scoped, Effect.provideService(FileSystem.FileSystem, of.fs), Effect.provide(Path.layer))
  })

describe("a log that is followed", () => {
  it.effect("is renamed after the folder was listed: nothing is heard again", () =>
    Effect.gen(function*() {
      const lines = yield* heard("1\n", ({ add, after, rename }) => [
        () =>
          after("listed", () => {
            rename(name, `${name}.1`)
            add(name, "2\n")
          }),
        () => add(name, "3\n")
      ])
      assert.deepStrictEqual(lines, ["1", "2", "3"])
    }))

  it.effect("is renamed over a gap of two looks: nothing is heard again", () =>
    Effect.gen(function*() {
      const lines = yield* heard("1\n", ({ add, rename }) => [
        () => rename(name, "elsewhere"),
        () => {},
        () => {
          rename("elsewhere", `${name}.1`)
          add(name, "2\n")
        }
      ])
      assert.deepStrictEqual(lines, ["1", "2"])
    }))

  it.effect("is seen under two names in one look: it is read once", () =>
    Effect.gen(function*() {
      const lines = yield* heard("1\n", ({ add, after, rename }) => [
        () => {
          rename(name, `${name}.1`)
          add(name, "2\n")
        },
        () => {
          add(name, "3\n")
          after(name, () => {
            rename(`${name}.1`, `${name}.2`)
            rename(name, `${name}.1`)
            add(name, "4\n")
          })
        }
      ])
      assert.deepStrictEqual(lines, ["1", "2", "3", "4"])
    }))

  it.effect("is renamed between the look and the read: what another file has under its name is not taken for its own", () =>
    Effect.gen(function*() {
      const lines = yield* heard("1\n", ({ add, after, rename }) => [
        () => {
          add(name, "2\n3\n")
          after(name, () => {
            rename(name, `${name}.1`)
            add(name, "a\nb\nc\n")
          })
        }
      ])
      assert.deepStrictEqual(lines, ["1", "2", "3", "a", "b", "c"])
    }))

  it.effect("goes, and a new one gets its number: that is read from its beginning", () =>
    Effect.gen(function*() {
      const lines = yield* heard("1\n2\n", ({ add, files }) => [
        () => {
          files.delete(name)
          add(name, "3\n4\n5\n", 1)
        }
      ])
      assert.deepStrictEqual(lines, ["1", "2", "3", "4", "5"])
    }))

  it.effect("is looked at in the middle of a line: the line is heard once it is whole", () =>
    Effect.gen(function*() {
      const lines = yield* heard("1\nbeg", ({ add, rename }) => [
        () => add(name, "un"),
        () => add(name, "\n3\n\u00e4"),
        () => rename(name, `${name}.1`),
        () => add(`${name}.1`, "4\n")
      ])
      assert.deepStrictEqual(lines, ["1", "begun", "3", "\u00e44"])
    }))
})
