import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import { compile } from "../../bench/compile.ts"
import * as example from "../../bench/daskExample.ts"
import { Line } from "../../bench/Measurement.ts"
import * as ClusterRun from "../../src/clusters/ClusterRun.ts"
import { daskWorkerPackages } from "../../src/clusters/daskPackages.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { until } from "../patience.ts"
import { leftOnManager, live } from "./daskLife.ts"

/** `npm run starts` asks for 50. */
const starts = Number(process.env["LAZYCLUSTER_STARTS"] ?? 2)

const numbers = [1, 2, 3]
const array = fileURLToPath(new URL("../../examples/dask_array.py", import.meta.url))

const accepted = Effect.flatMap(Fleet.Fleet, (fleet) => Effect.forEach(numbers, fleet.accepted))

/** Processes, ports, and files but for the packages that are kept on purpose. */
const traces = Effect.gen(function*() {
  const fleet = yield* Fleet.Fleet
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.forEach(numbers, (host) =>
    Effect.gen(function*() {
      const files = yield* fs.readDirectory(fleet.disk(host), { recursive: true })
      return {
        processes: (yield* fleet.processes(host)).map(({ command }) => command),
        listening: yield* fleet.listening(host),
        files: files.filter((file) =>
          !/^home\/(\.cache|\.local$|\.local\/state$|\.local\/state\/lazycluster$)/.test(file)
        ).sort()
      }
    }))
})

/** sshd takes a moment to see that a connection was closed. */
const goneAgain = (before: Effect.Effect.Success<typeof traces>) =>
  until(traces, (now) => JSON.stringify(now) === JSON.stringify(before))

const text = PythonFunction.make({
  source: "def text(size): return 'x' * size",
  args: { size: Schema.Int },
  returns: Schema.String
})
const length = PythonFunction.make({
  source: "def length(text): return len(text)",
  args: { text: Schema.String },
  returns: Schema.Int
})

describe.skipIf(!Fleet.available)("DaskCluster on the fleet", () => {
  layer(Fleet.layer(), { excludeTestServices: true, timeout: "1 minute" })("three hosts", (it) => {
    it.effect("the example, over one connection a host, with packages from the manager; and nothing stays", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const before = { accepted: yield* accepted, traces: yield* traces }
        const { manager, reports, value } = yield* live(
          fleet,
          ({ client, cluster }) =>
            Effect.gen(function*() {
              const result = yield* example.run(client)
              const listening = yield* Effect.forEach(numbers, fleet.listening)
              return { result, listening, environments: yield* Effect.forEach(fleet.hosts, cluster.environment) }
            })
        )
        assert.strictEqual(value.result, example.expected)
        assert.deepStrictEqual(value.environments.map(Option.exists(({ made }) => made)), [true, true, true])
        // The worker's two, and the scheduler's and both other workers' under the same numbers.
        assert.deepStrictEqual(value.listening.map((ports) => ports.length), [5, 5, 5])
        assert.deepStrictEqual((yield* accepted).map((count, index) => count - (before.accepted[index] ?? 0)), [
          1,
          1,
          1
        ])
        assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])
        assert.deepStrictEqual(yield* goneAgain(before.traces), before.traces)
        assert.deepStrictEqual(yield* leftOnManager(manager), [])
      }).pipe(Effect.provide(NodeContext.layer)))

    it.effect(`${starts} starts and stops, all of them clean`, () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const before = yield* traces
        const clean = yield* Effect.forEach(Array(starts).keys(), () =>
          Effect.gen(function*() {
            const { manager, reports, value } = yield* live(fleet, ({ client }) => example.run(client))
            return {
              value,
              reports: reports.filter((report) => report.clean).length,
              left: yield* leftOnManager(manager),
              traces: yield* goneAgain(before)
            }
          }))
        const expected = { value: example.expected, reports: 4, left: [], traces: before }
        assert.deepStrictEqual(clean, Array.from({ length: starts }, () => expected))
      }).pipe(Effect.provide(NodeContext.layer)), starts * 60_000)

    it.effect("workers fetch values from one another, 200 MB of an array too, though hosts cannot reach one another", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const size = 3_000_000
        const { value } = yield* live(
          fleet,
          ({ client, cluster }) =>
            Effect.all([
              ClusterRun.run(cluster, ClusterRun.pythonFile(array)),
              Effect.forEach(
                [["worker-2", "worker-1"], ["worker-1", "worker-3"], ["worker-3", "worker-2"]] as const,
                ([from, to]) =>
                  Effect.gen(function*() {
                    const there = yield* client.submit(text, { size }, { workers: [from] })
                    const measured = yield* client.submit(length, { text: there }, { workers: [to] })
                    const result = yield* client.result(measured)
                    const holders = (yield* client.whoHas([there, measured])).map((some) =>
                      some.map(({ name }) => name).sort()
                    )
                    return { result, holders }
                  })
              )
            ]),
          { packages: [...daskWorkerPackages, "numpy==2.2.6"], threads: 1, memoryLimit: 0 }
        )
        const [{ stdout }, fetched] = value
        assert.strictEqual(stdout, "200 MB on 3 workers\nsum of x + x.T: 624999975000000\n")
        assert.deepStrictEqual(fetched.map(({ result }) => result), [size, size, size])
        // It was measured where it had not been made. Which of the two still has it is up to Dask, which drops second copies.
        assert.deepStrictEqual(fetched.map(({ holders: [, measured] }) => measured), [["worker-1"], ["worker-3"], [
          "worker-2"
        ]])
      }).pipe(Effect.provide(NodeContext.layer)))

    it.effect("the manager's Node process stays below 150 MB, also while it sends packages", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const fs = yield* FileSystem.FileSystem
        yield* Effect.forEach(
          numbers,
          (host) => fs.remove(`${fleet.disk(host)}/home/.cache`, { recursive: true, force: true })
        )
        const node = yield* compile
        const said = yield* Command.string(Command.make(process.execPath, ...node, fleet.configFile, ...fleet.hosts))
        // A log or an error stands there, too.
        const { clean, made, nodePeak, result } = yield* Effect.orDieWith(
          Schema.decode(Line)(said.trim().split("\n").at(-1) ?? ""),
          () => new Error(said)
        )
        assert.deepStrictEqual({ result, clean, made }, { result: example.expected, clean: 4, made: true })
        assert.isAtMost(nodePeak, 150_000_000)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
  })
})
