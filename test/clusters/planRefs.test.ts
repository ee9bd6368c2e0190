import { assert, describe, it } from "@effect/vitest"
import {
  addressWord,
  ClusterPlan,
  hostWord,
  type PortChoice,
  type ProcessPlan
} from "../../src/clusters/ClusterPlan.ts"
import * as MongoPlan from "../../src/clusters/MongoPlan.ts"
import { isKnown } from "../../src/clusters/planRefs.ts"
import { plan, process } from "./memoryCluster.ts"

const choice: typeof PortChoice.Type = { name: "own", from: 9100, to: 9199 }

const master: ProcessPlan = {
  ...process("master", "master", "(manager)"),
  ports: [...process("master", "master", "(manager)").ports, choice]
}

const known = (change: Partial<ClusterPlan> = {}, more: Partial<ProcessPlan> = {}, one = choice) => {
  const made = plan([master, { ...process("w1", "worker", "a"), ...more }], ["a"])
  return isKnown(ClusterPlan.make({ ...made, ...change }), "master", one)
}

describe("a port", () => {
  it("that only words and probes of its process name is not known", () => {
    const own = {
      ...master,
      argv: ["server", addressWord("", "master", "own")] as const,
      env: { O: hostWord("master", "own") }
    }
    assert.isFalse(known())
    assert.isFalse(known({ processes: [own], routes: [] }))
    // Another one's of that name is another port.
    assert.isFalse(known({ routes: [{ process: "w1", port: "own", places: ["a"] }] }))
    const mongod = MongoPlan.plan({ manager: "(manager)", place: "a" }, [], { dbpath: "/data" })
    assert.deepStrictEqual(
      mongod.processes.flatMap(({ id, ports }) => ports.map((port) => [port.name, isKnown(mongod, id, port)])),
      [["mongo", true], ["health", false]]
    )
  })

  it("is known by a route, a variable, the dashboard, a word of another process, or a preferred number", () => {
    const word = addressWord("http://", "master", "own")
    assert.isTrue(known({ routes: [{ process: "master", port: "own", places: ["a"] }] }))
    assert.isTrue(known({ variables: { OWN: word } }))
    assert.isTrue(known({ dashboard: { process: "master", port: "own", path: "/" } }))
    assert.isTrue(known({}, { argv: ["client", word] }))
    assert.isTrue(known({}, { env: { OWN: hostWord("master", "own") } }))
    assert.isTrue(known({}, {}, { ...choice, preferred: 9100 }))
  })
})
