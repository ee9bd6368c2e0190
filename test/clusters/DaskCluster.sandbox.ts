import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as process from "node:process"
import * as example from "../../bench/daskExample.ts"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { leftOnManager, live } from "./daskLife.ts"

const placeOf = (sandbox: Sandbox.Sandbox["Type"]) => ({
  configFile: sandbox.configFile,
  hosts: sandbox.hosts.map(({ alias }) => alias)
})

/** The ports on which a process listens: /proc/net/tcp by the inodes of its sockets. */
const listeningOf = Effect.fnUntraced(function*(pid: number) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* fs.readDirectory(`/proc/${pid}/fd`)
  const links = yield* Effect.forEach(names, (name) => Effect.option(fs.readLink(`/proc/${pid}/fd/${name}`)))
  const inodes = new Set(
    links.flatMap((link) => link._tag === "Some" ? [/^socket:\[(\d+)\]$/.exec(link.value)?.[1] ?? ""] : [])
  )
  const sockets = (yield* fs.readFileString("/proc/net/tcp")).split("\n").map((line) => line.trim().split(/\s+/))
  return sockets.filter(([, , , state, , , , , , inode]) => state === "0A" && inodes.has(inode ?? "none"))
    .map(([, local]) => Number.parseInt((local ?? "").split(":")[1] ?? "", 16)).sort((a, b) => a - b)
})

describe("DaskCluster", () => {
  it.scopedLive("runs the example over one connection a host and without tunnels; nothing of it stays", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make()
      const scope = yield* Effect.scope
      const own = yield* listeningOf(process.pid)
      const ended = yield* Ref.make<ReadonlyArray<string>>([])
      const { manager, reports, value } = yield* live(
        placeOf(sandbox),
        ({ client, cluster }) =>
          Effect.gen(function*() {
            const running = yield* cluster.processes
            for (const { plan, service } of running) {
              yield* Effect.forkIn(
                Effect.zipRight(service.exit, Ref.update(ended, (all) => [...all, plan.role])),
                scope
              )
            }
            return {
              result: yield* example.run(client),
              // Each port of the plan is the process's own; this process, where a tunnel would listen, has no further one.
              listening: yield* Effect.forEach(running, ({ service }) => listeningOf(service.pid)),
              ports: running.map(({ ports }) => Object.values(ports).sort((a, b) => a - b)),
              own: yield* listeningOf(process.pid),
              directories: (yield* cluster.group).runtimes.map(({ workingDirectory }) => workingDirectory),
              pids: running.map(({ service }) => service.pid)
            }
          })
      )
      assert.strictEqual(value.result, example.expected)
      assert.deepStrictEqual(value.listening, value.ports)
      assert.deepStrictEqual(value.own, own)
      assert.deepStrictEqual(yield* Effect.forEach(sandbox.hosts, (host) => host.connections), [1, 1, 1])
      assert.deepStrictEqual(yield* Ref.get(ended), ["worker", "worker", "worker", "master"])
      assert.deepStrictEqual(reports.map(({ clean }) => clean), [true, true, true, true])
      assert.deepStrictEqual(yield* leftOnManager(manager), [])
      assert.deepStrictEqual(yield* Effect.filter(value.directories, (directory) => fs.exists(directory)), [])
      const states = sandbox.hosts.map(({ home }) => `${home}/.local/state/lazycluster`)
      const left = yield* Effect.forEach(states, (state) => Effect.orElseSucceed(fs.readDirectory(state), () => []))
      assert.deepStrictEqual(left, [[], [], []])
      assert.deepStrictEqual(yield* Effect.filter(value.pids, (pid) => fs.exists(`/proc/${pid}`)), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("two clusters on the same hosts know nothing of one another", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make()
      const { configFile, hosts } = placeOf(sandbox)
      const values = yield* Effect.gen(function*() {
        const group = yield* RuntimeGroup.make(hosts)
        const short = yield* Scope.make()
        const [one, other] = yield* Effect.all(
          [Scope.extend(DaskCluster.make(group), short), DaskCluster.make(group)],
          { concurrency: 2 }
        )
        const both = yield* Effect.all([example.run(one.client), example.run(other.client)], { concurrency: 2 })
        const workers = [yield* one.client.info, yield* other.client.info].map((info) => info.workers.length)
        yield* Scope.close(short, Exit.void)
        const after = yield* example.run(other.client)
        return { both, workers, after, still: (yield* other.client.info).workers.length }
      }).pipe(Effect.scoped, Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })))
      const { expected } = example
      assert.deepStrictEqual(values, { both: [expected, expected], workers: [3, 3], after: expected, still: 3 })
      assert.deepStrictEqual(yield* Effect.forEach(sandbox.hosts, (host) => host.connections), [1, 1, 1])
    }))
})
