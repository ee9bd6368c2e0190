import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Cluster from "../../src/clusters/Cluster.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { plan, process } from "./memoryCluster.ts"
import { on } from "./supervised.ts"

const names = ["a", "b", "c"]
const base = plan([
  process("master", "master", "(manager)"),
  ...names.map((name) => process(`w-${name}`, "worker", name))
], names)

const start = (environments: ClusterPlan.ClusterPlan["environments"]) =>
  Effect.gen(function*() {
    const manager = yield* Runtime.manager()
    const group = yield* RuntimeGroup.make(names)
    return yield* Cluster.start(
      ClusterPlan.ClusterPlan.make({ ...base, environments, equal: ["dask", "msgpack"] }),
      { manager, group }
    )
  }).pipe(Effect.scoped)

const packages = (dask: string) => [`dask==${dask}`, "msgpack==1.2.4"]

describe("the environments of a cluster", () => {
  for (const python of [undefined, "python3"]) {
    it.effect(`${python === undefined ? "that are made" : "that were there"} must agree before anything starts`, () =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const own = python === undefined ? {} : { python }
        const error = yield* Effect.flip(start([
          { places: ["a", "c"], packages: packages("2026.8.0"), ...own },
          { places: ["b"], packages: packages("2026.3.0"), ...own }
        ]))
        assert.deepInclude(error, {
          _tag: "PythonEnvironmentError",
          reason: "Disagree",
          detail: "dask 2026.3.0 on b, 2026.8.0 elsewhere"
        })
        assert.include(
          error.message,
          python === undefined
            ? "use the same PythonEnvironment on all hosts"
            : "on b: /usr/bin/python3 -m pip install dask==2026.8.0"
        )
        for (const name of names) assert.notInclude((yield* hosts.commandsOn(name)).flat(), "server")
      }).pipe(on(names)))
  }

  it.effect("of which one has another minor version of Python are refused", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(start([{ places: names, packages: packages("2026.8.0"), python: "python3" }]))
      assert.deepInclude(error, { reason: "Disagree", detail: "Python 3.12 on b, 3.11 elsewhere" })
    }).pipe(on(["a", { alias: "b", facts: { python: "3.12.1" } }, "c"])))

  it.effect("are made on all hosts at the same time", () =>
    Effect.gen(function*() {
      const time = (places: ReadonlyArray<string>, version: string) =>
        Effect.gen(function*() {
          const since = yield* Clock.currentTimeMillis
          yield* start([{ places, packages: packages(version) }])
          return (yield* Clock.currentTimeMillis) - since
        })
      const none = yield* time([], "0")
      const [one, all] = [yield* time(["a"], "1"), yield* time(names, "2")]
      assert.isAbove(one, none)
      assert.isBelow(all - none, 1.5 * (one - none))
    }).pipe(on(names.map((alias) => ({ alias, latency: "200 millis" })))))
})
