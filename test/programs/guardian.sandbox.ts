/** The guardian where the usual things are missing. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import * as programs from "../../src/internal/programs.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import { begin, eventually, exists, lives, pidIn, run, shell, talk } from "../services/guardianSession.ts"

const connect = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "guardian-home-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
).pipe(Effect.flatMap((home) => managerConnection.make({ env: { HOME: home, XDG_STATE_HOME: join(home, "state") } })))

const changed = (from: string, to: string) =>
  Effect.map(programs.load("guardian", "sh"), (program) => {
    assert.include(program.source, from)
    return { ...program, source: program.source.replaceAll(from, to) }
  })

/** Whether the watchdog of a runtime lives. */
const watched = (connection: SshConnection, state: string) =>
  Effect.map(
    shell(
      connection,
      `read -r pid _ <"$1/watchdog" && kill -0 "$pid" 2>/dev/null && ! grep -q ') Z' "/proc/$pid/stat" && echo yes`,
      state
    ),
    (said) => said === "yes"
  )

describe("programs/guardian", () => {
  it.scopedLive("without /proc and setsid finds sessions and descendants", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const withoutProc = yield* changed("/proc", "/none")
      const program = { ...withoutProc, source: withoutProc.source.replaceAll("command -v setsid", "false") }
      const guardian = yield* begin(connection, { program })
      yield* guardian.start("stopped", "sleep", "1000")
      const stopped = yield* guardian.started("stopped")
      yield* guardian.say("stop stopped 20")
      assert.strictEqual(yield* guardian.exited("stopped"), 143)
      yield* guardian.start("parent", "sh", "-c", "(sleep 1000 & echo $! >child); exec sleep 1000")
      const { pid } = yield* guardian.started("parent")
      const child = yield* pidIn(connection, `${guardian.workingDirectory}/child`)
      assert.isFalse(yield* lives(connection, stopped.pid))
      assert.deepStrictEqual(yield* guardian.end(20), ["ended 2", "killed 0", `removed ${guardian.workingDirectory}`])
      assert.isFalse(yield* lives(connection, pid))
      assert.isFalse(yield* lives(connection, child))
    }))

  it.scopedLive("without /proc a killed wrapper does not end the runtime", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection, { program: yield* changed("/proc", "/none") })
      yield* guardian.start("orphan", "sleep", "1000")
      const { pid } = yield* guardian.started("orphan")
      yield* shell(connection, `read -r pid _ <"$1/orphan.wrap" && kill -9 "$pid"`, guardian.state)
      assert.strictEqual(yield* guardian.exited("orphan"), 137)
      assert.isFalse(yield* lives(connection, pid))
      assert.deepStrictEqual(yield* guardian.end(20), ["ended 0", "killed 0", `removed ${guardian.workingDirectory}`])
    }))

  it.scopedLive("sweeps what an earlier boot left, and nothing of another machine", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const first = yield* begin(connection)
      const base = first.state.slice(0, first.state.lastIndexOf("/"))
      yield* shell(
        connection,
        `for there in old other; do
           mkdir "$1/$there"
           { echo an-earlier-boot; sed -n 2p "$2/boot"; } >"$1/$there/boot"
           where=$(mktemp -d "/tmp/lazycluster-$there.XXXXXX")
           echo "temporary $where" >"$1/$there/directory"
         done
         echo {} >"$1/old.json"
         { echo an-earlier-boot; echo another machine; } >"$1/other/boot"`,
        base,
        first.state
      )
      const directory = (name: string) => shell(connection, `cut -d' ' -f2 "$1/${name}/directory"`, base)
      const old = yield* directory("old")
      const other = yield* directory("other")
      const second = yield* begin(connection)
      assert.isFalse(yield* exists(connection, `${base}/old`))
      assert.isFalse(yield* exists(connection, `${base}/old.json`))
      assert.isFalse(yield* exists(connection, old))
      assert.isTrue(yield* exists(connection, `${base}/other`))
      assert.isTrue(yield* exists(connection, other))
      assert.isTrue(yield* exists(connection, first.state))
      yield* shell(connection, `rmdir "$1"`, other)
      yield* first.end(10)
      yield* second.end(10)
    }))

  it.scopedLive("minds no process of another container of this machine that shares the home", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const dead = yield* begin(connection, { lease: 2 })
      yield* dead.start("long", "sleep", "1000")
      yield* shell(connection, `read -r pid _ <"$1/watchdog" && kill -9 "$pid"`, dead.state)
      yield* dead.hangUp
      // As if it were another container's: its talker and watchdog are not to be found here, and may live all the same.
      yield* shell(connection, `sed -i '3s/.*/pid:[1]/' "$1/boot"`, dead.state)
      const next = yield* begin(connection)
      assert.isTrue(yield* exists(connection, dead.state))
      assert.isFalse(yield* watched(connection, dead.state))
      yield* shell(connection, `sed -i "3s/.*/$(readlink /proc/self/ns/pid)/" "$1/boot"`, dead.state)
      const third = yield* begin(connection)
      yield* eventually("its state has gone", Effect.map(exists(connection, dead.state), (there) => !there))
      yield* next.end(10)
      yield* third.end(10)
    }))

  it.scopedLive("is not taken over after a boot", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const boots = yield* run(connection, ["cat", `${guardian.state}/boot`])
      yield* shell(connection, `echo earlier >"$1/boot"`, guardian.state)
      const late = yield* talk(connection, ["resume", guardian.id, "", "30", "0"])
      assert.strictEqual(yield* late.refused, "gone")
      yield* shell(connection, `printf %s "$2" >"$1/boot"`, guardian.state, boots.stdout)
      yield* guardian.end(10)
    }))

  it.scopedLive("a runtime whose watchdog and manager are both dead gets a watchdog from the next one", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const dead = yield* begin(connection, { lease: 1 })
      yield* dead.start("long", "sleep", "1000")
      const { pid } = yield* dead.started("long")
      const watchdog = yield* shell(connection, `cut -d' ' -f1 "$1/watchdog"`, dead.state)
      yield* shell(connection, `kill -9 "$1"`, watchdog)
      yield* dead.hangUp
      const next = yield* begin(connection)
      yield* eventually("its process has gone", Effect.map(lives(connection, pid), (alive) => !alive))
      yield* eventually("its state has gone", Effect.map(exists(connection, dead.state), (there) => !there))
      yield* next.end(10)
    }))

  it.scopedLive("a state directory that somebody removed ends the runtime", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("long", "sleep", "1000")
      const { pid } = yield* guardian.started("long")
      yield* shell(connection, `rm -rf "$1"`, guardian.state)
      yield* eventually("its process has gone", Effect.map(lives(connection, pid), (alive) => !alive))
      yield* eventually(
        "its directory has gone",
        Effect.map(exists(connection, guardian.workingDirectory), (there) => !there)
      )
    }))

  it.scopedLive("an anchor is on record as long as its channel stands", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const anchor = yield* connection.exec({
        program: yield* programs.load("anchor", "sh"),
        words: [guardian.state]
      })
      const link = shell(connection, `sed -n 's/^anchor \\([0-9]*\\) .*/\\1/p' "$1/links"`, guardian.state)
      yield* eventually("it is on record", Effect.map(link, (pid) => pid !== ""))
      assert.isTrue(yield* lives(connection, yield* link))
      yield* anchor.endInput
      assert.deepStrictEqual(yield* anchor.exit, { code: 0 })
      // Started by this process, not by sshd: nothing of it may be ended as a connection.
      assert.strictEqual(yield* shell(connection, `grep -c sshd "$1/links"`, guardian.state), "0")
      yield* guardian.end(10)
    }))
})
