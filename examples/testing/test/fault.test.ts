import { assert, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Runtime } from "lazycluster"
import { InMemoryFaults, InMemorySsh, VirtualTime } from "lazycluster/testing"

/** What is tested: a host that is not there is tried again. */
const patient = Runtime.make("host-1").pipe(
  Effect.retry(Schedule.spaced("5 seconds").pipe(Schedule.upTo("1 minute")))
)

const script: InMemoryFaults.Script = [{ at: 0, for: "20 seconds", fault: { _tag: "Refuse", host: "host-1" } }]

it.effect("a host that is back after 20 seconds is used", () =>
  Effect.gen(function*() {
    const hosts = yield* InMemorySsh.InMemorySsh
    yield* InMemoryFaults.run(script)
    yield* Effect.yieldNow()
    const runtime = yield* patient
    const worker = yield* runtime.start("worker", { argv: ["sleep", "10"] })
    assert.strictEqual(yield* worker.exit, 0)
    const refused = (yield* hosts.record).filter(({ _tag }) => _tag === "NotConnected")
    assert.strictEqual(refused.length, 4)
  }).pipe(InMemorySsh.check(["host-1"]), VirtualTime.run()))
