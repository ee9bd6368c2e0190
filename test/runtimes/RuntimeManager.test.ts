import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../../src/runtimes/RuntimeManager.ts"
import { SshConfig } from "../../src/services/SshConfig.ts"
import { SshConfigError } from "../../src/services/SshError.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const config = (aliases: SshConfig["Type"]["aliases"]) => Layer.mock(SshConfig, { aliases })

const world = Layer.merge(
  layer(["a", "b", { alias: "gpu", facts: { cpus: 32 } }]),
  config(Effect.succeed(["a", "b", "gpu", "gone"]))
)

const aliases = (group: RuntimeGroup.RuntimeGroup) => group.runtimes.map(({ host }) => host.alias)

describe("createGroup", () => {
  it.scoped("takes every alias of the ssh config that can be used; a bad one spoils nothing", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeManager.createGroup()
      assert.deepStrictEqual(aliases(group), ["a", "b", "gpu"])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), ["gone"])
      assert.include(group.inactive[0]?.message, "NameUnknown")
    }).pipe(Effect.provide(world)))

  it.scoped("takes those that are included, without those that are excluded", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeManager.createGroup({ includeHosts: ["gpu", "b", "a"], excludeHosts: ["b"] })
      assert.deepStrictEqual(aliases(group), ["gpu", "a"])
      assert.deepStrictEqual(group.inactive, [])
      assert.strictEqual((yield* hosts.connections("b")).accepted, 0)
      assert.deepStrictEqual(aliases(yield* RuntimeManager.createGroup({ excludeHosts: ["a", "gone"] })), ["b", "gpu"])
    }).pipe(Effect.provide(world)))

  it.scoped("takes those that have what is asked for", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeManager.createGroup({ minCpuCores: 8 })
      assert.deepStrictEqual(aliases(group), ["gpu"])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), ["a", "b", "gone"])
    }).pipe(Effect.provide(world)))

  it.scoped("fails when no host is left, and says why of each", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const error = yield* Effect.flip(RuntimeManager.createGroup({ minCpuCores: 64 }))
      assert.deepInclude(error, { _tag: "GroupError", reason: "NoHosts", wanted: 1, succeeded: [] })
      assert.include(error.message, "gpu: it has 32 CPU cores, 64 wanted")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))

  it.scoped("fails when the ssh config names no host, and says how to add one", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(RuntimeManager.createGroup())
      assert.strictEqual(error._tag, "GroupError")
      assert.include(error.message, "Host NAME")
    }).pipe(Effect.provide(Layer.merge(layer([]), config(Effect.succeed([]))))))

  it.scoped("fails with what is wrong with the ssh config", () => {
    const broken = new SshConfigError({ reason: "Syntax", detail: "line 3" })
    return Effect.gen(function*() {
      const error = yield* Effect.flip(RuntimeManager.createGroup())
      assert.deepInclude(error, { _tag: "SshConfigError", reason: "Syntax" })
    }).pipe(Effect.provide(Layer.merge(layer([]), config(Effect.fail(broken)))))
  })

  it.scoped("keeps to another policy when it is given one", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const error = yield* Effect.flip(RuntimeManager.createGroup({ policy: { quorum: 4 } }))
      assert.deepInclude(error, { _tag: "GroupError", reason: "Quorum", wanted: 4 })
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))
})
