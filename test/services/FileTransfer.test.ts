import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FileTransfer from "../../src/services/FileTransfer.ts"
import { Host, manager } from "../../src/services/Host.ts"
import { type Files } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"
import { localFiles } from "../tasks/localTarget.ts"

const host = Host.make({ alias: "host-1" })

/** A host without anything but SFTP. */
const overFiles = (files: Files): FileTransfer.Remote => ({ host, files: Effect.succeed(files) })

/** `here` on this machine and `there` on the host, side by side in a temporary directory. */
const setup = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
  const here = `${directory}/here`
  const there = `${directory}/there`
  yield* fs.makeDirectory(here)
  yield* fs.makeDirectory(there)
  return { fs, here, there, remote: overFiles(localFiles(fs, there)) }
})

/** Everything below a directory: path, mode, and content or `/`. */
const tree = (fs: FileSystem.FileSystem, root: string) =>
  fs.readDirectory(root, { recursive: true }).pipe(
    Effect.flatMap(Effect.forEach((path) =>
      Effect.gen(function*() {
        const info = yield* fs.stat(`${root}/${path}`)
        const content = info.type === "Directory" ? "/" : yield* fs.readFileString(`${root}/${path}`)
        return [path, (info.mode & 0o777).toString(8), content].join(" ")
      })
    )),
    Effect.map((all) => all.sort())
  )

const alone = { skipped: [], unchanged: 0, resumed: 0, lacking: "a connection for programs" }

const test = (name: string, effect: Effect.Effect<void, unknown, NodeContext.NodeContext | Scope.Scope>) =>
  it.scopedLive(name, () => Effect.provide(effect, NodeContext.layer))

describe("a file", () => {
  test(
    "keeps bytes and mode both ways, under its final name only",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      const bytes = new Uint8Array(300_000).map((_, i) => i * 7)
      yield* fs.writeFile(`${here}/a`, bytes)
      yield* fs.chmod(`${here}/a`, 0o751)
      const seen = yield* Ref.make<ReadonlyArray<FileTransfer.Progress>>([])
      const done = yield* FileTransfer.sendFile(remote, `${here}/a`, "deep/er/b", {
        onProgress: (progress) => Ref.update(seen, (all) => [...all, progress])
      })
      assert.deepStrictEqual(done, { files: 1, bytes: 300_000, ...alone })
      assert.deepStrictEqual((yield* Ref.get(seen)).slice(-1), [{ files: 1, bytes: 300_000 }])
      assert.isAbove((yield* Ref.get(seen)).length, 2)
      assert.deepStrictEqual(yield* fs.readDirectory(`${there}/deep/er`), ["b"])
      yield* FileTransfer.getFile(remote, "deep/er/b", `${here}/back/`)
      assert.deepStrictEqual(yield* fs.readFile(`${here}/back/b`), bytes)
      assert.strictEqual((yield* fs.stat(`${here}/back/b`)).mode & 0o777, 0o751)
    })
  )

  test(
    "goes into a directory that is there, and replaces a file that is there",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* fs.writeFileString(`${here}/a`, "new")
      yield* fs.makeDirectory(`${there}/dir`)
      yield* fs.writeFileString(`${there}/dir/a`, "older and longer")
      yield* FileTransfer.send(remote, `${here}/a`, "dir")
      assert.deepStrictEqual(yield* tree(fs, there), ["dir 755 /", "dir/a 644 new"])
    })
  )

  test(
    "that is not there is told with the side on which it is missing",
    Effect.gen(function*() {
      const { here, remote } = yield* setup
      const send = yield* Effect.flip(FileTransfer.send(remote, `${here}/no`, "x"))
      assert.deepInclude(send, { _tag: "FileTransferError", reason: "Missing", host: manager.alias, step: "send" })
      const get = yield* Effect.flip(FileTransfer.get(remote, "no", `${here}/x`))
      assert.deepInclude(get, { _tag: "FileTransferError", reason: "Missing", host: "host-1", step: "get", path: "no" })
    })
  )

  test(
    "asked for where a directory is, and the reverse, is refused",
    Effect.gen(function*() {
      const { fs, here, remote } = yield* setup
      yield* fs.writeFileString(`${here}/a`, "")
      const file = yield* Effect.flip(FileTransfer.sendFile(remote, here, "x"))
      assert.deepInclude(file, { reason: "NotAFile", detail: "it is a directory" })
      const directory = yield* Effect.flip(FileTransfer.sendDirectory(remote, `${here}/a`, "x"))
      assert.deepInclude(directory, { reason: "NotAFile", detail: "it is a file" })
      const device = yield* Effect.flip(FileTransfer.send(remote, "/dev/null", "x"))
      assert.deepInclude(device, { reason: "NotAFile", detail: "it is a pipe, a socket or a device" })
    })
  )

  test(
    "leaves nothing when the transfer fails or is interrupted",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* fs.writeFileString(`${here}/a`, "a")
      yield* fs.writeFileString(`${there}/a`, "old")
      const full = new SshError({ reason: "Transfer", host: "host-1", step: "sftp.write", detail: "no space left" })
      const files = yield* remote.files
      const half = (then: Effect.Effect<never, SshError>): FileTransfer.Remote =>
        overFiles({
          ...files,
          write: (path, content, mode) => Effect.zipRight(files.write(path, Stream.take(content, 1), mode), then)
        })
      const failing = half(Effect.fail(full))
      assert.isTrue(Equal.equals(yield* Effect.flip(FileTransfer.send(failing, `${here}/a`, "a")), full))
      assert.deepStrictEqual(yield* tree(fs, there), ["a 644 old"])

      const written = yield* Deferred.make<void>()
      const hanging = half(Effect.zipRight(Deferred.succeed(written, undefined), Effect.never))
      const fiber = yield* Effect.fork(FileTransfer.send(hanging, `${here}/a`, "a"))
      yield* Deferred.await(written)
      assert.strictEqual((yield* fs.readDirectory(there)).length, 2)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* tree(fs, there), ["a 644 old"])
    })
  )
})

describe("a directory", () => {
  const fill = (fs: FileSystem.FileSystem, root: string) =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(`${root}/empty`, { recursive: true })
      yield* fs.makeDirectory(`${root}/sub/deeper`, { recursive: true })
      yield* fs.writeFileString(`${root}/one`, "1")
      yield* fs.writeFileString(`${root}/sub/.hidden ' name`, "2")
      yield* fs.writeFileString(`${root}/sub/deeper/three`, "")
      yield* fs.chmod(`${root}/one`, 0o600)
      yield* fs.chmod(`${root}/sub/deeper`, 0o500)
    })

  test(
    "keeps everything in it, empty and read-only directories too, both ways",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* fill(fs, `${here}/data`)
      const sent = yield* FileTransfer.send(remote, `${here}/data`, "copy")
      assert.deepStrictEqual(sent, { files: 3, bytes: 2, ...alone })
      const expected = yield* tree(fs, `${here}/data`)
      assert.strictEqual(expected.length, 6)
      assert.deepStrictEqual(yield* tree(fs, `${there}/copy`), expected)
      yield* FileTransfer.getDirectory(remote, "copy", `${here}/back`)
      assert.deepStrictEqual(yield* tree(fs, `${here}/back`), expected)
      // Without root, what is read-only could not be removed with the temporary directory.
      yield* Effect.forEach(
        [`${here}/data`, `${there}/copy`, `${here}/back`],
        (root) => fs.chmod(`${root}/sub/deeper`, 0o700)
      )
    })
  )

  test(
    "is merged into its target, or goes below it when that ends in a slash",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* fs.makeDirectory(`${here}/data`)
      yield* fs.writeFileString(`${here}/data/a`, "a")
      yield* fs.chmod(`${here}/data`, 0o777)
      yield* fs.makeDirectory(`${there}/private`)
      yield* fs.chmod(`${there}/private`, 0o700)
      yield* FileTransfer.send(remote, `${here}/data/`, "private")
      yield* FileTransfer.send(remote, `${here}/data`, "private")
      yield* FileTransfer.send(remote, `${here}/data/`, "into/")
      assert.deepStrictEqual(yield* tree(fs, there), [
        "into 755 /",
        "into/data 777 /",
        "into/data/a 644 a",
        // Not opened to others by what was sent into it.
        "private 700 /",
        "private/a 644 a"
      ])
    })
  )

  test(
    "follows links, and names those that lead nowhere or in circles",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* fs.makeDirectory(`${here}/data/sub`, { recursive: true })
      yield* fs.writeFileString(`${here}/file`, "x")
      yield* fs.symlink(`${here}/file`, `${here}/data/link`)
      yield* fs.symlink("nowhere", `${here}/data/dangling`)
      yield* fs.symlink("..", `${here}/data/sub/up`)
      yield* fs.symlink(".", `${here}/data/self`)
      const done = yield* FileTransfer.send(remote, `${here}/data`, "data")
      assert.deepStrictEqual(done.skipped, ["dangling", "self", "sub/up"])
      assert.deepStrictEqual(yield* tree(fs, there), ["data 755 /", "data/link 644 x", "data/sub 755 /"])
    })
  )

  test(
    "has a bounded number of files under way",
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* Effect.forEach(Array.from({ length: 60 }, (_, i) => i), (i) => fs.writeFileString(`${here}/${i}`, `${i}`))
      const running = yield* Ref.make(0)
      const most = yield* Ref.make(0)
      const open = yield* remote.files
      const files: Files = {
        ...open,
        write: (path, content, mode) =>
          Effect.acquireUseRelease(
            Effect.tap(Ref.updateAndGet(running, (n) => n + 1), (n) => Ref.update(most, (m) => Math.max(m, n))),
            () => open.write(path, content, mode),
            () => Ref.update(running, (n) => n - 1)
          )
      }
      yield* FileTransfer.send(overFiles(files), here, "all", { concurrency: 4 })
      assert.strictEqual(yield* Ref.get(most), 4)
      assert.strictEqual((yield* fs.readDirectory(`${there}/all`)).length, 60)
    })
  )

  const name = FastCheck.stringMatching(/^[^/\0]{1,20}$/).filter((name) => name !== "." && name !== "..")
  it.effect.prop("with any names arrives as it is", {
    names: FastCheck.uniqueArray(FastCheck.tuple(name, name), { selector: ([a]) => a.normalize(), maxLength: 5 })
  }, ({ names }) =>
    Effect.gen(function*() {
      const { fs, here, remote, there } = yield* setup
      yield* Effect.forEach(names, ([directory, file]) =>
        Effect.zipRight(
          fs.makeDirectory(`${here}/${directory}`),
          fs.writeFileString(`${here}/${directory}/${file}`, file)
        ))
      const done = yield* FileTransfer.send(remote, here, "all")
      assert.strictEqual(done.files, names.length)
      assert.deepStrictEqual(done.skipped, [])
      if (names.length > 0) assert.deepStrictEqual(yield* tree(fs, `${there}/all`), yield* tree(fs, here))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), { fastCheck: { numRuns: 30 } })
})
