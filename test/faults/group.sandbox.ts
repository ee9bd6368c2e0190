/** Groups with hosts that fail: what the policy makes of it, and what becomes of the others. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../../src/runtimes/RuntimeManager.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { configure, failsOver, nothingLeft, run, services } from "./faulty.ts"

/** Of three hosts one has no known key. */
const bad = { bad: { UserKnownHostsFile: "/dev/null" } }
const three = ["host-1", "bad", "host-2"]

layer(Layer.merge(Sandbox.layer({ hosts: 2 }), NodeContext.layer), { excludeTestServices: true })("a group", (it) => {
  it.scoped("under `all` fails with the error of its bad host, and undoes the good ones", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(yield* Sandbox.Sandbox, bad, RuntimeGroup.make(three))
      assert.deepStrictEqual([error._tag, error.reason], ["SshError", "HostKeyUnknown"])
      assert.include(error.message, "bad: host key")
    }))

  it.scoped("under `bestEffort` keeps the good ones, which work, and tells why the other is not there", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const config = yield* configure(sandbox, bad)
      const { exit, reports } = yield* run(
        Effect.gen(function*() {
          const group = yield* RuntimeGroup.make(three, { policy: "bestEffort" })
          const task = RuntimeTask.make("hello").pipe(RuntimeTask.runCommand("echo hello"))
          const outcomes = yield* RuntimeGroup.broadcast(group, task)
          return { group, outcomes }
        }).pipe(Effect.scoped, Effect.provide(services(sandbox, config)))
      )
      yield* nothingLeft(sandbox, reports)
      const { group, outcomes } = yield* exit
      assert.deepStrictEqual(outcomes.map(({ host, result }) => [host, result._tag]), [
        ["host-1", "Right"],
        ["host-2", "Right"]
      ])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), ["bad"])
      assert.match(group.inactive[0]?.message ?? "", /HostKeyUnknown.*\nhint: .*accept-new/)
    }))

  it.scoped("with fewer hosts than its quorum names each that failed, and why", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const blocks = { ...bad, worse: { HostName: "nowhere.invalid" } }
      const error = yield* failsOver(
        sandbox,
        blocks,
        RuntimeGroup.make(["host-1", "bad", "worse"], { policy: { quorum: 2 } })
      )
      assert.deepStrictEqual([error._tag, error.reason], ["GroupError", "Quorum"])
      assert.include(error.message, "1 of 3 hosts, 2 wanted")
      for (const why of ["bad: host key, HostKeyUnknown", "worse: connect, NameUnknown"]) {
        assert.include(error.message, why)
      }
    }))

  it.scoped("with just as many as its quorum stands", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const config = yield* configure(sandbox, bad)
      const { exit, reports } = yield* run(
        RuntimeGroup.make(three, { policy: { quorum: 2 } }).pipe(
          Effect.map((group) => group.runtimes.map((runtime) => runtime.host.alias)),
          Effect.scoped,
          Effect.provide(services(sandbox, config))
        )
      )
      yield* nothingLeft(sandbox, reports)
      assert.deepStrictEqual(yield* exit, ["host-1", "host-2"])
    }))

  it.scoped("whose hosts lack something says what, on each", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(
        yield* Sandbox.Sandbox,
        {},
        RuntimeGroup.make(["host-1", "host-2"], {
          filter: { minCpuCores: 10_000, installedExecutables: ["sh", "no-such-thing"] }
        })
      )
      assert.deepStrictEqual([error._tag, error.reason], ["GroupError", "Quorum"])
      for (const host of ["host-1", "host-2"]) {
        assert.match(
          error.message,
          new RegExp(`${host}: it has .* CPU cores, 10000 wanted, no-such-thing is not in its PATH`)
        )
      }
    }))

  it.scoped("that no host passes is an error of its own", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const error = yield* failsOver(sandbox, {}, RuntimeManager.createGroup({ minMemory: 1024 ** 6 }))
      assert.deepStrictEqual([error._tag, error.reason], ["GroupError", "NoHosts"])
      assert.match(error.message, /host-1: it has .* GiB of memory/)
    }))

  it.scoped("without hosts is told how to get some", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      for (const options of [{ includeHosts: [] }, { excludeHosts: ["host-1", "host-2"] }]) {
        const error = yield* failsOver(sandbox, {}, RuntimeManager.createGroup(options))
        assert.deepStrictEqual([error._tag, error.reason], ["GroupError", "NoHosts"])
        // The config does name hosts: it must not be blamed.
        assert.notInclude(error.hint, "names no host")
      }
      const none = yield* Sandbox.make({ hosts: 0 })
      const error = yield* failsOver(none, {}, RuntimeManager.createGroup())
      assert.include(error.hint, "`Host NAME`")
    }))

  it.scoped("without hosts takes no cluster", () =>
    Effect.gen(function*() {
      const program = Effect.flatMap(
        RuntimeGroup.make(["bad"], { policy: "bestEffort" }),
        (group) => DaskCluster.make(group)
      )
      const error = yield* failsOver(yield* Sandbox.Sandbox, bad, program)
      assert.deepStrictEqual([error._tag, error.reason], ["ClusterError", "NoHosts"])
      assert.include(error.message, "bad: host key, HostKeyUnknown")
      assert.notInclude(error.message, "bad: bad: ")
    }))
})
