/** `shell` in a real terminal, on a host of the Sandbox. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { run } from "./commandLine.ts"
import { inTerminal } from "./terminal.ts"

it.scopedLive("gives a shell the terminal with its size, and ends with its exit code", () =>
  Effect.gen(function*() {
    const { configFile, hosts } = yield* Sandbox.make({ hosts: 1 })
    const { code, shown } = yield* inTerminal(
      [
        ["[$#] $", "stty size; echo on-$(basename \"$PWD\")\r"],
        ["(?s)24 80.*on-tmp", 40, 100],
        // The new size is on its way.
        ["[$#] $", "until stty size | grep -x '40 100'; do sleep 0.1; done\r"],
        ["40 100\r?\n[$#] $", "sh -c 'echo ready; exec sleep 100'\r"],
        ["ready\r?\n", "\u0003"],
        ["[$#] $", "exit 7\r"]
      ],
      "shell",
      "host-1",
      "--config",
      configFile,
      "--cwd",
      "~/tmp"
    )
    assert.strictEqual(code, 7, shown)
    assert.include(shown, "40 100")
    assert.strictEqual(hosts.length, 1)
    const named = yield* inTerminal(
      [],
      "shell",
      "host-1",
      "--config",
      configFile,
      "--",
      "sh",
      "-c",
      "tty && echo a  $0; exit 3",
      "it's"
    )
    assert.strictEqual(named.code, 3, named.shown)
    assert.match(named.shown, /\/dev\/pts\/\d+\r\na it's\r\n/)
  }))

it.scopedLive("says which ssh command it would run, and runs nothing", () =>
  Effect.gen(function*() {
    const { configFile, hosts: [host] } = yield* Sandbox.make({ hosts: 1 })
    const { code, out } = yield* run(
      "shell",
      "host-1",
      "--config",
      configFile,
      "--cwd",
      "a b",
      "--accept-new",
      "--dry-run"
    )
    assert.strictEqual(code, 0)
    assert.strictEqual(
      out.replace(configFile, "CONFIG"),
      `ssh -F CONFIG -o StrictHostKeyChecking=accept-new -t -- host-1 'exec /bin/sh -c '\\''cd -- '\\''\\'\\'''\\''a b'\\''\\'\\'''\\'' && exec "\${SHELL:-/bin/sh}" -l'\\'''\n`
    )
    assert.strictEqual(yield* host?.connections ?? Effect.succeed(-1), 0)
  }))
