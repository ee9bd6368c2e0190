import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import { plan, process } from "./memoryCluster.ts"

const good = plan([process("master", "master", "(manager)"), process("w1", "worker", "a")], ["a", "b"])

const changed = (change: Partial<ClusterPlan.ClusterPlan>) => ClusterPlan.ClusterPlan.make({ ...good, ...change })

describe("a plan", () => {
  it("names its places once, in order", () => {
    const places = ["b", "a", "b"].map((place, index) => process(`w${index}`, "worker", place))
    assert.deepStrictEqual(changed({ processes: places }).places, ["b", "a"])
  })

  it("passes through JSON, whatever it is", () => {
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(ClusterPlan.ClusterPlan), (plan) => {
        const json = ClusterPlan.toJson(plan)
        const read = Either.getOrThrow(ClusterPlan.fromJson(json))
        assert.strictEqual(ClusterPlan.toJson(read), json)
        assert.strictEqual(ClusterPlan.render(read), ClusterPlan.render(plan))
      }),
      { numRuns: 30 }
    )
    assert.deepStrictEqual(Either.getOrThrow(ClusterPlan.fromJson(ClusterPlan.toJson(good))), good)
  })

  it("is not read from what is none", () => {
    const message = (json: string) =>
      Either.match(ClusterPlan.fromJson(json), { onLeft: String, onRight: () => "read" })
    assert.include(message("{"), "JSON")
    assert.include(message(ClusterPlan.toJson(good).replace("\"deadline\": 30", "\"deadline\": null")), "deadline")
  })

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

describe("a tree", () => {
  it("has environments, resources, secrets by name, programs, the dashboard, and what must be equal", () => {
    const worker: ClusterPlan.ProcessPlan = {
      ...process("w1", "worker", "a"),
      argv: [ClusterPlan.environmentWord("bin/python"), ClusterPlan.programWord("p.py"), ClusterPlan.secretWord("key")],
      resources: { cpus: 1.5, memory: 3 * 1024 ** 3, gpus: [0, 2] },
      restart: "onFailure",
      secrets: ["key"],
      files: [{ _tag: "Program", name: "p.py" }]
    }
    const rich = changed({
      processes: [process("master", "master", "(manager)"), worker],
      environments: [
        { places: ["(manager)"], packages: [`a==1 --hash=sha256:${"0".repeat(64)}`] },
        { places: ["a"], packages: ["a==1", "b==1"], python: "/opt/python" }
      ],
      equal: ["a"],
      dashboard: { process: "master", port: "http", path: "/status" }
    })
    assert.strictEqual(
      ClusterPlan.render(rich),
      [
        "Test: 2 processes on 2 machines",
        "dashboard: http://<address of master.http>/status",
        "of one version everywhere: a",
        "(manager): Python environment of 1 package by their hashes",
        "  master (master): server good <master.http> tcp://127.0.0.1:<master.http>",
        "    port http: 8786, then 9001-9099, reached from a, b",
        "a: /opt/python, checked for 2 packages",
        "  w1 (worker): <env>/bin/python <program>/p.py <secret>/key",
        "    uses: 1.5 cores, 3.0 GiB, GPUs 0, 2",
        "    restart: onFailure",
        "    secrets: key",
        "    programs: p.py",
        "    port http: 8786, then 9001-9099, reached from (manager), b"
      ].join("\n")
    )
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
    ]],
    ["a dashboard that is nowhere", { dashboard: { process: "w1", port: "none", path: "/" } }, [
      "the dashboard is at w1.none, which nothing has"
    ]]
  ]
  for (const [name, change, expected] of cases) {
    it(`tells of ${name}`, () => {
      assert.deepStrictEqual(ClusterPlan.faults(changed(change)), expected)
    })
  }
})
