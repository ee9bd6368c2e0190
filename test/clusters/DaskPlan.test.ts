import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import { plan } from "../../src/clusters/DaskPlan.ts"
import { HostFacts } from "../../src/services/HostFacts.ts"

const facts = (cpus = 4, memory = 8 * 1024 ** 3) =>
  HostFacts.make({
    system: "Linux",
    os: "Debian GNU/Linux 12",
    machine: "x86_64",
    libc: "glibc 2.36",
    hostname: "host",
    user: "user",
    home: "/home/user",
    cache: "/home/user/.cache/lazycluster",
    bootId: "boot",
    network: "net",
    cpus,
    memory,
    gpus: [],
    python: "3.11.2",
    pythonPath: "/usr/bin/python3",
    executables: {}
  })

const manager = { alias: "(manager)", facts: facts() }
const hosts = (...names: ReadonlyArray<string>) => names.map((alias) => ({ alias, facts: facts() }))

const valueOf = (process: ClusterPlan.ProcessPlan | undefined, option: string) =>
  process?.argv[process.argv.indexOf(option) + 1]

const processes = (plan_: ClusterPlan.ClusterPlan, role: string) =>
  plan_.processes.filter((process) => process.role === role)

describe("the plan of a Dask cluster", () => {
  it("puts the scheduler on the manager and a worker on each host", () => {
    const made = plan(manager, hosts("a", "b", "c"))
    assert.deepStrictEqual(processes(made, "master").map(({ id, place }) => [id, place]), [["scheduler", "(manager)"]])
    assert.deepStrictEqual(processes(made, "worker").map(({ id, place }) => [id, place]), [
      ["worker-1", "a"],
      ["worker-2", "b"],
      ["worker-3", "c"]
    ])
    assert.strictEqual(made.processes[0]?.ports[0]?.preferred, 8786)
  })

  it("deals workers out round robin, and shares cores and memory among those of a host", () => {
    const made = plan(manager, [{ alias: "a", facts: facts(5, 1000) }, { alias: "b", facts: facts(1.5, 900) }], {
      workers: 3
    })
    const workers = processes(made, "worker")
    assert.deepStrictEqual(workers.map(({ place }) => place), ["a", "b", "a"])
    assert.deepStrictEqual(workers.map((worker) => valueOf(worker, "--nthreads")), ["2", "1", "2"])
    assert.deepStrictEqual(workers.map((worker) => valueOf(worker, "--memory-limit")), ["500", "900", "500"])
  })

  it("takes what it is told", () => {
    const made = plan(manager, hosts("a"), {
      threads: 7,
      memoryLimit: 99,
      port: 9999,
      deadline: 5,
      packages: ["dask==1"]
    })
    const [worker] = processes(made, "worker")
    assert.strictEqual(valueOf(worker, "--nthreads"), "7")
    assert.strictEqual(valueOf(worker, "--memory-limit"), "99")
    assert.strictEqual(made.processes[0]?.ports[0]?.preferred, 9999)
    assert.isTrue(made.processes.every(({ deadline }) => deadline === 5))
    assert.isTrue(made.environments.every(({ packages }) => packages.join() === "dask==1"))
  })

  it("asks for the ports of the original: its own for the scheduler, then 60001 to 60199, as the workers' are", () => {
    const range = { from: 60001, to: 60199 }
    const [scheduler, worker] = plan(manager, hosts("a")).processes
    assert.deepStrictEqual(scheduler?.ports, [
      { name: "comm", preferred: 8786, ...range },
      { name: "http", preferred: 8787, ...range }
    ])
    assert.deepStrictEqual(worker?.ports, [{ name: "comm", ...range }, { name: "http", ...range }])
  })

  it("gives each process the certificate and its key as files, and nothing of them in the plan", () => {
    const made = plan(manager, hosts("a"), { tls: true })
    assert.deepStrictEqual(ClusterPlan.faults(made, ["certificate.pem", "key.pem"]), [])
    assert.lengthOf(ClusterPlan.faults(made, []), 4)
    for (const process of made.processes) {
      assert.deepStrictEqual(process.secrets, ["certificate.pem", "key.pem"])
      assert.deepStrictEqual(valueOf(process, "--tls-key"), ClusterPlan.secretWord("key.pem"))
      assert.strictEqual(process.env["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"], "true")
    }
    assert.include(ClusterPlan.render(made), "tls://")
    assert.notInclude(ClusterPlan.render(made), "tcp://")
  })

  it("adds packages to Dask's own, on all places, in the versions that are asked for", () => {
    const made = plan(manager, hosts("a"), { extraPackages: ["NumPy==2.3.0", "scipy==1.15.3"] })
    for (const { packages } of made.environments) {
      assert.includeMembers([...packages], ["dask==2026.8.0", "NumPy==2.3.0", "scipy==1.15.3"])
      assert.lengthOf(packages.filter((each) => /^numpy=/i.test(each)), 1)
    }
  })

  it("makes no worker without a host", () => {
    assert.deepStrictEqual(processes(plan(manager, [], { workers: 3 }), "worker"), [])
  })

  it("is without faults, its ids unique, every worker reachable from the manager and every other host, nowhere twice", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 1, max: 12 }),
        FastCheck.integer({ min: 0, max: 40 }),
        (count, workers) => {
          const names = Array.from({ length: count }, (_, index) => `h${index}`)
          const made = plan(manager, hosts(...names), { workers })
          assert.deepStrictEqual(ClusterPlan.faults(made), [])
          const used = [...new Set(processes(made, "worker").map(({ place }) => place))]
          assert.deepStrictEqual(used, names.slice(0, Math.min(count, workers)))
          for (const { id, place, role } of made.processes) {
            const routes = made.routes.filter(({ process }) => process === id)
            const expected = role === "master" ? used : ["(manager)", ...used.filter((name) => name !== place)]
            assert.deepStrictEqual(routes.map(({ places, port }) => ({ places, port })), [{
              places: expected,
              port: "comm"
            }])
          }
          const each = names.map((name) => processes(made, "worker").filter(({ place }) => place === name).length)
          assert.isAtMost(Math.max(...each) - Math.min(...each), 1)
        }
      ),
      { numRuns: 50 }
    )
  })
})
