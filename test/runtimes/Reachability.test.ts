import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Reachability from "../../src/runtimes/Reachability.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as InMemoryFaults from "../../src/testing/InMemoryFaults.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import { on } from "../clusters/supervised.ts"

const table = Effect.gen(function*() {
  const manager = yield* Runtime.manager()
  const group = yield* RuntimeGroup.make(["a", "b", "c"])
  return yield* Reachability.probe([manager, ...group.runtimes])
})

/** As text: `deepStrictEqual` takes an Option that is empty for any other. */
const addressOf = (self: Reachability.Reachability, host: string, from: ReadonlyArray<string>) =>
  Option.getOrUndefined(Reachability.addressOf(self, host, from))

/** Listens after some time, and answers after some. */
const reachable = (begins: Duration.DurationInput, answers: Duration.DurationInput): Handler => (self) =>
  Effect.gen(function*() {
    yield* Effect.sleep(begins)
    const { connections, port } = yield* self.listen({ address: self.host, port: 0 })
    yield* self.stdout(`${JSON.stringify({ listening: [[self.host, port]] })}\n`)
    yield* connections.pipe(
      Stream.mapEffect(
        (duplex) => Effect.delay(Effect.sync(() => duplex.end(self.argv[1])), answers),
        { concurrency: "unbounded" }
      ),
      Stream.runDrain,
      Effect.ignore,
      Effect.forkScoped
    )
    yield* Effect.repeat(self.readLine, { until: Option.isNone })
    return 0
  }).pipe(Effect.scoped, Effect.orDie)

describe("Reachability", () => {
  it.effect("is tried by every host with every other one", () =>
    Effect.gen(function*() {
      const found = yield* table
      const all = ["(manager)", "a", "b", "c"]
      assert.strictEqual(Reachability.whyNot(found, "(manager)", all), "(manager) has no address for others")
      for (const host of ["a", "b", "c"]) {
        assert.deepStrictEqual(
          found.hosts.find((one) => one.host === host)?.addresses,
          [{ address: host, from: all.filter((other) => other !== host) }]
        )
      }
      assert.strictEqual(addressOf(found, "b", ["a", "b", "c"]), "b")
    }).pipe(Effect.scoped, on(["a", "b", "c"])))

  it.effect("hosts that a firewall keeps apart do not reach one another, and it is told which", () =>
    Effect.gen(function*() {
      yield* InMemoryFaults.inject({ _tag: "Partition", host: "a", from: "b" })
      const found = yield* table
      assert.isUndefined(addressOf(found, "a", ["b", "c"]))
      assert.strictEqual(addressOf(found, "a", ["c", "(manager)"]), "a")
      assert.strictEqual(Reachability.whyNot(found, "a", ["b", "c"]), "b does not reach a at a")
    }).pipe(Effect.scoped, on(["a", "b", "c"])))

  it.effect("who shares the network is reached on loopback", () =>
    Effect.gen(function*() {
      const found = Reachability.Reachability.make({
        hosts: [{
          host: "a",
          addresses: [{ address: "127.0.0.1", from: ["b"] }, { address: "10.0.0.1", from: ["b", "c"] }]
        }]
      })
      assert.strictEqual(addressOf(found, "a", ["b"]), "127.0.0.1")
      assert.strictEqual(addressOf(found, "a", ["b", "c"]), "10.0.0.1")
      assert.strictEqual(
        Reachability.render(found),
        "a at 127.0.0.1: reached from b\na at 10.0.0.1: reached from b, c"
      )
    }))

  it.effect("a host that is slow to begin is waited for, and one that does not answer in time is not reached", () =>
    Effect.gen(function*() {
      const found = yield* table
      assert.strictEqual(addressOf(found, "a", ["b", "c"]), "a")
      assert.strictEqual(Reachability.whyNot(found, "b", ["a"]), "a does not reach b at b")
      assert.match(Reachability.whyNot(found, "c", ["a"]), /^c has no address for others: /)
    }).pipe(
      Effect.scoped,
      on([
        { alias: "a", commands: { "lazycluster-reach": reachable("15 seconds", "0 seconds") } },
        { alias: "b", commands: { "lazycluster-reach": reachable("0 seconds", "15 seconds") } },
        { alias: "c", commands: { "lazycluster-reach": reachable("25 seconds", "0 seconds") } }
      ])
    ))

  it.effect("another host with the same private address is not taken for the one that is meant", () =>
    Effect.gen(function*() {
      const found = yield* table
      const from = (host: string) =>
        found.hosts.filter((one) => one.host === host).flatMap(({ addresses }) => addresses.map((each) => each.from))
      // Whoever connects to that address comes to a; both listen on the same port.
      assert.includeMembers(from("a").flat(), ["(manager)", "c"])
      assert.notInclude(from("b").flat(), "c")
      assert.strictEqual(from("b").length, 1)
    }).pipe(
      Effect.scoped,
      on([{ alias: "a", identity: { address: "10.0.0.1", port: 22, user: "me" } }, {
        alias: "b",
        identity: { address: "10.0.0.1", port: 22, user: "me" }
      }, "c"])
    ))
})
