import { assert, describe, expect, it } from "@effect/vitest"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as DaskPlan from "../../src/clusters/DaskPlan.ts"
import * as HyperoptPlan from "../../src/clusters/HyperoptPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import { Gpu } from "../../src/services/HostFacts.ts"

const place = (alias: string, gpus: number): Launcher.Place => ({
  alias,
  facts: {
    cpus: 4,
    memory: 8 * 1024 ** 3,
    gpus: Array.from({ length: gpus }, (_, index) => Gpu.make({ index, name: "A100", memory: 2 ** 36 })),
    python: "3.11.2"
  }
})
const manager = place("(manager)", 0)
const hosts = [place("host-1", 2), place("host-2", 0)]

describe("the plans of engines, as trees", () => {
  const plans = {
    "dask": DaskPlan.plan(manager, hosts, { workers: 3 }),
    "dask-on-a-host": DaskPlan.plan(manager, hosts, {
      launcher: Launcher.masterOn("host-2", Launcher.byGpus()),
      tls: true,
      nanny: true,
      python: "/opt/python/bin/python3"
    }),
    "hyperopt": HyperoptPlan.plan(manager, hosts)
  }
  for (const [name, plan] of Object.entries(plans)) {
    // `npx vitest run --project unit test/clusters/planTrees.test.ts -u` writes them anew.
    it(name, () => {
      assert.deepStrictEqual(ClusterPlan.faults(plan), [])
      return expect(`${ClusterPlan.render(plan)}\n`).toMatchFileSnapshot(`trees/${name}.txt`)
    })
  }
})
