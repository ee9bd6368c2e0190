import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Blueprint from "../../src/clusters/Blueprint.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as DaskPlan from "../../src/clusters/DaskPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import { Gpu } from "../../src/services/HostFacts.ts"

const GiB = 1024 ** 3

const place = (alias: string, cpus = 4, memory = 8 * GiB, gpus = 0): Launcher.Place => ({
  alias,
  facts: {
    cpus,
    memory,
    gpus: Array.from({ length: gpus }, (_, index) => Gpu.make({ index, name: "A", memory: 1 })),
    python: "3.11.2"
  }
})

const manager = place("(manager)")
const hosts = [place("a", 4, 8 * GiB, 0), place("b", 9, 20 * GiB, 4), place("c", 1, 2 * GiB, 1)]

const of = (launcher: Launcher.Launcher, workers?: number) => launcher({ manager, hosts, workers })
const placesOf = (launcher: Launcher.Launcher, workers?: number) =>
  of(launcher, workers).workers.map(({ place }) => place).join("")

describe("launchers", () => {
  const cases: ReadonlyArray<readonly [string, Launcher.Launcher, number | undefined, string]> = [
    ["round robin: one a host", Launcher.roundRobin, undefined, "abc"],
    ["round robin: any number", Launcher.roundRobin, 5, "abcab"],
    ["so many a host", Launcher.perHost(2), undefined, "abcabc"],
    ["so many a host, and no more", Launcher.perHost(1), 5, "abc"],
    ["by cores: a host with too few gets none", Launcher.byCores(4), undefined, "abb"],
    ["by memory", Launcher.byMemory(4 * GiB), undefined, "ababbbb"],
    ["by GPUs", Launcher.byGpus(), undefined, "bcbbb"],
    ["by pairs of GPUs", Launcher.byGpus(2), undefined, "bb"],
    ["on some hosts, by name", Launcher.on(["c", "a"]), 3, "aca"],
    ["on some hosts, by what they are", Launcher.on(({ facts }) => facts.gpus.length > 0, Launcher.byGpus(2)), 9, "bb"]
  ]
  for (const [name, launcher, workers, expected] of cases) {
    it(name, () => assert.strictEqual(placesOf(launcher, workers), expected))
  }

  it("share what a host has, or give what was counted by; no GPU is given twice", () => {
    assert.deepStrictEqual(of(Launcher.on(["b"]), 2).workers, [
      { place: "b", cpus: 4.5, memory: 10 * GiB, gpus: [0, 2] },
      { place: "b", cpus: 4.5, memory: 10 * GiB, gpus: [1, 3] }
    ])
    assert.deepStrictEqual(of(Launcher.byGpus()).workers.map(({ gpus, place }) => [place, ...gpus]), [
      ["b", 0],
      ["c", 0],
      ["b", 1],
      ["b", 2],
      ["b", 3]
    ])
    assert.deepStrictEqual(of(Launcher.byCores(4)).workers.map(({ cpus }) => cpus), [4, 4, 4])
  })

  it("put the master on a host: its ports are reached from the manager and the hosts of workers", () => {
    const plan = DaskPlan.plan(manager, hosts, { launcher: Launcher.masterOn("b", Launcher.on(["a", "c"])) })
    assert.deepStrictEqual(plan.processes.map(({ id, place }) => `${id} ${place}`), [
      "scheduler b",
      "worker-1 a",
      "worker-2 c"
    ])
    assert.deepStrictEqual(plan.routes.slice(0, 2), [
      { process: "scheduler", port: "comm", places: ["(manager)", "a", "c"] },
      { process: "scheduler", port: "http", places: ["(manager)"] }
    ])
    assert.deepStrictEqual(plan.environments.map(({ places }) => places), [["(manager)", "b"], ["a", "c"]])
  })

  it("reach Dask in its own words", () => {
    const plan = DaskPlan.plan(manager, hosts, { launcher: Launcher.byGpus(2), resources: { GPU: 2 } })
    const [, first, second] = plan.processes
    assert.deepStrictEqual([first?.env["CUDA_VISIBLE_DEVICES"], second?.env["CUDA_VISIBLE_DEVICES"]], ["0,1", "2,3"])
    assert.includeMembers([...(first?.argv ?? [])], ["--resources", "GPU=2"])
  })

  // As docs/guide/clusters.md shows it.
  it("may be a user's own", () => {
    const twoOnTheLargest: Launcher.Launcher = ({ hosts, manager }) => {
      const [largest] = hosts.toSorted((one, other) => other.facts.cpus - one.facts.cpus)
      return { master: manager.alias, workers: Launcher.seats(largest === undefined ? [] : [largest, largest]) }
    }
    const plan = DaskPlan.plan(manager, hosts, { launcher: twoOnTheLargest })
    assert.deepStrictEqual(plan.processes.map(({ place }) => place), ["(manager)", "b", "b"])
    assert.deepStrictEqual(ClusterPlan.faults(plan), [])
  })
})

describe("a plan made anew", () => {
  it("keeps what runs, whatever the numbers before and after", () => {
    FastCheck.assert(FastCheck.property(
      FastCheck.integer({ min: 0, max: 9 }),
      FastCheck.integer({ min: 0, max: 9 }),
      FastCheck.subarray(hosts, { minLength: 1 }),
      (before, after, left) => {
        const blueprint = DaskPlan.blueprint({ workers: before })
        const running = Blueprint.plan(blueprint, { manager, hosts }).processes
        const next = Blueprint.plan(blueprint, { manager, hosts: left }, running, after)
        assert.deepStrictEqual(ClusterPlan.faults(next), [])
        const workers = next.processes.filter(({ role }) => role === "worker")
        assert.lengthOf(workers, after)
        for (const worker of workers) {
          const old = running.find(({ id }) => id === worker.id)
          // An id is never that of another worker, on another host.
          if (old !== undefined) assert.deepStrictEqual(worker, old)
        }
        if (left.length === hosts.length) {
          const kept = workers.filter(({ id }) => running.some((old) => old.id === id))
          assert.lengthOf(kept, Math.min(before, after))
        }
      }
    ))
  })
})

describe("diff", () => {
  it("tells what comes, goes and changes, a line each", () => {
    const from = DaskPlan.plan(manager, hosts.slice(0, 2), { threads: 2 })
    const to = DaskPlan.plan(manager, hosts, { threads: 3, launcher: Launcher.on(["b", "c"]), workers: 1 })
    assert.deepStrictEqual(ClusterPlan.diff(from, from), [])
    const text = ClusterPlan.renderDiff(ClusterPlan.diff(from, to))
    for (
      const line of [
        "- worker-2 on b",
        "~ worker-1: from a to b",
        "~ worker-1 --nthreads: 2 -> 3",
        "~ route to scheduler.comm: a, b -> b"
      ]
    ) assert.include(text.split("\n"), line)
    assert.include(ClusterPlan.renderDiff(ClusterPlan.diff(to, from)), "+ worker-2 on b")
  })
})

describe("changed facts", () => {
  it("are told; a little more or less memory is none", () => {
    const plan = DaskPlan.plan(manager, hosts)
    const now = (change: Partial<ClusterPlan.PlaceFacts>) =>
      (plan.facts ?? []).map((facts) => facts.place === "b" ? { ...facts, ...change } : facts)
    assert.deepStrictEqual(ClusterPlan.changedFacts(plan, now({ memory: 20 * GiB + 1 })), [])
    assert.deepStrictEqual(ClusterPlan.changedFacts(plan, now({ gpus: 3, python: "" })), [
      "b has 3 GPUs, not 4, Python none, not 3.11.2"
    ])
  })
})
