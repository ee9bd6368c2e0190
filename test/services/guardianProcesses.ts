/** What a guardian does with processes: starts, watches, stops them, and finds them all at the end. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as programs from "../../src/internal/programs.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import type { Connect } from "./guardianConformance.ts"
import { begin, eventually, exists, lives, pidIn, shell, startLine } from "./guardianSession.ts"

const gone = (connection: SshConnection, pid: number) =>
  eventually(`${pid} has gone`, Effect.map(lives(connection, pid), (alive) => !alive))

const inSession = Effect.fnUntraced(function*(connection: SshConnection, sessions: string, ...argv: Array<string>) {
  const process = yield* connection.exec({
    program: yield* programs.load("run", "sh"),
    words: ["", sessions, "--", ...argv]
  })
  const line = yield* process.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead, Effect.flatten)
  const [, pid = "", start = ""] = line.split(" ")
  return { pid: Number(pid), start }
})

export const guardianProcesses = (connect: Connect): void => {
  it.scopedLive("says how a process started and exited, with its code or signal", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("seven", "sh", "-c", "exit 7")
      yield* guardian.start("signal", "sh", "-c", "kill -9 $$")
      yield* guardian.start("missing", "/no/such/program")
      assert.strictEqual(yield* guardian.exited("seven"), 7)
      assert.strictEqual(yield* guardian.exited("signal"), 137)
      assert.strictEqual(yield* guardian.exited("missing"), 127)
      yield* guardian.start("long", "sleep", "1000")
      const { pid, start } = yield* guardian.started("long")
      assert.isTrue(yield* lives(connection, pid))
      assert.strictEqual(
        yield* shell(connection, `sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20`, String(pid)),
        start
      )
      yield* guardian.say("stop long 50")
      assert.strictEqual(yield* guardian.exited("long"), 143)
      assert.isFalse(yield* lives(connection, pid))
      yield* guardian.end(10)
    }))

  it.scopedLive("starts a name once, however often it is said", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("once", "sh", "-c", "echo ran")
      assert.strictEqual(yield* guardian.exited("once"), 0)
      yield* guardian.start("once", "sh", "-c", "echo ran")
      yield* guardian.start("after", "true")
      yield* guardian.exited("after")
      assert.strictEqual(yield* shell(connection, `cat "$1/once.out"`, guardian.state), "ran")
      yield* guardian.end(10)
    }))

  it.scopedLive("keeps output in files, gives no input, the working directory and the marker", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("io", "sh", "-c", `cat; pwd; umask; echo "$LAZYCLUSTER_LEASE"; echo wrong >&2`)
      assert.strictEqual(yield* guardian.exited("io"), 0)
      const umask = yield* shell(connection, "umask")
      assert.strictEqual(
        yield* shell(connection, `cat "$1/io.out" "$1/io.err"`, guardian.state),
        `${guardian.workingDirectory}\n${umask}\n${guardian.id}\nwrong`
      )
      yield* guardian.end(10)
    }))

  it.scopedLive("drops the oldest output over the cap in place, and says so", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection, { settings: ["cap=1000000"] })
      yield* guardian.start("loud", "sh", "-c", "yes | head -c 1700000; echo the end; exec sleep 1000")
      const { bytes, stream } = yield* guardian.until(
        "dropped",
        // The last of one or two holes: with this one, what is left is within the cap.
        (message) => message._tag === "Dropped" && message.bytes >= 700_008 ? message : undefined
      )
      assert.strictEqual(stream, "out")
      assert.strictEqual(bytes % 4096, 0)
      const at = (from: number, length: number) =>
        shell(
          connection,
          `tail -c +"$2" "$1/loud.out" | head -c "$3" | tr '\\0' z`,
          guardian.state,
          `${from + 1}`,
          `${length}`
        )
      assert.strictEqual(yield* at(bytes - 4, 8), "zzzzy\ny")
      yield* eventually("it has said all", Effect.map(at(1_700_000, 100), (end) => end === "the end"))
      assert.strictEqual(yield* shell(connection, `cat "$1/loud.hole-out"`, guardian.state), String(bytes))
      assert.isAtMost(Number(yield* shell(connection, `du -k "$1/loud.out" | cut -f1`, guardian.state)), 1000)
      yield* guardian.end(10)
    }))

  it.scopedLive("empties output over the cap where no hole can be made, and says so", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const program = yield* programs.load("guardian", "sh")
      assert.include(program.source, "fallocate ")
      const guardian = yield* begin(connection, {
        settings: ["cap=1000000"],
        program: { ...program, source: program.source.replaceAll("fallocate ", "false ") }
      })
      yield* guardian.start("loud", "sh", "-c", "yes | head -c 1700000; exec sleep 1000")
      const cut = yield* guardian.until("cut", (message) => message._tag === "Cut" ? message : undefined)
      assert.strictEqual(cut.stream, "out")
      assert.isAtLeast(cut.bytes, 1_000_000)
      assert.isAtMost(Number(yield* shell(connection, `wc -c <"$1/loud.out"`, guardian.state)), 700_000)
      assert.isFalse(yield* exists(connection, `${guardian.state}/loud.hole-out`))
      yield* guardian.end(10)
    }))

  it.scopedLive("when a process has ended, what is left of its session is ended too", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("parent", "sh", "-c", "sleep 1000 & echo $! >child")
      const child = yield* pidIn(connection, `${guardian.workingDirectory}/child`)
      assert.strictEqual(yield* guardian.exited("parent"), 0)
      assert.isFalse(yield* lives(connection, child))
      yield* guardian.end(10)
    }))

  it.scopedLive("stops a process that ignores TERM with KILL, its session too", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("deaf", "sh", "-c", `trap "" TERM; sleep 1000 & echo $! >child; wait`)
      const child = yield* pidIn(connection, `${guardian.workingDirectory}/child`)
      yield* guardian.say("stop deaf 3")
      assert.strictEqual(yield* guardian.exited("deaf"), 137)
      yield* gone(connection, child)
      yield* guardian.end(10)
    }))

  it.scopedLive("says that a process has ended also when its wrapper was killed", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("orphan", "sleep", "1000")
      const { pid } = yield* guardian.started("orphan")
      yield* shell(connection, `read -r pid _ <"$1/orphan.wrap" && kill -9 "$pid"`, guardian.state)
      assert.strictEqual(yield* guardian.exited("orphan"), 137)
      yield* gone(connection, pid)
      yield* guardian.end(10)
    }))

  it.scopedLive("halts a session that run recorded, and no other", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const sessions = `${guardian.state}/sessions`
      const child = `${guardian.workingDirectory}/child`
      const ours = yield* inSession(connection, sessions, "sh", "-c", `sleep 1000 & echo $! >"$0"; wait`, child)
      const foreign = yield* inSession(connection, `${guardian.workingDirectory}/elsewhere`, "sleep", "1000")
      const halted = (pid: number) =>
        guardian.until(
          `halted ${pid}`,
          (message) => message._tag === "Halted" && message.pid === pid ? true : undefined
        )
      const childPid = yield* pidIn(connection, child)
      yield* guardian.say(`halt ${ours.pid} ${ours.start} 20`)
      yield* halted(ours.pid)
      assert.isFalse(yield* lives(connection, ours.pid))
      assert.isFalse(yield* lives(connection, childPid))
      yield* guardian.say(`halt ${foreign.pid} ${foreign.start} 0`)
      yield* halted(foreign.pid)
      assert.isTrue(yield* lives(connection, foreign.pid))
      yield* guardian.end(10)
      assert.isTrue(yield* lives(connection, foreign.pid))
      yield* shell(connection, `kill "$1"`, String(foreign.pid))
    }))

  it.scopedLive("at the end finds what daemonised, what hid its environment, and what did both below a parent", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const at = (file: string) => pidIn(connection, `${guardian.workingDirectory}/${file}`)
      yield* guardian.say(startLine("many", [], [
        "sh",
        "-c",
        `(setsid sh -c 'sleep 1001 & echo $! >daemon' &)
         (env -i sleep 1002 & echo $! >hidden)
         env -i setsid sleep 1003 & echo $! >below
         wait`
      ]))
      const many = yield* guardian.started("many")
      const pids = [many.pid, yield* at("daemon"), yield* at("hidden"), yield* at("below")]
      assert.deepStrictEqual(yield* Effect.forEach(pids, (pid) => lives(connection, pid)), [true, true, true, true])
      assert.deepStrictEqual(yield* guardian.end(50), [
        "ended 4",
        "killed 0",
        `removed ${guardian.workingDirectory}`
      ])
      assert.deepStrictEqual(yield* Effect.forEach(pids, (pid) => lives(connection, pid)), [false, false, false, false])
    }))

  it.scopedLive("kills what ignores TERM, and counts it", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      yield* guardian.start("deaf", "sh", "-c", `trap "" TERM; echo $$ >deaf; exec sleep 1000`)
      yield* guardian.start("meek", "sleep", "1000")
      const pid = yield* pidIn(connection, `${guardian.workingDirectory}/deaf`)
      yield* guardian.started("meek")
      assert.deepStrictEqual(yield* guardian.end(3), ["ended 2", "killed 1", `removed ${guardian.workingDirectory}`])
      assert.isFalse(yield* lives(connection, pid))
    }))

  it.scopedLive("leaves a foreign process of the same name alone", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const foreign = yield* inSession(connection, `${guardian.workingDirectory}/elsewhere`, "sleep", "1234")
      yield* guardian.start("own", "sleep", "1234")
      const own = yield* guardian.started("own")
      assert.include(yield* guardian.end(20), "ended 1")
      assert.isFalse(yield* lives(connection, own.pid))
      assert.isTrue(yield* lives(connection, foreign.pid))
      yield* shell(connection, `kill "$1"`, String(foreign.pid))
    }))

  it.scopedLive("two guardians on one host do not disturb one another, though one's id begins with the other's", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const one = yield* begin(connection)
      const two = yield* begin(connection, { id: `${one.id}-2` })
      yield* one.start("p", "sleep", "1000")
      yield* two.start("p", "sleep", "1000")
      const first = yield* one.started("p")
      const second = yield* two.started("p")
      assert.include(yield* one.end(20), "ended 1")
      assert.isFalse(yield* lives(connection, first.pid))
      assert.isTrue(yield* lives(connection, second.pid))
      assert.include(yield* two.end(20), "ended 1")
    }))
}
