/** add-runtime and delete-runtime on hosts in memory, with the real files of an ssh config. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Reach } from "../../src/cli/Reach.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import * as commandLine from "./commandLine.ts"

/** An ssh config of this text, and words run with it, paths masked. */
const withConfig = (text: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "lc-add-" }))
    const config = `${folder}/config`
    yield* fs.writeFileString(config, text)
    yield* fs.writeFileString(`${folder}/id`, "")
    yield* fs.writeFileString(`${folder}/id.pub`, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ada@here\n")
    const ssh = yield* Ssh
    const run = (...words: ReadonlyArray<string>) =>
      commandLine.run(...words, "--config", config).pipe(
        Effect.provideService(Reach, (options) => Layer.merge(Lazycluster.layerOf(options), Layer.succeed(Ssh, ssh))),
        Effect.map(({ code, err, out }) => ({
          code,
          out: out.replaceAll(folder, "DIR"),
          err: err.replaceAll(folder, "DIR")
        }))
      )
    return { folder, config, run, text: fs.readFileString(config) }
  })

const live = layer(["gpu-1"]).pipe(Layer.merge(NodeContext.layer))

describe("add-runtime", () => {
  it.scoped("writes the entry, lets the key in, tries the host, and tells", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { folder, run, text } = yield* withConfig("Host *\n  User other\n")
      const added = yield* run("add-runtime", "gpu-1", "ada@10.0.0.7:2222", "--id_file", `${folder}/id`, "--copy-id")
      assert.deepStrictEqual(added, {
        code: 0,
        out: "gpu-1  active  4 cores, 8.0 GiB\n",
        err: "added gpu-1 to DIR/config, as it was: DIR/config.lazycluster-backup\ngpu-1: your key is let in now\n"
      })
      assert.strictEqual(
        (yield* text).replaceAll(folder, "DIR"),
        `Host gpu-1
  HostName 10.0.0.7
  User ada
  Port 2222
  IdentityFile DIR/id

Host *
  User other
`
      )
      const files = yield* hosts.files("gpu-1")
      assert.strictEqual((yield* files.calls.info("/home/user/.ssh")).mode & 0o777, 0o700)
      assert.strictEqual((yield* files.calls.info("/home/user/.ssh/authorized_keys")).mode & 0o777, 0o600)

      const again = yield* run("add-runtime", "gpu-1", "10.0.0.7")
      assert.strictEqual(again.code, 1)
      const deleted = yield* run("delete-runtime", "gpu-1")
      assert.deepStrictEqual(deleted, {
        code: 0,
        out: "deleted gpu-1\n",
        err: "DIR/config, as it was: DIR/config.lazycluster-backup\n"
      })
      assert.strictEqual(yield* text, "Host *\n  User other\n")
      const unknown = yield* run("delete-runtime", "gpu-1")
      assert.strictEqual(unknown.code, 1)
    }).pipe(Effect.provide(live)))

  it.scoped("changes nothing under --dry-run", () =>
    Effect.gen(function*() {
      const { run, text } = yield* withConfig("Host a\n")
      const added = yield* run("add-runtime", "gpu-1", "[::1]:22", "--jump", "a", "-o", "Compression=yes", "--dry-run")
      assert.deepStrictEqual(added, {
        code: 0,
        err: "",
        out: `--- DIR/config
+++ DIR/config
@@ -1,1 +1,7 @@
 Host a
+
+Host gpu-1
+    HostName ::1
+    Port 22
+    ProxyJump a
+    Compression yes
`
      })
      const deleted = yield* run("delete-runtime", "a", "--dry-run")
      assert.include(deleted.out, "\n-Host a\n")
      assert.strictEqual(yield* text, "Host a\n")
      const hosts = yield* InMemorySsh
      assert.strictEqual((yield* hosts.connections("gpu-1")).accepted, 0)
    }).pipe(Effect.provide(live)))

  it.scoped("keeps the entry of a host that cannot be used, ends with 1, and says what to type", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.failAuthentication("gpu-1")
      const { config, run, text } = yield* withConfig("")
      const { code, err, out } = yield* run("add-runtime", "gpu-1", "10.0.0.7")
      assert.deepStrictEqual([code, out], [1, ""])
      assert.include(
        err,
        "gpu-1 is in the ssh config, but could not be used; lazycluster delete-runtime gpu-1 --config"
      )
      assert.include(err, "to let your key in: ssh-copy-id -F DIR/config gpu-1")
      assert.include(yield* text, "Host gpu-1")
      assert.isNotEmpty(config)
    }).pipe(Effect.provide(live)))

  it.scoped("does not connect with --no-test", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const { run } = yield* withConfig("")
      const { code, err, out } = yield* run("add-runtime", "gpu-1", "10.0.0.7", "--no-test", "--json")
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(JSON.parse(out), { name: "gpu-1", file: "DIR/config" })
      assert.include(err, "next: lazycluster list-runtimes --hosts gpu-1 --config DIR/config\n")
      assert.strictEqual((yield* hosts.connections("gpu-1")).accepted, 0)
    }).pipe(Effect.provide(live)))

  for (
    const [words, said] of [
      [["gpu-1", "ada@host:22x"], "\"22x\" is no port"],
      [["gpu-1", "ada@host:99999"], "\"99999\" is no port"],
      [["ada@gpu", "host"], "the name \"ada@gpu\" holds \"@\""],
      [["gpu-1", "a b"], "is neither an alias nor user@name:port"],
      [["gpu-1", "host", "-o", "Port"], "\"Port\" is no setting"],
      [["gpu-1", "host", "-o", "Prot=2"], "Prot is no setting of a host"]
    ] as const
  ) {
    it.scoped(`refuses ${words.join(" ")} with 1, and writes nothing`, () =>
      Effect.gen(function*() {
        const { run, text } = yield* withConfig("# mine\n")
        const { code, err } = yield* run("add-runtime", ...words)
        assert.strictEqual(code, 1, err)
        assert.strictEqual(yield* text, "# mine\n")
        assert.include(String((yield* failure(words)).message), said)
      }).pipe(Effect.provide(live)))
  }
})

const failure = (words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { exit } = yield* commandLine.run("add-runtime", ...words, "--dry-run")
    return yield* Effect.flip(exit)
  })
