import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as opensshShell from "../../src/internal/opensshShell.ts"
import * as Host from "../../src/services/Host.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"
import { run } from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const shell = (...words: ReadonlyArray<string>) =>
  memoryReach.over(["host-1"])(run("shell", ...words)).pipe(Effect.provide(InMemorySsh.layer(["host-1"])))

describe("shell", () => {
  it.effect("takes one host, as an argument or by --hosts", () =>
    Effect.gen(function*() {
      for (const words of [[], ["--hosts", "a,b"]]) {
        const { code, err } = yield* shell(...words)
        assert.strictEqual(code, 2)
        assert.strictEqual(
          err,
          "lazycluster shell wants one host\nhint: for example: lazycluster shell host-1\n"
        )
      }
      const { out } = yield* shell("--hosts", "ada@host-1:2222", "--dry-run")
      assert.strictEqual(out, "ssh -t -l ada -p 2222 -- host-1\n")
    }))

  it.scoped("quotes a program and its words for the shell there, and takes no option for a host", () =>
    Effect.gen(function*() {
      const home = yield* temporaryDirectory
      fs.mkdirSync(path.join(home, "a'b $c"))
      const words = { configFile: undefined, acceptNew: false, cwd: "~/a'b $c" }
      const argv = opensshShell.argv(Host.make({ alias: "host-1" }), {
        ...words,
        command: ["sh", "-c", "pwd; echo \"$0\"", "$HOME; 'rm'"]
      })
      assert.deepStrictEqual(argv.slice(0, -1), ["ssh", "-t", "--", "host-1"])
      // As sshd does it: the line is the login shell's.
      const line = argv.at(-1) ?? ""
      const options = { cwd: home, encoding: "utf8" } as const
      assert.strictEqual(execFileSync("sh", ["-c", line], options), `${home}/a'b $c\n$HOME; 'rm'\n`)
      const missing = spawnSync("sh", ["-c", line], { ...options, cwd: "/" })
      assert.strictEqual(missing.stdout, "")
      assert.match(missing.stderr, /cd: .*a'b \$c/)
      const { code, err } = yield* shell("--dry-run", "--hosts", "-oProxyCommand=x")
      assert.strictEqual(code, 1)
      assert.include(err, "is neither an alias nor user@name:port")
    }))

  it.live("says what to install where there is no ssh", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(opensshShell.run(Host.make({ alias: "host-1" }), ["no-ssh-here"]))
      assert.strictEqual(
        error.message,
        "host-1: shell, Spawn: OpenSSH's client cannot be started: spawn no-ssh-here ENOENT\nhint: a shell needs `ssh` on this machine: apt install openssh-client (Debian, Ubuntu), dnf install openssh-clients (Fedora), apk add openssh-client (Alpine)"
      )
    }))
})
