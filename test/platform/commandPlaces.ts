/** Where a command runs, and how it fails. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Case } from "./commandCase.ts"
import { byName, failsWith, sh } from "./commandParts.ts"

export const places: ReadonlyArray<Case> = [
  {
    name: "adds to the environment",
    run: Effect.gen(function*() {
      const value = "a b'\"$x\\ \u00e9\nc"
      const command = sh("printf '%s|%s' \"$LC_TEST_A\" \"${PATH:+path}\"").pipe(Command.env({ LC_TEST_A: value }))
      assert.strictEqual(yield* Command.string(command), `${value}|path`)
    })
  },
  {
    name: "leaves out variables without a value",
    run: Effect.gen(function*() {
      const command = sh("echo \"${LC_TEST_A-unset}\"").pipe(Command.env({ LC_TEST_A: undefined }))
      assert.strictEqual(yield* Command.string(command), "unset\n")
    })
  },
  {
    name: "has just the variables given, when the environment is not extended",
    differs: {
      manager: "LAZYCLUSTER_LEASE is there too: by it the host knows what ends with the runtime",
      memory: "as on the manager",
      sandbox: "as on the manager",
      openssh: "as on the manager",
      fleet: "as on the manager"
    },
    run: Effect.gen(function*() {
      const command = Command.make("/usr/bin/env").pipe(Command.env({ B: "2", A: "1" }, { extendEnv: false }))
      assert.deepStrictEqual((yield* Command.lines(command)).sort(), ["A=1", "B=2"])
    })
  },
  {
    name: "has no other variables, when the environment is not extended",
    run: Effect.gen(function*() {
      const command = Command.make("/usr/bin/env").pipe(Command.env({ B: "2", A: "1" }, { extendEnv: false }))
      const lines = (yield* Command.lines(command)).filter((line) => !line.startsWith("LAZYCLUSTER_LEASE=")).sort()
      assert.deepStrictEqual(lines, ["A=1", "B=2"])
    })
  },
  {
    name: "finds programs by the PATH of the command",
    differs: { memory: byName },
    run: Effect.gen(function*() {
      const there = Command.make("sh", "-c", "echo here").pipe(Command.env({ PATH: "/bin" }, { extendEnv: false }))
      assert.strictEqual(yield* Command.string(there), "here\n")
      const nowhere = Command.make("sh", "-c", "echo here").pipe(Command.env({ PATH: "/proc" }))
      yield* failsWith(Command.string(nowhere), { reason: "NotFound" })
    })
  },
  {
    name: "runs in the directory given",
    run: Effect.gen(function*() {
      const command = Command.make("pwd", "-P").pipe(Command.workingDirectory("/usr"))
      assert.strictEqual(yield* Command.string(command), "/usr\n")
    })
  },
  {
    name: "takes relative directories from where a command runs without one",
    run: Effect.gen(function*() {
      const path = yield* Path.Path
      const here = (yield* Command.string(Command.make("pwd", "-P"))).trim()
      assert.strictEqual(path.resolve("."), here)
      const up = Command.make("pwd", "-P").pipe(Command.workingDirectory(".."))
      assert.strictEqual((yield* Command.string(up)).trim(), path.dirname(here))
      assert.strictEqual(path.resolve(".."), path.dirname(here))
    })
  },
  {
    name: "runs a line of a shell",
    run: Effect.gen(function*() {
      const command = Command.make("echo", "$LC_TEST_A", "&&", "echo", "two").pipe(
        Command.env({ LC_TEST_A: "one" }),
        Command.runInShell(true)
      )
      assert.deepStrictEqual(yield* Command.lines(command), ["one", "two"])
      const other = Command.make("echo", "$0").pipe(Command.runInShell("/bin/sh"))
      assert.deepStrictEqual(yield* Command.lines(other), ["/bin/sh"])
      assert.strictEqual(
        yield* Command.exitCode(Command.make("lazycluster-missing").pipe(Command.runInShell(true))),
        127
      )
    })
  }
]

export const failures: ReadonlyArray<Case> = [
  {
    name: "says NotFound of a program that is not there",
    run: Effect.gen(function*() {
      yield* failsWith(Command.string(Command.make("lazycluster-missing", "a", "b")), {
        reason: "NotFound",
        module: "Command",
        method: "spawn",
        pathOrDescriptor: "lazycluster-missing a b",
        syscall: "spawn lazycluster-missing"
      })
      yield* failsWith(Command.exitCode(Command.make("/nowhere/program")), { reason: "NotFound", method: "spawn" })
      yield* failsWith(Effect.scoped(Command.start(Command.make("./nowhere"))), { reason: "NotFound", method: "spawn" })
      yield* failsWith(Stream.runDrain(Command.stream(Command.make("nowhere"))), {
        reason: "NotFound",
        method: "spawn"
      })
    })
  },
  {
    name: "says NotFound of a directory that is not there",
    run: failsWith(Command.string(Command.make("true").pipe(Command.workingDirectory("/nowhere/at/all"))), {
      reason: "NotFound",
      module: "FileSystem",
      method: "access",
      pathOrDescriptor: "/nowhere/at/all"
    })
  },
  {
    name: "says BadResource of a directory that is a file",
    differs: { node: "the effect dies with an error of Node's" },
    run: failsWith(Command.string(Command.make("true").pipe(Command.workingDirectory("/etc/passwd"))), {
      reason: "BadResource",
      module: "Command",
      method: "spawn"
    })
  },
  {
    name: "says BadResource of a directory that lies behind a file",
    run: failsWith(Command.string(Command.make("true").pipe(Command.workingDirectory("/etc/passwd/x"))), {
      reason: "BadResource",
      module: "FileSystem",
      method: "access"
    })
  },
  {
    name: "says BadResource of a program that lies behind a file",
    differs: { node: "the effect dies with an error of Node's" },
    run: failsWith(Command.string(Command.make("/etc/passwd/x")), { reason: "BadResource", method: "spawn" })
  },
  {
    name: "says PermissionDenied of what may not be run",
    run: Effect.gen(function*() {
      yield* failsWith(Command.string(Command.make("/etc/passwd")), { reason: "PermissionDenied", method: "spawn" })
      yield* failsWith(Command.string(Command.make("/etc")), { reason: "PermissionDenied", method: "spawn" })
    })
  },
  {
    name: "says PermissionDenied of what may not be run where PATH has nothing better",
    differs: { memory: byName },
    run: Effect.gen(function*() {
      const program = Command.make("passwd").pipe(Command.env({ PATH: "/etc:/nowhere" }))
      yield* failsWith(Command.string(program), { reason: "PermissionDenied", method: "spawn" })
    })
  },
  {
    name: "says NotFound of a script whose interpreter is not there",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/script`
      yield* fs.writeFileString(file, "#! /nowhere/python -x\n", { mode: 0o755 })
      yield* failsWith(Command.string(Command.make(file)), { reason: "NotFound", method: "spawn" })
    })
  },
  {
    name: "says BadArgument of what no system takes",
    differs: { node: "the effect dies with a TypeError of Node's" },
    run: Effect.gen(function*() {
      for (const command of [Command.make(""), Command.make("echo", "a\0b")]) {
        const error = yield* Effect.flip(Command.string(command))
        assert.deepInclude({ ...error }, { _tag: "BadArgument", module: "Command", method: "spawn" })
      }
    })
  }
]
