import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Host } from "../../src/services/Host.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as SshConfigEdit from "../../src/services/SshConfigEdit.ts"

const box: SshConfigEdit.Entry = { name: "box", hostName: "10.0.0.7" }

/** A home with these files below .ssh. */
const home = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "lc-edit-" }))
    if (Object.keys(files).length > 0) yield* fs.makeDirectory(`${home}/.ssh`, { mode: 0o700 })
    for (const [name, text] of Object.entries(files)) {
      yield* fs.writeFileString(`${home}/.ssh/${name}`, text, { mode: 0o640 })
    }
    return { home, systemFile: "/nonexistent", config: `${home}/.ssh/config` }
  })

const mode = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => (mode & 0o777).toString(8)))

const live = <A, E>(name: string, test: Effect.Effect<A, E, NodeContext.NodeContext | Scope.Scope>) =>
  it.scopedLive(name, () => Effect.provide(test, NodeContext.layer))

describe("SshConfigEdit", () => {
  live(
    "adds all that an entry has, and what it wrote is what resolves",
    Effect.gen(function*() {
      const at = yield* home({ "key one": "", config: "Host *\n  User other\n  Port 1\n" })
      const change = yield* SshConfigEdit.add({
        name: "box",
        hostName: "fe80::1%eth0",
        user: "ada",
        port: 2222,
        identityFile: "~/.ssh/key one",
        proxyJump: "bob@gate:7,[::1]:9",
        options: [["ProxyCommand", "none"], ["SetEnv", "A=\"b c\""], ["ServerAliveInterval", "5"]]
      }, at)
      assert.strictEqual(
        SshConfigEdit.diff(change).replaceAll(at.home, "HOME"),
        `--- HOME/.ssh/config
+++ HOME/.ssh/config
@@ -1,3 +1,13 @@
+Host box
+  HostName fe80::1%%eth0
+  User ada
+  Port 2222
+  IdentityFile "~/.ssh/key one"
+  ProxyJump bob@gate:7,[::1]:9
+  ProxyCommand none
+  SetEnv A="b c"
+  ServerAliveInterval 5
+
 Host *
   User other
   Port 1`
      )
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual(yield* fs.readFileString(at.config), "Host *\n  User other\n  Port 1\n")
      yield* SshConfigEdit.write(change)
      const { resolve } = yield* SshConfig.make(at)
      const found = yield* resolve(Host.make({ alias: "box" }))
      assert.deepInclude({ ...found }, {
        hostName: "fe80::1%eth0",
        user: "ada",
        port: 2222,
        identityFiles: [`${at.home}/.ssh/key one`],
        setEnv: { A: "b c" },
        serverAliveInterval: 5
      })
      assert.strictEqual((yield* resolve(Host.make({ alias: "else" }))).user, "other")
    })
  )

  live(
    "writes through a link, with the mode that was there and one backup; new files are for their owner alone",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* home({ real: "Host a\n" })
      yield* fs.symlink("real", at.config)
      const backup = yield* SshConfigEdit.write(yield* SshConfigEdit.add(box, at))
      assertSome(backup, `${at.home}/.ssh/real.lazycluster-backup`)
      assert.strictEqual(yield* fs.readLink(at.config), "real")
      assert.strictEqual(yield* fs.readFileString(at.config), "Host a\n\nHost box\n    HostName 10.0.0.7\n")
      assert.strictEqual(yield* fs.readFileString(`${at.home}/.ssh/real.lazycluster-backup`), "Host a\n")
      assert.strictEqual(yield* mode(`${at.home}/.ssh/real`), "640")
      assert.strictEqual(yield* mode(`${at.home}/.ssh/real.lazycluster-backup`), "640")
      assert.deepStrictEqual((yield* fs.readDirectory(`${at.home}/.ssh`)).sort(), [
        "config",
        "real",
        "real.lazycluster-backup"
      ])
      yield* SshConfigEdit.write(yield* SshConfigEdit.remove("box", at))
      assert.strictEqual(yield* fs.readFileString(at.config), "Host a\n")

      const fresh = yield* home({})
      assertNone(yield* SshConfigEdit.write(yield* SshConfigEdit.add(box, fresh)))
      assert.deepStrictEqual(
        [yield* mode(`${fresh.home}/.ssh`), yield* mode(fresh.config), yield* fs.readFileString(fresh.config)],
        ["700", "600", "Host box\n    HostName 10.0.0.7\n"]
      )
      yield* SshConfigEdit.write(yield* SshConfigEdit.remove("box", fresh))
      assert.strictEqual(yield* fs.readFileString(fresh.config), "")
    })
  )

  live(
    "keeps bytes that are no UTF-8",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* home({ config: "" })
      const before = new Uint8Array([0x23, 0xe4, 0xff, 0x0d, 0x0a])
      yield* fs.writeFile(at.config, before)
      const { after } = yield* SshConfigEdit.add({ ...box, name: "größe" }, at)
      assert.deepStrictEqual([...after.subarray(0, 5)], [...before])
      assert.strictEqual(new TextDecoder().decode(after.subarray(5)), "\r\nHost größe\r\n    HostName 10.0.0.7\r\n")
    })
  )

  live(
    "refuses what is there already, in an included file too, and says where",
    Effect.gen(function*() {
      const at = yield* home({ config: "Include more\nHost a box\n", more: "\nHost b\n" })
      const exists = yield* Effect.flip(SshConfigEdit.add(box, at))
      assert.deepInclude(exists, { reason: "Exists", detail: `${at.config}:2 has this name already` })
      assert.include(exists.hint, "lazycluster delete-runtime box")
      const included = yield* Effect.flip(SshConfigEdit.add({ ...box, name: "b" }, at))
      assert.deepInclude(included, { reason: "Exists", detail: `${at.home}/.ssh/more:2 has this name already` })
      const unknown = yield* Effect.flip(SshConfigEdit.remove("nobody", at))
      assert.deepInclude(unknown, { reason: "NotFound", detail: `no Host line of ${at.config} has this name` })
      const elsewhere = yield* Effect.flip(SshConfigEdit.remove("b", at))
      assert.include(elsewhere.hint, `${at.home}/.ssh/more:2`)
    })
  )

  live(
    "refuses an entry that would not count, and says what comes first",
    Effect.gen(function*() {
      const at = yield* home({ config: "# all\nPort 7\nHost a\n" })
      const error = yield* Effect.flip(SshConfigEdit.add({ ...box, port: 22 }, at))
      assert.deepInclude(error, {
        reason: "Overridden",
        detail: `the entry would not count: Port would be 7, which ${at.config}:2 sets for every host`
      })
      assert.strictEqual((yield* SshConfigEdit.add({ ...box, port: 7 }, at)).file, at.config)
    })
  )

  live(
    "does not write over what has changed meanwhile",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const at = yield* home({ config: "Host a\n" })
      const change = yield* SshConfigEdit.add(box, at)
      yield* fs.writeFileString(at.config, "Host c\n")
      assert.deepInclude(yield* Effect.flip(SshConfigEdit.write(change)), { reason: "Unwritable" })
      assert.strictEqual(yield* fs.readFileString(at.config), "Host c\n")
    })
  )

  const refused: ReadonlyArray<readonly [string, Partial<SshConfigEdit.Entry>, string]> = [
    ["an @ in a name", { name: "ada@box" }, "holds \"@\""],
    ["a blank in a name", { name: "a b" }, "holds \" \""],
    ["a pattern", { name: "box*" }, "is a pattern"],
    ["a newline in a name", { name: "box\nHost x" }, "holds"],
    ["an option as a name", { name: "-oProxyCommand=x" }, "looks like an option"],
    ["a host for a shell", { hostName: "$(reboot)" }, "is no name or address of a host"],
    ["a newline in a host", { hostName: "a\nUser root" }, "is no name or address of a host"],
    ["a user for a shell", { user: "a;b" }, "is no name of a user"],
    ["a port that is none", { port: 70_000 }, "70000 is no port"],
    ["a key that is not there", { identityFile: "/nowhere/id" }, "there is no key /nowhere/id"],
    ["a quote in a path", { identityFile: "/a\"b" }, "cannot be written"],
    ["a variable in a path", { identityFile: "/${HOME}/a" }, "cannot be written"],
    ["a way that is none", { proxyJump: "a,,b" }, "is no way through jump hosts"],
    ["a second line in an option", { options: [["User", "a\nProxyCommand x"]] }, "control character"],
    ["an option that is a section", { options: [["Match", "all"]] }, "Match is no setting of a host"],
    ["an option that includes", { options: [["Include", "/x"]] }, "Include is no setting of a host"],
    ["an option that nobody knows", { options: [["Prot", "22"]] }, "Prot is no setting of a host"],
    ["a value that is wrong", { options: [["Port", "many"]] }, "port takes a port"]
  ]
  for (const [what, fields, detail] of refused) {
    live(
      `refuses ${what}`,
      Effect.gen(function*() {
        const at = yield* home({})
        const error = yield* Effect.flip(SshConfigEdit.add({ ...box, ...fields }, at))
        assert.strictEqual(error.reason, "InvalidHost", error.message)
        assert.include(error.detail, detail)
        assert.notMatch(`${error.host} ${error.detail}`, /\p{Cc}/u)
      })
    )
  }
})
