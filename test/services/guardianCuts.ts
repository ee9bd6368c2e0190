/** What a guardian does when its manager goes away, for a while or for good. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { Connect } from "./guardianConformance.ts"
import { begin, eventually, exists, lives, pidIn, shell, talk } from "./guardianSession.ts"

export const guardianCuts = (connect: Connect): void => {
  it.scopedLive("after end of file without `end` a resume keeps the processes and neither loses nor repeats an event", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const before = yield* begin(connection)
      yield* before.start("stays", "sleep", "1000")
      yield* before.start("ends", "sh", "-c", "until [ -e go ]; do sleep 0.1; done; exit 3")
      const stays = yield* before.started("stays")
      yield* before.started("ends")
      yield* before.hangUp
      const seen = (yield* before.heard).filter(({ _tag }) => _tag === "Started").length
      assert.strictEqual(seen, 2)
      yield* shell(connection, `: >"$1/go"`, before.workingDirectory)
      yield* eventually(
        "the exit is on record",
        Effect.map(shell(connection, `cat "$1/events"`, before.state), (text) => text.includes("exited ends 3"))
      )
      const after = yield* talk(connection, ["resume", before.id, "", "30", String(seen)])
      const ready = yield* after.ready
      assert.strictEqual(ready.workingDirectory, before.workingDirectory)
      assert.strictEqual(yield* after.exited("ends"), 3)
      assert.isTrue(yield* lives(connection, stays.pid))
      yield* after.say("stop stays 20")
      assert.strictEqual(yield* after.exited("stays"), 143)
      const events = (yield* after.heard).filter(({ _tag }) => _tag === "Started" || _tag === "Exited")
      assert.deepStrictEqual(events, [
        { _tag: "Exited", name: "ends", code: 3 },
        { _tag: "Exited", name: "stays", code: 143 }
      ])
      yield* after.end(20)
    }))

  it.scopedLive("a resume while the old channel still stands ends the old talker", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const before = yield* begin(connection)
      const after = yield* talk(connection, ["resume", before.id, "", "30", "0"])
      yield* after.ready
      yield* before.process.exit
      yield* after.say("beat 1")
      yield* after.until("beat", (message) => message._tag === "Beat" ? true : undefined)
      yield* after.start("one", "true")
      assert.strictEqual(yield* after.exited("one"), 0)
      yield* after.end(20)
    }))

  it.scopedLive("when the lease runs out all ends, and a resume is refused", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection, { lease: 5 })
      const beating = yield* Effect.forkScoped(Effect.repeat(guardian.say("beat 1"), Schedule.spaced("500 millis")))
      yield* guardian.start("long", "sh", "-c", `(setsid sh -c 'sleep 1000 & echo $! >daemon' &); exec sleep 1000`)
      const { pid } = yield* guardian.started("long")
      const daemon = yield* pidIn(connection, `${guardian.workingDirectory}/daemon`)
      yield* guardian.say(`ledger {}`)
      yield* Fiber.interrupt(beating)
      yield* guardian.hangUp
      const after = yield* connection.again ?? Effect.succeed(connection)
      yield* eventually("the state has gone", Effect.map(exists(after, guardian.state), (there) => !there))
      assert.isFalse(yield* lives(after, pid))
      assert.isFalse(yield* lives(after, daemon))
      assert.isFalse(yield* exists(after, guardian.workingDirectory))
      assert.isFalse(yield* exists(after, `${guardian.state}.json`))
      const late = yield* talk(after, ["resume", guardian.id, "", "30", "0"])
      assert.strictEqual(yield* late.refused, "gone")
    }))

  it.scopedLive("a manager that hangs with its channel open loses the runtime too, and the talker goes", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection, { lease: 5 })
      yield* guardian.start("long", "sleep", "1000")
      const { pid } = yield* guardian.started("long")
      yield* Effect.exit(guardian.process.exit)
      const after = yield* connection.again ?? Effect.succeed(connection)
      yield* eventually("the process has gone", Effect.map(lives(after, pid), (alive) => !alive))
      yield* eventually("the state has gone", Effect.map(exists(after, guardian.state), (there) => !there))
    }))

  for (const says of ["beats", "end"] as const) {
    it.scopedLive(`when its state directory has been removed, all ends and the talker goes: ${says}`, () =>
      Effect.gen(function*() {
        const connection = yield* connect
        const guardian = yield* begin(connection)
        yield* guardian.start("long", "sh", "-c", `(setsid sh -c 'sleep 1000 & echo $! >daemon' &); exec sleep 1000`)
        const { pid } = yield* guardian.started("long")
        const daemon = yield* pidIn(connection, `${guardian.workingDirectory}/daemon`)
        yield* guardian.say("beat 1")
        yield* guardian.until("beat", (message) => message._tag === "Beat" ? true : undefined)
        const own = (yield* shell(
          connection,
          `cut -d' ' -f1 "$1/watchdog"; grep -v '^sshd' "$1/links" | cut -d' ' -f2`,
          guardian.state
        )).split("\n")
        yield* shell(connection, `rm -rf -- "$1"`, guardian.state)
        if (says === "end") {
          yield* guardian.end(20)
        } else {
          const beating = Effect.repeat(guardian.say("beat 2"), Schedule.spaced("50 millis"))
          yield* Effect.raceFirst(Effect.exit(guardian.process.exit), Effect.zipRight(beating, Effect.never))
        }
        yield* Effect.forEach(
          [String(pid), daemon, ...own],
          (one) => eventually(`${one} has gone`, Effect.map(lives(connection, one), (alive) => !alive))
        )
        yield* eventually(
          "the working directory has gone",
          Effect.map(exists(connection, guardian.workingDirectory), (there) => !there)
        )
        assert.isFalse(yield* exists(connection, guardian.state))
      }))
  }

  it.scopedLive("the watchdog that was killed is replaced at the next beat", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const watchdog = shell(connection, `cut -d' ' -f1 "$1/watchdog"`, guardian.state)
      const first = yield* watchdog
      yield* shell(connection, `kill -9 "$1"`, first)
      yield* eventually("it has gone", Effect.map(lives(connection, first), (alive) => !alive))
      yield* guardian.say("beat 1")
      yield* eventually("there is another", Effect.map(watchdog, (now) => now !== "" && now !== first))
      yield* guardian.end(10)
    }))

  it.scopedLive("the lease is renewed over another channel", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* begin(connection)
      const beat = shell(connection, `cat "$1/beat"`, guardian.state)
      const before = yield* beat
      const aside = yield* talk(connection, ["renew", guardian.id])
      yield* aside.process.exit
      assert.notStrictEqual(yield* beat, before)
      yield* guardian.end(10)
      const late = yield* talk(connection, ["renew", guardian.id])
      assert.strictEqual(yield* late.refused, "gone")
    }))
}
