import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import { plan, process } from "./memoryCluster.ts"

const good = plan([process("master", "master", "(manager)"), process("w1", "worker", "a")], ["a", "b"])

const changed = (change: Partial<ClusterPlan.ClusterPlan>) => ClusterPlan.ClusterPlan.make({ ...good, ...change })

describe("a plan", () => {
  it("names its places once, in order", () => {
    const places = ["b", "a", "b"].map((place, index) => process(`w${index}`, "worker", place))
    assert.deepStrictEqual(changed({ processes: places }).places, ["b", "a"])
  })

  it.effect("passes through JSON", () =>
    Effect.gen(function*() {
      const codec = Schema.parseJson(ClusterPlan.ClusterPlan)
      assert.deepStrictEqual(yield* Effect.flatMap(Schema.encode(codec)(good), Schema.decode(codec)), good)
    }))

  it("is rendered as a tree", () => {
    assert.strictEqual(
      ClusterPlan.render(good),
      [
        "Test: 2 processes on 2 machines",
        "(manager)",
        "  master (master): server good <master.http> tcp://127.0.0.1:<master.http>",
        "    port http: 8786, then 9001-9099, reached from a, b",
        "a",
        "  w1 (worker): server good <w1.http> tcp://127.0.0.1:<master.http>",
        "    port http: 8786, then 9001-9099, reached from (manager), b"
      ].join("\n")
    )
  })

  it("shows files of the environment as such", () => {
    const one = {
      ...process("m", "master", "a"),
      argv: [ClusterPlan.environmentWord("bin/python")] as const,
      ports: []
    }
    assert.include(ClusterPlan.render(changed({ processes: [one] })), "  m (master): <env>/bin/python")
  })
})

describe("faults", () => {
  it("has none to tell of a good plan", () => {
    assert.deepStrictEqual(ClusterPlan.faults(good), [])
  })

  const [master, worker] = [process("master", "master", "(manager)"), process("w1", "worker", "a")]
  const cases: ReadonlyArray<readonly [string, Partial<ClusterPlan.ClusterPlan>, ReadonlyArray<string>]> = [
    ["an id twice", { processes: [master, worker, worker] }, ["two processes are named w1"]],
    ["a word that names no port", {
      processes: [{ ...master, argv: [ClusterPlan.portWord("", "w9", "http")] }],
      routes: []
    }, [
      "master names the port w9.http, which nothing has"
    ]],
    [
      "a variable that names no port",
      { processes: [{ ...master, env: { A: ClusterPlan.portWord("", "master", "none") } }], routes: [] },
      ["master names the port master.none, which nothing has"]
    ],
    ["a route to nowhere", { routes: [{ process: "w1", port: "none", places: ["a"] }] }, [
      "a route leads to w1.none, which nothing has"
    ]],
    ["a probe of a port that is not there", {
      processes: [{ ...master, ready: { _tag: "Tcp", port: "none" } }],
      routes: []
    }, [
      "master is probed on its port none, which it does not have"
    ]]
  ]
  for (const [name, change, expected] of cases) {
    it(`tells of ${name}`, () => {
      assert.deepStrictEqual(ClusterPlan.faults(changed(change)), expected)
    })
  }
})
