import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { run } from "./sandboxClients.ts"

type Hosts = Sandbox.Sandbox["Type"]

const inSandbox = (
  name: string,
  body: (sandbox: Hosts, home: string) => Effect.Effect<void, unknown, NodeContext.NodeContext | Scope.Scope>
) =>
  it.scopedLive(
    name,
    () =>
      Effect.flatMap(Sandbox.make({ hosts: 1 }), (sandbox) => body(sandbox, sandbox.hosts[0]?.home ?? "")).pipe(
        Effect.provide(NodeContext.layer)
      ),
    120_000
  )

const present = (program: string) => spawnSync("which", [program]).status === 0

const big = randomBytes(3_000_000)

/** A tree with what copying may lose. */
const plant = (root: string): void => {
  mkdirSync(join(root, "inner", "empty"), { recursive: true })
  writeFileSync(join(root, "inner", "big"), big)
  writeFileSync(join(root, "run"), "#!/bin/sh\n", { mode: 0o755 })
  writeFileSync(join(root, "nothing"), "")
  writeFileSync(join(root, "a name with 'quotes' and $dollars"), "odd")
  symlinkSync("run", join(root, "link"))
  linkSync(join(root, "run"), join(root, "hard"))
  for (const name of ["run", "nothing", "inner/big"]) utimesSync(join(root, name), 1_600_000_000, 1_500_000_000)
}

/** Everything that a tree tells: kinds, modes, times of files, contents. */
const tell = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, encoding: "utf8" }).sort().map((name) => {
    const path = join(root, name)
    const stats = lstatSync(path)
    if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`
    if (stats.isDirectory()) return `${name}/`
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12)
    return `${name} ${(stats.mode & 0o777).toString(8)} ${Math.floor(stats.mtimeMs / 1000)} ${hash}`
  })

/** As `tell`, where links were followed. */
const followed = (told: ReadonlyArray<string>): ReadonlyArray<string> =>
  told.map((line) =>
    line.startsWith("link ->") ? (told.find((line) => line.startsWith("run ")) ?? "").replace("run", "link") : line
  )

describe("OpenSSH's scp and sftp against a Sandbox", () => {
  for (const mode of ["-O", "-s"]) {
    inSandbox(`scp ${mode} -r -p, there and back`, (sandbox, home) =>
      Effect.gen(function*() {
        const source = join(sandbox.home, "tree")
        plant(source)
        const scp = (...words: ReadonlyArray<string>) =>
          run(Command.make("scp", mode, "-q", "-F", sandbox.configFile, "-r", "-p", ...words))
        const up = yield* scp(source, "host-1:up")
        assert.strictEqual(`${up.code} ${up.stderr}`, "0 ")
        assert.deepStrictEqual(tell(join(home, "up")), followed(tell(source)))
        const down = join(sandbox.home, "down")
        const back = yield* scp("host-1:up", down)
        assert.strictEqual(`${back.code} ${back.stderr}`, "0 ")
        assert.deepStrictEqual(tell(down), followed(tell(source)))
        const fromHome = yield* scp("host-1:~/up/run", join(sandbox.home, "single"))
        assert.strictEqual(`${fromHome.code} ${fromHome.stderr}`, "0 ")
        assert.strictEqual(readFileSync(join(sandbox.home, "single"), "utf8"), "#!/bin/sh\n")
        const missing = yield* scp("host-1:missing", down)
        assert.strictEqual(missing.code, 1)
        assert.include(missing.stderr, "No such file or directory")
      }))
  }

  const sftp = (sandbox: Hosts, ...lines: ReadonlyArray<string>) =>
    run(
      Command.make("sftp", "-F", sandbox.configFile, "-b", "-", "host-1").pipe(
        Command.feed(`${lines.join("\n")}\n`)
      )
    )

  inSandbox(
    "sftp: put, get, reput, reget, ls, mkdir, rename, rm, ln, chmod, cp, df",
    (sandbox, home) =>
      Effect.gen(function*() {
        const [here, down] = [join(sandbox.home, "here"), join(sandbox.home, "down")]
        writeFileSync(here, big, { mode: 0o640 })
        utimesSync(here, 1_600_000_000, 1_500_000_000)
        writeFileSync(join(home, "half"), big.subarray(0, 1_000_000))
        writeFileSync(down, big.subarray(0, 2_000_000))
        const ended = yield* sftp(
          sandbox,
          `put -p ${here} there`,
          `reput ${here} half`,
          `reget there ${down}`,
          "mkdir dir",
          "mkdir dir/inner",
          "rename there dir/moved",
          "ln dir/moved hard",
          "ln -s dir/moved soft",
          "chmod 600 hard",
          "chmod 750 dir",
          "cp hard copied",
          "-rmdir dir",
          "rmdir dir/inner",
          "df",
          "ls -la"
        )
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.include(ended.stderr, "remote rmdir \"" + home + "/dir\": Failure")
        const output = ended.stdout.toString()
        assert.match(output, /Size +Used +Avail +\(root\) +%Capacity\n +\d+ +\d+ +\d+ +\d+ +\d+%/)
        assert.match(output, /^-rw------- +2 .* 3000000 Jul 14 {2}2017 .*hard$/m)
        assert.match(output, /^lrwxrwxrwx .*soft$/m)
        for (const name of ["half", "dir/moved", "copied"]) {
          assert.isTrue(readFileSync(join(home, name)).equals(big), name)
        }
        assert.isTrue(readFileSync(down).equals(big))
        assert.strictEqual(Math.floor(statSync(join(home, "hard")).mtimeMs / 1000), 1_500_000_000)
        assert.strictEqual(readlinkSync(join(home, "soft")), "dir/moved")
        assert.strictEqual(statSync(join(home, "dir")).mode & 0o777, 0o750)
        const refused = yield* sftp(sandbox, "rm hard", "rm hard")
        assert.strictEqual(refused.code, 1)
        assert.isFalse(existsSync(join(home, "hard")))
        assert.include(refused.stderr, "No such file or directory")
      })
  )

  inSandbox("sftp lists thousands of files, and names that are no UTF-8", (sandbox, home) =>
    Effect.gen(function*() {
      const name = Buffer.concat([Buffer.from(`${home}/`), Buffer.from([0x66, 0xff, 0xfe, 0x21])])
      writeFileSync(name, "latin")
      mkdirSync(join(home, "many"))
      for (let index = 0; index < 3000; index++) writeFileSync(join(home, "many", `${index}`), "")
      const listed = yield* sftp(sandbox, "ls -1 many")
      assert.strictEqual(listed.stdout.toString().match(/^many\/\d+ *$/gm)?.length, 3000)
      const down = join(sandbox.home, "down")
      mkdirSync(down)
      const got = yield* run(
        Command.make(
          "sh",
          "-c",
          "printf \"get f\\377\\376! %s/x\\nrename f\\377\\376! g\\376\\n\" \"$1\" | sftp -F \"$2\" -b - host-1",
          "sh",
          down,
          sandbox.configFile
        )
      )
      assert.strictEqual(got.code, 0, got.stderr)
      assert.strictEqual(readFileSync(join(down, "x"), "utf8"), "latin")
      assert.isTrue(existsSync(Buffer.concat([Buffer.from(`${home}/g`), Buffer.from([0xfe])])))
    }))
})

const rsync = present("rsync")

describe.skipIf(!rsync)(`rsync -e ssh against a Sandbox${rsync ? "" : " (skipped: rsync is not installed)"}`, () => {
  inSandbox("there and back: links, hard links, times, modes, --delete", (sandbox, home) =>
    Effect.gen(function*() {
      const source = join(sandbox.home, "tree")
      plant(source)
      const sync = (...words: ReadonlyArray<string>) =>
        run(Command.make("rsync", "-aH", "--delete", "--stats", "-e", `ssh -F ${sandbox.configFile}`, ...words))
      const up = yield* sync(`${source}/`, "host-1:up")
      assert.strictEqual(`${up.code} ${up.stderr}`, "0 ")
      assert.deepStrictEqual(tell(join(home, "up")), tell(source))
      assert.strictEqual(statSync(join(home, "up/hard")).ino, statSync(join(home, "up/run")).ino)

      // Nothing changed, so nothing is sent; then what is gone here goes there too.
      assert.include((yield* sync(`${source}/`, "host-1:up")).stdout.toString(), "regular files transferred: 0\n")
      writeFileSync(join(home, "up", "stray"), "")
      yield* sync(`${source}/`, "host-1:up")
      assert.isFalse(existsSync(join(home, "up", "stray")))

      const down = join(sandbox.home, "down")
      const back = yield* sync("host-1:up/", down)
      assert.strictEqual(`${back.code} ${back.stderr}`, "0 ")
      assert.deepStrictEqual(tell(down), tell(source))
    }))
})
