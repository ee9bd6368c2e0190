import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname } from "node:path"
import * as Cluster from "../../src/clusters/Cluster.ts"
import {
  ClusterPlan,
  environmentWord,
  portWord,
  type ProcessPlan,
  programWord,
  secretWord
} from "../../src/clusters/ClusterPlan.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { tries } from "../patience.ts"
import { race } from "./gpuLocks.ts"

const server = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(1000)"
const content = "not \"a\" $word;\n"

/** Says where its files are before it listens. */
const worker: ProcessPlan = {
  id: "worker",
  role: "worker",
  place: "host-1",
  argv: [
    "sh",
    "-c",
    `echo "$4 $5"; exec "$3" -c "$1" "$2"`,
    "sh",
    server,
    portWord("", "worker", "comm"),
    environmentWord("bin/python"),
    secretWord("key"),
    programWord("holder.sh")
  ],
  env: {},
  ports: [{ name: "comm", from: 62100, to: 62109 }],
  ready: { _tag: "Tcp", port: "comm" },
  deadline: 30,
  restart: "always",
  secrets: ["key"],
  files: [{ _tag: "Program", name: "holder.sh" }],
  resources: { cpus: 1, memory: 1, gpus: [0] }
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe("what a process of a plan has on a real host", () => {
  it.scopedLive("secrets and programs that nobody else reads, anew at each start; its logs; GPUs, until its lease runs out", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const [host] = sandbox.hosts
      if (host === undefined) return assert.fail("a sandbox without its host")
      yield* Effect.gen(function*() {
        yield* race("host-1", 3)
        const manager = yield* Runtime.manager()
        const group = yield* RuntimeGroup.make(["host-1"])
        const plan = ClusterPlan.make({
          engine: "Test",
          processes: [worker],
          routes: [],
          // The one that is there.
          environments: [{ places: ["host-1"], packages: [], python: "python3" }],
          equal: []
        })
        const filesOf = (cluster: Cluster.Cluster) =>
          Effect.gen(function*() {
            const [process] = yield* cluster.processes
            const [line = ""] = process === undefined ? [] : yield* process.service.tail
            const [key = "", program = ""] = line.split(" ")
            return { key, program, pid: process?.service.pid ?? 0 }
          })
        const printed = yield* Ref.make<ReadonlyArray<string>>([])
        const { paths, reader } = yield* Effect.gen(function*() {
          const cluster = yield* Cluster.start(plan, { manager, group }, { secrets: { key: Redacted.make(content) } })
          const reader = yield* cluster.logs().pipe(
            Stream.runForEach(({ line }) => Ref.update(printed, (all) => [...all, line])),
            Effect.forkDaemon
          )
          const first = yield* filesOf(cluster)
          assert.deepStrictEqual([first.key, first.program, dirname(first.key)].map(mode), ["600", "600", "700"])
          assert.strictEqual(readFileSync(first.key, "utf8"), content)
          assert.include(readFileSync(first.program, "utf8"), "$")
          const taken = yield* Effect.flip(
            Effect.flatMap(RuntimeGroup.make(["host-1"]), (group) =>
              Cluster.start(plan, { manager, group }, {
                secrets: { key: Redacted.make(content) }
              })).pipe(Effect.scoped)
          )
          assert.deepInclude(taken, { _tag: "ClusterError", reason: "GpuTaken", host: "host-1" })
          yield* Effect.sync(() => process.kill(first.pid, "SIGKILL"))
          const second = yield* Effect.filterOrFail(filesOf(cluster), ({ pid }) => pid !== first.pid && pid !== 0).pipe(
            Effect.retry(tries(60, 100))
          )
          assert.isFalse(existsSync(first.key))
          assert.strictEqual(readFileSync(second.key, "utf8"), content)
          return { paths: [first, second], reader }
        }).pipe(Effect.scoped)
        yield* Fiber.join(reader)
        assert.deepStrictEqual(yield* Ref.get(printed), paths.map(({ key, program }) => `${key} ${program}`))
        assert.deepStrictEqual(paths.filter(({ key }) => existsSync(dirname(key))), [])

        // As when the manager was killed: nobody renews the lease, and nobody frees what it holds.
        const holder = yield* Runtime.make("host-1", { lease: "2 seconds" })
        yield* holder.holdsGpus("holder", [0])
        assert.isTrue(existsSync(`${host.home}/.local/state/lazycluster/${holder.id}/gpu-0`))
        yield* host.refuse
        yield* host.cut
        yield* Stream.runDrain(Stream.takeUntil(holder.link, (link) => link === "gone"))
        yield* host.restore
        // The host may still be ending what the manager has given up.
        yield* Effect.scoped(Effect.flatMap(Runtime.make("host-1"), (runtime) => runtime.holdsGpus("next", [0])))
      }).pipe(
        Effect.scoped,
        Effect.provide(Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile } }))
      )
    }))
})
