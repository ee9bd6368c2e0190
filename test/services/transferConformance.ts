/** What holds for a transfer with any host that has a POSIX shell, tar and find. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as FileTransfer from "../../src/services/FileTransfer.ts"
import { manager } from "../../src/services/Host.ts"
import type { Invocation, Program, SshConnection } from "../../src/services/SshConnection.ts"
import * as trees from "./transferTrees.ts"

const shell: Program = { name: "test", language: "sh", source: `eval "$1"` }

/** What a line of shell prints on the host. */
export const said = (connection: SshConnection, line: string) =>
  Effect.scoped(Effect.gen(function*() {
    const process = yield* connection.exec({ program: shell, words: [line] })
    yield* process.endInput
    const [output] = yield* Effect.all([
      Stream.runFold(process.stdout, "", (all, chunk) => all + Buffer.from(chunk).toString("latin1")),
      Stream.runDrain(process.stderr)
    ], { concurrency: 2 })
    return output
  }))

export const remoteOf = (connection: SshConnection): FileTransfer.Remote => ({
  host: connection.host,
  files: Effect.scoped(connection.files),
  connection: Effect.succeed(connection)
})

/** The connection, but what goes to one verb of the program passes through `change`. */
export const between = (
  connection: SshConnection,
  verb: string,
  change: (
    write: (chunk: Uint8Array | string) => Effect.Effect<void, never>,
    chunk: Uint8Array | string
  ) => Effect.Effect<void, never>
): SshConnection => ({
  ...connection,
  exec: (invocation: Invocation, options) =>
    Effect.map(connection.exec(invocation, options), (process) =>
      invocation.words[0] === verb
        ? { ...process, write: (chunk) => change((chunk) => Effect.orDie(process.write(chunk)), chunk) }
        : process)
})

export const transferConformance = <E>(
  name: string,
  connect: Effect.Effect<SshConnection, E, Scope.Scope>
): void => {
  const setup = Effect.gen(function*() {
    const here = yield* trees.temporary
    const connection = yield* connect
    const there = (yield* said(connection, `mktemp -d "\${TMPDIR:-/tmp}/transfer.XXXXXX"`)).trim()
    yield* Effect.addFinalizer(() => Effect.ignore(said(connection, `chmod -R u+rwx '${there}'; rm -rf '${there}'`)))
    return { connection, here, there, remote: remoteOf(connection) }
  })
  const kept = (connection: SshConnection, there: string) =>
    said(connection, `find '${there}' -name .lazycluster-transfer`)

  describe(name, () => {
    it.scopedLive("keeps names in any bytes, links, modes, times and empty directories, both ways", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.fill(`${here}/tree`)
        const expected = trees.describe(`${here}/tree`)
        const sent = yield* FileTransfer.send(remote, `${here}/tree`, `${there}/copy`)
        const files = expected.filter((line) => line.startsWith("f")).length
        assert.deepInclude(sent, { files, skipped: [], unchanged: 0, resumed: 0 })
        assert.isUndefined(sent.lacking)
        assert.strictEqual(yield* kept(connection, there), "")
        const got = yield* FileTransfer.get(remote, `${there}/copy`, `${here}/back`)
        assert.deepInclude(got, { files, bytes: sent.bytes })
        assert.deepStrictEqual(trees.describe(`${here}/back`), expected)
        assert.deepStrictEqual(fs.readdirSync(here).sort(), ["back", "tree"])
      }))

    it.scopedLive.prop("keeps trees of any names", [trees.paths], ([paths]) =>
      Effect.gen(function*() {
        const { here, remote, there } = yield* setup
        fs.mkdirSync(`${here}/tree`)
        for (const path of paths) trees.write(`${here}/tree`, path, path)
        yield* FileTransfer.send(remote, `${here}/tree`, `${there}/copy`)
        yield* FileTransfer.get(remote, `${there}/copy`, `${here}/back`)
        assert.deepStrictEqual(trees.describe(`${here}/back`), trees.describe(`${here}/tree`))
      }), { fastCheck: { numRuns: 6 } })

    it.scopedLive("sends again what has changed, and nothing else", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.fill(`${here}/tree`)
        const send = (options?: FileTransfer.Options) =>
          FileTransfer.send(remote, `${here}/tree`, `${there}/copy`, options)
        const all = trees.describe(`${here}/tree`).length
        // Some hosts have whole seconds only: there a fraction would make the hash decide.
        fs.utimesSync(`${here}/tree/--`, 1_000_000_000, 1_000_000_000)
        yield* send()
        assert.deepInclude(yield* send(), { files: 0, bytes: 0, unchanged: all })
        assert.deepInclude(yield* send({ compare: "hash" }), { files: 0, bytes: 0, unchanged: all })
        assert.deepInclude(yield* FileTransfer.get(remote, `${there}/copy`, `${here}/tree`), {
          files: 0,
          unchanged: all
        })

        trees.write(`${here}/tree`, "a b", "changed")
        trees.write(`${here}/tree`, "added/below", "new")
        // The content of a large file is not sent for its time and mode.
        fs.utimesSync(`${here}/tree/large`, 1_200_000_000, 1_200_000_000)
        fs.chmodSync(`${here}/tree/large`, 0o600)
        assert.deepInclude(yield* send(), { files: 2, bytes: 10 })
        assert.strictEqual(yield* said(connection, `cat '${there}/copy/a b' '${there}/copy/added/below'`), "changednew")
        assert.deepInclude(yield* send(), { files: 0, unchanged: all + 2 })

        // Same size, same time, other content: only the hash tells.
        yield* said(
          connection,
          `cd '${there}/copy'; touch -r ./-- t; printf +++++ | head -c 2 >./--; touch -r t ./--; rm t`
        )
        assert.deepInclude(yield* send(), { files: 0 })
        assert.deepInclude(yield* send({ compare: "hash" }), { files: 1, bytes: 2 })
        assert.strictEqual(yield* said(connection, `cat '${there}/copy/--'`), "--")
      }))

    it.scopedLive("leaves out what patterns and .gitignore files name, both ways", () =>
      Effect.gen(function*() {
        const { here, remote, there } = yield* setup
        const tree = `${here}/tree`
        trees.write(tree, ".gitignore", "*.log\n/build/\n")
        trees.write(tree, "keep.txt", "1")
        trees.write(tree, "a.log", "2")
        trees.write(tree, "build/out", "3")
        trees.write(tree, "sub/build/in", "4")
        trees.write(tree, "sub/.gitignore", "!b.log\n")
        trees.write(tree, "sub/b.log", "5")
        trees.write(tree, "sub/c.tmp", "6")
        const options = { exclude: ["*.tmp"], gitignore: true }
        yield* FileTransfer.send(remote, tree, `${there}/some`, options)
        yield* FileTransfer.send(remote, tree, `${there}/all`)
        yield* FileTransfer.get(remote, `${there}/some`, `${here}/some`)
        yield* FileTransfer.get(remote, `${there}/all`, `${here}/filtered`, options)
        const files = trees.describe(`${here}/some`, { times: false }).filter((line) => line.startsWith("f"))
        assert.deepStrictEqual(files.map((line) => line.split(" ")[1]), [
          `".gitignore"`,
          `"keep.txt"`,
          `"sub/.gitignore"`,
          `"sub/b.log"`,
          `"sub/build/in"`
        ])
        assert.deepStrictEqual(
          trees.describe(`${here}/filtered`, { times: false }),
          trees.describe(`${here}/some`, { times: false })
        )
      }))

    it.scopedLive("follows links where told, and names those that lead nowhere or in circles", () =>
      Effect.gen(function*() {
        const { here, remote, there } = yield* setup
        const tree = `${here}/tree`
        trees.write(tree, "sub/file", "x")
        fs.symlinkSync("sub/file", `${tree}/link`)
        fs.symlinkSync("sub", `${tree}/directory`)
        fs.symlinkSync("nowhere", `${tree}/dangling`)
        fs.symlinkSync("..", `${tree}/sub/up`)
        const sent = yield* FileTransfer.send(remote, tree, `${there}/copy`, { links: "follow" })
        assert.deepStrictEqual(sent.skipped, ["dangling", "directory/up", "sub/up"])
        yield* FileTransfer.send(remote, tree, `${there}/links`)
        yield* FileTransfer.get(remote, `${there}/links`, `${here}/back`, { links: "follow" })
        const expected = ["directory", "directory/file", "link", "sub", "sub/file"]
        for (const root of [`${here}/back`]) {
          const names = trees.describe(root).map((line) => JSON.parse(line.split(" ")[1] ?? ""))
          assert.deepStrictEqual(names.sort(), expected)
        }
      }))

    it.scopedLive("puts a file where it is told: under another name, into a directory, below missing ones", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.write(here, "file", "f", 0o751)
        yield* said(connection, `mkdir '${there}/dir'`)
        yield* FileTransfer.send(remote, `${here}/file`, `${there}/other`)
        yield* FileTransfer.send(remote, `${here}/file`, `${there}/dir`)
        yield* FileTransfer.send(remote, `${here}/file`, `${there}/new/deep/`)
        assert.strictEqual(
          yield* said(connection, `cd '${there}'; find . -type f | sort; cat dir/file`),
          "./dir/file\n./new/deep/file\n./other\nf"
        )
        fs.mkdirSync(`${here}/in`)
        yield* FileTransfer.get(remote, `${there}/other`, `${here}/in`)
        yield* FileTransfer.get(remote, `${there}/other`, `${here}/x/y`)
        yield* FileTransfer.get(remote, `${there}/dir/`, `${here}/z/`)
        assert.strictEqual(fs.statSync(`${here}/in/other`).mode & 0o777, 0o751)
        assert.strictEqual(fs.readFileSync(`${here}/x/y`, "utf8") + fs.readFileSync(`${here}/z/dir/file`, "utf8"), "ff")
        assert.strictEqual(yield* kept(connection, there), "")
      }))

    it.scopedLive("merges into what is there, keeps its modes, and removes nothing", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.write(here, "tree/sub/new", "n")
        trees.write(here, "tree/sub/both", "source")
        fs.chmodSync(`${here}/tree`, 0o777)
        yield* said(
          connection,
          `cd '${there}'; mkdir -p t/sub; chmod 700 t; echo old >t/sub/old; echo target >t/sub/both`
        )
        yield* FileTransfer.send(remote, `${here}/tree`, `${there}/t`)
        assert.strictEqual(
          yield* said(connection, `cd '${there}/t'; find . -type f | sort | xargs cat; ls -ld . | cut -c1-10`),
          "sourcenold\ndrwx------\n"
        )
      }))

    it.scopedLive("does nothing at all where another kind is in the way, and follows no link of the target", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.write(here, "tree/a/b", "1")
        trees.write(here, "tree/c", "2")
        yield* said(connection, `cd '${there}'; mkdir t out; ln -s ../out t/a; mkdir u u/c`)
        const link = yield* Effect.flip(FileTransfer.send(remote, `${here}/tree`, `${there}/t`))
        assert.deepInclude(link, { reason: "InTheWay", path: "a" })
        const directory = yield* Effect.flip(FileTransfer.send(remote, `${here}/tree`, `${there}/u`))
        assert.deepInclude(directory, { reason: "InTheWay", path: "c" })
        assert.strictEqual(
          yield* said(connection, `cd '${there}'; find . | sort`),
          ".\n./out\n./t\n./t/a\n./u\n./u/c\n"
        )

        fs.mkdirSync(`${here}/outside`)
        fs.mkdirSync(`${here}/into`)
        fs.symlinkSync("../outside", `${here}/into/a`)
        yield* FileTransfer.send(remote, `${here}/tree`, `${there}/source`)
        const back = yield* Effect.flip(FileTransfer.get(remote, `${there}/source`, `${here}/into`))
        assert.deepInclude(back, { reason: "InTheWay", path: "a" })
        assert.deepStrictEqual(fs.readdirSync(`${here}/outside`), [])
      }))

    it.scopedLive("replaces a link by the file that has its name, and leaves alone what it pointed at", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.write(here, "tree/a", "new")
        yield* said(connection, `cd '${there}'; mkdir t; echo old >other; ln -s ../other t/a`)
        yield* FileTransfer.send(remote, `${here}/tree`, `${there}/t`)
        assert.strictEqual(yield* said(connection, `cd '${there}'; cat other t/a; find t -type l`), "old\nnew")
        trees.write(here, "other", "old")
        fs.mkdirSync(`${here}/into`)
        fs.symlinkSync("../other", `${here}/into/a`)
        yield* FileTransfer.get(remote, `${there}/t`, `${here}/into`)
        assert.strictEqual(fs.readFileSync(`${here}/other`, "utf8"), "old")
        assert.strictEqual(fs.readFileSync(`${here}/into/a`, "utf8"), "new")
      }))

    it.scopedLive("tells what it would do, and does not", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.write(here, "tree/a", "1")
        fs.symlinkSync("a", `${here}/tree/l`)
        const plan = Option.getOrThrow(yield* FileTransfer.planSend(remote, `${here}/tree`, `${there}/t`))
        assert.deepStrictEqual(plan.send.map(({ path }) => path), ["a"])
        assert.deepStrictEqual(plan.link.map(({ link, path }) => [path, link]), [["l", "a"]])
        assert.strictEqual(yield* said(connection, `ls -A '${there}'`), "")
        yield* FileTransfer.send(remote, `${here}/tree`, `${there}/t`)
        const back = Option.getOrThrow(yield* FileTransfer.planGet(remote, `${there}/t`, `${here}/tree`))
        assert.deepInclude(back, { send: [], link: [], make: [], unchanged: 2 })
      }))

    it.scopedLive("tells its plan, its progress and its end", () =>
      Effect.gen(function*() {
        const { here, remote, there } = yield* setup
        trees.fill(`${here}/tree`)
        for (
          const stream of [
            FileTransfer.sendStream(remote, `${here}/tree`, `${there}/t`),
            FileTransfer.getStream(remote, `${there}/t`, `${here}/back`)
          ]
        ) {
          const events = Chunk.toReadonlyArray(yield* Stream.runCollect(stream))
          assert.strictEqual(events[0]?._tag, "Planned")
          const last = events.at(-1)
          assert(last?._tag === "Done")
          const progress = events.flatMap((event) => event._tag === "Copied" ? [event.progress] : [])
          assert.isAbove(progress.length, 3)
          assert.deepStrictEqual(progress, progress.toSorted((a, b) => a.bytes - b.bytes || a.files - b.files))
          assert.deepStrictEqual(progress.at(-1), { files: last.transferred.files, bytes: last.transferred.bytes })
        }
      }))

    it.scopedLive("says so when what arrives is not what was sent, and gives it no name", () =>
      Effect.gen(function*() {
        const { connection, here, there } = yield* setup
        trees.write(here, "large", Buffer.alloc(1_500_000, "x"))
        trees.write(here, "tree/small", Buffer.alloc(70_000, "x"))
        const flip = (verb: string) =>
          remoteOf(between(connection, verb, (write, chunk) => {
            const bytes = Buffer.from(chunk)
            const at = bytes.indexOf("xxxxxxxx")
            if (at >= 0) bytes[at] = 0x79
            return write(bytes)
          }))
        const large = yield* Effect.flip(FileTransfer.send(flip("open"), `${here}/large`, `${there}/large`))
        assert.deepInclude(large, { reason: "Corrupt", path: "large" })
        const small = yield* Effect.flip(FileTransfer.send(flip("unpack"), `${here}/tree`, `${there}/tree`))
        assert.deepInclude(small, { reason: "Corrupt", path: "small" })
        assert.strictEqual(yield* said(connection, `ls -A '${there}'`), "")
      }))

    it.scopedLive("gives no file its name before it is whole, and goes on where it was broken off", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        const size = 5 * 1024 * 1024
        trees.write(
          here,
          "tree/large",
          Buffer.from(Array.from({ length: size / 8 }, (_, i) => `${i}`.padEnd(8)).join(""))
        )
        trees.write(here, "tree/small", "s")
        const reached = yield* Deferred.make<void>()
        const written = yield* Ref.make(0)
        const stuck = remoteOf(
          between(connection, "open", (write, chunk) =>
            Effect.flatMap(
              Ref.updateAndGet(written, (sum) => sum + chunk.length),
              (sum) =>
                sum > size / 2
                  ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
                  : write(chunk)
            ))
        )
        const fiber = yield* Effect.fork(FileTransfer.send(stuck, `${here}/tree`, `${there}/t`))
        yield* Deferred.await(reached)
        assert.strictEqual(yield* said(connection, `cd '${there}'; find t 2>/dev/null`), "")
        yield* Fiber.interrupt(fiber)
        assert.notStrictEqual(yield* kept(connection, there), "")
        const sent = yield* FileTransfer.send(remote, `${here}/tree`, `${there}/t`)
        assert.isAtLeast(sent.resumed, size / 4)
        assert.deepInclude(sent, { files: 2, bytes: size + 1 })
        assert.strictEqual(yield* kept(connection, there), "")

        // And the other way: the stream is left in the middle.
        yield* FileTransfer.getStream(remote, `${there}/t`, `${here}/back`).pipe(
          Stream.takeUntil((event) => event._tag === "Copied" && event.progress.bytes > size / 2),
          Stream.runDrain
        )
        assert.deepStrictEqual(fs.readdirSync(`${here}/back`), [".lazycluster-transfer"])
        const got = yield* FileTransfer.get(remote, `${there}/t`, `${here}/back`)
        assert.isAtLeast(got.resumed, 1)
        assert.deepStrictEqual(
          trees.describe(`${here}/back`, { times: false }),
          trees.describe(`${here}/tree`, { times: false })
        )
        assert.deepStrictEqual(fs.readdirSync(`${here}/back`).sort(), ["large", "small"])
      }))

    it.scopedLive("does not go on with a partial file whose beginning differs", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        trees.write(here, "large", Buffer.alloc(3_000_000, "x"))
        const reached = yield* Deferred.make<void>()
        const written = yield* Ref.make(0)
        const stuck = remoteOf(between(connection, "open", (write, chunk) =>
          Effect.flatMap(
            Ref.updateAndGet(written, (sum) => sum + chunk.length),
            (sum) =>
              sum > 2_000_000 ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never) : write(chunk)
          )))
        const fiber = yield* Effect.fork(FileTransfer.send(stuck, `${here}/large`, `${there}/large`))
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(fiber)
        yield* said(
          connection,
          `cd '${there}'; printf y | dd of="$(find . -path '*/big/*')" bs=1 conv=notrunc 2>/dev/null`
        )
        const sent = yield* FileTransfer.send(remote, `${here}/large`, `${there}/large`)
        assert.deepInclude(sent, { files: 1, resumed: 0 })
        assert.strictEqual(yield* said(connection, `tr -d x <'${there}/large' | wc -c | tr -d ' '`), "0\n")
      }))

    it.scopedLive("tells a file that changes while it is read", () =>
      Effect.gen(function*() {
        const { connection, here, there } = yield* setup
        trees.write(here, "large", Buffer.alloc(4_000_000, "x"))
        const once = yield* Ref.make(false)
        const remote = remoteOf(between(connection, "open", (write, chunk) =>
          Effect.zipRight(
            Effect.unlessEffect(
              Effect.sync(() => fs.appendFileSync(`${here}/large`, "more")),
              Ref.getAndSet(once, true)
            ),
            write(chunk)
          )))
        const failed = yield* Effect.flip(FileTransfer.send(remote, `${here}/large`, `${there}/large`))
        assert.deepInclude(failed, { reason: "Changed" })
        assert.strictEqual(yield* said(connection, `ls '${there}'`), "")
      }))

    it.scopedLive("says what is missing, and what the host's own tools complain of", () =>
      Effect.gen(function*() {
        const { connection, here, remote, there } = yield* setup
        assert.deepInclude(yield* Effect.flip(FileTransfer.send(remote, `${here}/no`, there)), {
          reason: "Missing",
          host: manager.alias
        })
        assert.deepInclude(yield* Effect.flip(FileTransfer.get(remote, `${there}/no`, here)), {
          reason: "Missing",
          step: "get"
        })
        trees.write(here, "file", "f")
        const denied = yield* Effect.flip(FileTransfer.send(remote, `${here}/file`, "/proc/no/such/file"))
        assert.deepInclude(denied, { _tag: "FileTransferError", reason: "Remote" })
        assert.match(denied.message, /\/proc\/no/)
        // As root nothing is closed.
        yield* said(
          connection,
          `mkdir -p '${there}/t/closed'; touch '${there}/t/closed/a'; chmod 0 '${there}/t/closed'`
        )
        if ((yield* said(connection, "id -u")) === "0\n") return
        const closed = yield* Effect.flip(FileTransfer.get(remote, `${there}/t`, `${here}/t`))
        assert.deepInclude(closed, { _tag: "FileTransferError", reason: "Remote" })
      }))

    it.scopedLive("sends to many at once, and one that fails is no trouble to the others", () =>
      Effect.gen(function*() {
        const { here, remote, there } = yield* setup
        trees.fill(`${here}/tree`)
        const prepared = yield* FileTransfer.prepare(`${here}/tree`)
        const targets = [`${there}/1`, "/proc/no/such", `${there}/2`, `${there}/3`]
        const done = yield* Effect.forEach(targets, (path) => Effect.either(prepared.send(remote, path)), {
          concurrency: 4
        })
        assert.deepStrictEqual(done.map(Either.isRight), [true, false, true, true])
        yield* FileTransfer.get(remote, `${there}/3`, `${here}/back`)
        assert.deepStrictEqual(trees.describe(`${here}/back`), trees.describe(`${here}/tree`))
      }))
  })
}

/** Kept in one place, so that a failure names its seed. */
export const seed = FastCheck.readConfigureGlobal()
