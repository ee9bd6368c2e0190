import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { SFTPWrapper, Stats } from "ssh2"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { client } from "./sandboxClients.ts"

/** A session of ssh2's client, and the home of its host. */
const session = Effect.gen(function*() {
  const sandbox = yield* Sandbox.make({ hosts: 1 })
  const connection = yield* client(sandbox, "host-1")
  const sftp = yield* Effect.async<SFTPWrapper, Error>((resume) => {
    connection.sftp((error, sftp) => resume(error === undefined ? Effect.succeed(sftp) : Effect.fail(error)))
  })
  return { sftp, home: sandbox.hosts[0]?.home ?? "" }
})

interface Status {
  readonly code: number
}

/** One request; fails with its status. */
const ask = <A = void>(run: (done: (error: Error | null | undefined, value: A) => void) => void) =>
  Effect.async<A, number>((resume) => {
    run((error, value) =>
      resume(
        error === null || error === undefined
          ? Effect.succeed(value)
          : Effect.fail(Number((error as Error & Status).code))
      )
    )
  })

const [noSuchFile, failure] = [2, 4]

describe("SFTP of a Sandbox", () => {
  it.scopedLive("opens as it is asked: new only, at the end, anew", () =>
    Effect.gen(function*() {
      const { home, sftp } = yield* session
      const put = (flags: "w" | "a" | "wx" | "r+", text: string, position = 0) =>
        Effect.gen(function*() {
          const handle = yield* ask<Buffer>((done) => sftp.open("file", flags, { mode: 0o640 }, done))
          yield* ask((done) => sftp.write(handle, Buffer.from(text), 0, text.length, position, (error) => done(error)))
          yield* ask((done) => sftp.close(handle, (error) => done(error)))
          return readFileSync(join(home, "file"), "utf8")
        })
      assert.strictEqual(yield* put("wx", "one"), "one")
      assert.strictEqual(statSync(join(home, "file")).mode & 0o777, 0o640)
      assert.strictEqual(yield* Effect.flip(put("wx", "two")), failure)
      assert.strictEqual(yield* put("a", "two"), "onetwo")
      assert.strictEqual(yield* put("r+", "XX", 1), "oXXtwo")
      assert.strictEqual(yield* put("w", "three"), "three")
      assert.strictEqual(yield* Effect.flip(ask<Buffer>((done) => sftp.open("missing", "r", done))), noSuchFile)
    }))

  it.scopedLive("tells and changes files, links apart from what they lead to", () =>
    Effect.gen(function*() {
      const { home, sftp } = yield* session
      writeFileSync(join(home, "file"), "0123456789")
      symlinkSync("file", join(home, "link"))
      symlinkSync("nowhere", join(home, "dangling"))
      yield* ask((done) =>
        sftp.setstat(
          "link",
          { size: 4, mode: 0o600, atime: 1_000_000_000, mtime: 1_100_000_000 },
          (error) => done(error)
        )
      )
      const stats = yield* ask<Stats>((done) => sftp.stat("link", done))
      assert.deepStrictEqual(
        [stats.size, stats.mode & 0o7777, stats.atime, stats.mtime, stats.isFile()],
        [4, 0o600, 1_000_000_000, 1_100_000_000, true]
      )
      assert.isTrue((yield* ask<Stats>((done) => sftp.lstat("link", done))).isSymbolicLink())
      assert.strictEqual(yield* ask<string>((done) => sftp.readlink("link", done)), "file")
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.stat("dangling", (error) => done(error)))), noSuchFile)
      assert.strictEqual(yield* ask<string>((done) => sftp.realpath("link", done)), join(home, "file"))
      assert.strictEqual(yield* ask<string>((done) => sftp.realpath("not/yet", done)).pipe(Effect.flip), noSuchFile)
      assert.strictEqual(yield* ask<string>((done) => sftp.realpath("yet", done)), join(home, "yet"))
      assert.strictEqual(yield* ask<string>((done) => sftp.realpath(".", done)), home)
      assert.strictEqual(yield* ask<string>((done) => sftp.realpath("/", done)), "/")
      const handle = yield* ask<Buffer>((done) => sftp.open("file", "r+", done))
      yield* ask((done) => sftp.fsetstat(handle, { size: 2 }, (error) => done(error)))
      assert.strictEqual((yield* ask<Stats>((done) => sftp.fstat(handle, done))).size, 2)
      // ssh2's client gives the arguments in the order of the specification, OpenSSH's in its own.
      yield* ask((done) => sftp.symlink("file", "another", (error) => done(error)))
      assert.strictEqual(readlinkSync(join(home, "another")), "file")
    }))

  it.scopedLive("renames without and with replacing, and refuses what sftp-server refuses", () =>
    Effect.gen(function*() {
      const { home, sftp } = yield* session
      writeFileSync(join(home, "a"), "a")
      writeFileSync(join(home, "b"), "b")
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.rename("a", "b", (error) => done(error)))), failure)
      yield* ask((done) => sftp.ext_openssh_rename("a", "b", (error) => done(error)))
      assert.strictEqual(readFileSync(join(home, "b"), "utf8"), "a")
      mkdirSync(join(home, "full/inner"), { recursive: true })
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.rmdir("full", (error) => done(error)))), failure)
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.mkdir("full", (error) => done(error)))), failure)
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.unlink("full", (error) => done(error)))), failure)
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.unlink("none", (error) => done(error)))), noSuchFile)
    }))

  it.scopedLive("holds a session to so many handles, and gives them back", () =>
    Effect.gen(function*() {
      const { home, sftp } = yield* session
      writeFileSync(join(home, "file"), "")
      const open = ask<Buffer>((done) => sftp.open("file", "r", done))
      const handles = yield* Effect.forEach(Array.from({ length: 1024 }), () => open, { concurrency: 64 })
      assert.strictEqual(new Set(handles.map((handle) => handle.toString("hex"))).size, 1024)
      assert.strictEqual(yield* Effect.flip(open), failure)
      const [first] = handles
      assert.isDefined(first)
      yield* ask((done) => sftp.close(first, (error) => done(error)))
      yield* open
      assert.strictEqual(yield* Effect.flip(ask((done) => sftp.close(first, (error) => done(error)))), failure)
    }))

  it.scopedLive("refuses places that nobody can count to, and leaves the file alone", () =>
    Effect.gen(function*() {
      const { home, sftp } = yield* session
      writeFileSync(join(home, "file"), "safe")
      const handle = yield* ask<Buffer>((done) => sftp.open("file", "r+", done))
      const data = Buffer.from("bad!")
      for (const place of [2 ** 53, 2 ** 60]) {
        yield* Effect.flip(ask((done) => sftp.write(handle, data, 0, data.length, place, (error) => done(error))))
        yield* Effect.flip(ask((done) => sftp.read(handle, data, 0, data.length, place, (error) => done(error))))
      }
      yield* Effect.flip(ask((done) => sftp.stat("zero\0byte", (error) => done(error))))
      assert.strictEqual(readFileSync(join(home, "file"), "utf8"), "safe")
    }))
})
