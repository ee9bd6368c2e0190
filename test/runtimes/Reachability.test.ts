import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Reachability from "../../src/runtimes/Reachability.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as InMemoryFaults from "../../src/testing/InMemoryFaults.ts"
import { on } from "../clusters/supervised.ts"

const table = Effect.gen(function*() {
  const manager = yield* Runtime.manager()
  const group = yield* RuntimeGroup.make(["a", "b", "c"])
  return yield* Reachability.probe([manager, ...group.runtimes])
})

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
      assert.deepStrictEqual(Reachability.addressOf(found, "b", ["a", "b", "c"]), Option.some("b"))
    }).pipe(Effect.scoped, on(["a", "b", "c"])))

  it.effect("hosts that a firewall keeps apart do not reach one another, and it is told which", () =>
    Effect.gen(function*() {
      yield* InMemoryFaults.inject({ _tag: "Partition", host: "a", from: "b" })
      const found = yield* table
      assert.deepStrictEqual(Reachability.addressOf(found, "a", ["b", "c"]), Option.none())
      assert.deepStrictEqual(Reachability.addressOf(found, "a", ["c", "(manager)"]), Option.some("a"))
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
      assert.deepStrictEqual(Reachability.addressOf(found, "a", ["b"]), Option.some("127.0.0.1"))
      assert.deepStrictEqual(Reachability.addressOf(found, "a", ["b", "c"]), Option.some("10.0.0.1"))
      assert.strictEqual(
        Reachability.render(found),
        "a at 127.0.0.1: reached from b\na at 10.0.0.1: reached from b, c"
      )
    }))

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
