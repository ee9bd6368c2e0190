/** Starts and stops of a Hyperopt cluster, LAZYCLUSTER_STARTS of them: each clean. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as process from "node:process"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { live } from "./hyperoptLife.ts"

const starts = Number(process.env["LAZYCLUSTER_STARTS"] ?? 2)

describe("a Hyperopt cluster", () => {
  it.scopedLive(`starts and stops ${starts} times, and nothing stays`, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const place = { configFile: sandbox.configFile, hosts: sandbox.hosts.map(({ alias }) => alias) }
      const once = Effect.gen(function*() {
        const { clean, value } = yield* live(place, ({ cluster, dbpath, home }) =>
          Effect.gen(function*() {
            const running = yield* cluster.processes
            const runtimes = [cluster.manager, ...(yield* cluster.group).runtimes]
            return {
              paths: [dbpath, home, ...runtimes.map(({ workingDirectory }) => workingDirectory)],
              pids: running.map(({ service }) => service.pid)
            }
          }))
        // Not who listens on its ports: another cluster of this machine may have them by now.
        const paths = [...value.paths, ...value.pids.map((pid) => `/proc/${pid}`)]
        const left = yield* Effect.filter(paths, (path) => fs.exists(path))
        return clean.includes(false) ? [...left, "a report that is not clean"] : left
      })
      const each = yield* Effect.forEach(Array.from({ length: starts }), () => once)
      assert.deepStrictEqual(each, each.map(() => []))
    }).pipe(Effect.provide(NodeContext.layer)), 600_000 + starts * 60_000)
})
