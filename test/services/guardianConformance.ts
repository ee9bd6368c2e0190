/**
 * What every guardian keeps to, on a host that runs real processes. The target says how to reach its host.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as HostFacts from "../../src/services/HostFacts.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import { until } from "../patience.ts"
import { guardianCuts } from "./guardianCuts.ts"
import { guardianProcesses } from "./guardianProcesses.ts"
import { guardianQuoting } from "./guardianQuoting.ts"
import { begin, eventually, exists, lives, newId, shell, talk } from "./guardianSession.ts"
import { guardianSetup } from "./guardianSetup.ts"

/**
 * A connection to a host. `again` is another one to the same host, for a look at it after its guardian has ended the first:
 * needed where sshd serves, nowhere else.
 */
export interface Target extends SshConnection {
  readonly again?: Effect.Effect<SshConnection, unknown, Scope.Scope> | undefined
}

export type Connect = Effect.Effect<Target, unknown, Scope.Scope>

/**
 * Registers the suite under a name. Each test gets a connection of its own; waits are probes with a deadline.
 */
export const guardianConformance = (name: string, connect: Connect): void => {
  describe(name, () => {
    guardianDirectories(connect)
    guardianProcesses(connect)
    guardianCuts(connect)
    guardianQuoting(connect)
    guardianSetup(connect)
  })
}

const guardianDirectories = (connect: Connect): void => {
  it.scopedLive("tells facts that can be read", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* talk(connection, ["new", yield* newId, "", "30", "0", "sh", "no-such-program-anywhere"])
      yield* guardian.ready
      const lines = (yield* guardian.heard).flatMap((message) =>
        message._tag === "Fact" ? [[message.key, message.value] as const] : []
      )
      const facts = yield* HostFacts.fromLines("host", lines)
      assert.strictEqual(facts.hostname, yield* shell(connection, "uname -n"))
      assert.strictEqual(facts.home, yield* shell(connection, "printf %s \"$HOME\""))
      assert.strictEqual(facts.user, yield* shell(connection, "id -un"))
      assert.strictEqual(facts.bootId, yield* shell(connection, "cat /proc/sys/kernel/random/boot_id"))
      assert.strictEqual(facts.network, yield* shell(connection, "readlink /proc/self/ns/net"))
      assert.isAtMost(facts.cpus, Number(yield* shell(connection, "env -u OMP_NUM_THREADS nproc")))
      assert.isAbove(facts.cpus, 0)
      assert.isAbove(facts.memory, 2 ** 20)
      assert.deepStrictEqual(facts.executables, { sh: yield* shell(connection, "which sh") })
      const python = yield* shell(connection, `python3 -c 'import platform; print(platform.python_version())'`)
      assert.strictEqual(facts.python, python)
      yield* guardian.end(10)
    }))

  it.scopedLive("makes a temporary directory for its owner alone and removes it, also with read-only parts", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      assert.strictEqual(yield* shell(connection, `stat -c %a "$1"`, guardian.workingDirectory), "700")
      yield* shell(connection, `cd "$1" && mkdir -p a/b && touch a/b/c && chmod -R a-w a`, guardian.workingDirectory)
      assert.deepStrictEqual(yield* guardian.end(10), [
        "ended 0",
        "killed 0",
        `removed ${guardian.workingDirectory}`
      ])
      assert.isFalse(yield* exists(connection, guardian.workingDirectory))
    }))

  it.scopedLive("keeps its state and the ledger for its owner alone and removes both", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const ledger = `${guardian.state}.json`
      yield* guardian.say(`ledger {"text":"a\\\\\\\\nb\\n"}`)
      yield* eventually("the ledger is written", exists(connection, ledger))
      assert.strictEqual(yield* shell(connection, `cat "$1"; printf .`, ledger), `{"text":"a\\\\nb\n"}.`)
      assert.strictEqual(yield* shell(connection, `stat -c %a "$1" "$2"`, guardian.state, ledger), "700\n600")
      yield* guardian.end(10)
      assert.isFalse(yield* exists(connection, ledger))
      assert.isFalse(yield* exists(connection, guardian.state))
    }))

  it.scopedLive("makes the directory that it is given, also below ~, and keeps it", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const id = yield* newId
      const guardian = yield* begin(connection, { id, directory: `~/${id} it's/deep` })
      const home = yield* shell(connection, "printf %s \"$HOME\"")
      assert.strictEqual(guardian.workingDirectory, `${home}/${id} it's/deep`)
      assert.include(yield* guardian.end(10), `kept ${guardian.workingDirectory}`)
      assert.isTrue(yield* exists(connection, guardian.workingDirectory))
      yield* shell(connection, `rmdir "$1" "\${1%/*}"`, guardian.workingDirectory)
    }))

  it.scopedLive("refuses a directory that cannot be made, and leaves nothing", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const id = yield* newId
      const guardian = yield* talk(connection, ["new", id, "/proc/lazycluster/none", "30", "0"])
      assert.strictEqual(yield* guardian.refused, "directory")
      const state = yield* shell(connection, `echo "\${XDG_STATE_HOME:-$HOME/.local/state}/lazycluster"`)
      assert.isFalse(yield* exists(connection, `${state}/${id}`))
    }))

  it.scopedLive("refuses an id that is taken", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const second = yield* talk(connection, ["new", guardian.id, "", "30", "0"])
      assert.strictEqual(yield* second.refused, "state")
      yield* guardian.end(10)
    }))

  it.scopedLive("answers beats, and none of its own processes is left after the end", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.say("beat 41")
      yield* guardian.say("beat 42")
      yield* guardian.until("beat 42", (message) => message._tag === "Beat" && message.count === 42 ? true : undefined)
      const written = shell(
        connection,
        `cut -d' ' -f1 "$1/watchdog"; grep -v '^sshd' "$1/links" | cut -d' ' -f2`,
        guardian.state
      )
      const own = yield* until(Effect.map(written, (text) => text.split("\n")), (pids) => pids.length >= 3)
      assert.isAtLeast(own.length, 3)
      yield* guardian.end(10)
      yield* Effect.forEach(own, (pid) => eventually(`${pid} has gone`, Effect.map(lives(connection, pid), (l) => !l)))
    }))
}
