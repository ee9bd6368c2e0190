import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
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

  it.scoped("takes a machine that has several names once, by the first, and tells the others", () => {
    const machine = { hostKey: "SHA256:k", address: "10.0.0.7", port: 22, user: "ada" }
    const names = ["other", "one", "two", "uno"]
    return Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeManager.createGroup()
      assert.deepStrictEqual(aliases(group), ["other", "one", "two"])
      assert.deepStrictEqual(group.inactive, [
        { host: "uno", message: "it is the same machine as one", sameAs: "one" }
      ])
      assert.strictEqual((yield* hosts.connections("uno")).open, 0)
      assert.deepStrictEqual((yield* hosts.leftovers).filter((left) => left.includes("uno")), [])
      // Another name counts for no policy: neither as a host that is there, nor as one that failed.
      const all = yield* RuntimeManager.createGroup({ policy: "all" })
      assert.deepStrictEqual(aliases(all), ["other", "one", "two"])
      const error = yield* Effect.flip(RuntimeManager.createGroup({ policy: { quorum: 4 } }))
      assert.deepInclude(error, { _tag: "GroupError", reason: "Quorum", succeeded: ["other", "one", "two"] })
    }).pipe(Effect.provide(Layer.merge(
      layer([
        "other",
        { alias: "one", identity: machine },
        { alias: "two", identity: { ...machine, port: 2222 } },
        { alias: "uno", identity: machine }
      ]),
      config(Effect.succeed(names))
    )))
  })

  it.scoped("waits for one deadline, however many hosts do not answer", () => {
    const names = Array.from({ length: 20 }, (_, n) => `host-${n + 1}`)
    return Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      for (const alias of names.slice(0, 19)) yield* hosts.unreachable(alias)
      const fiber = yield* Effect.fork(RuntimeManager.createGroup())
      yield* TestClock.adjust("9900 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("200 millis")
      assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)))
      const group = yield* Fiber.join(fiber)
      assert.deepStrictEqual(aliases(group), ["host-20"])
      assert.deepStrictEqual(group.inactive.map(({ host }) => host), names.slice(0, 19))
      for (const { message } of group.inactive) assert.include(message, "Timeout")
    }).pipe(Effect.provide(Layer.merge(layer(names), config(Effect.succeed(names)))))
  })

  it.scoped("asks hosts themselves: commands, executables, any predicate on facts", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeManager.createGroup({
        includeHosts: ["a", "b", "gpu"],
        filterCommands: ["test -d /data"],
        where: ({ cpus }) => cpus < 8 || "it is too big"
      })
      assert.deepStrictEqual(aliases(group), ["b"])
      assert.deepStrictEqual(group.inactive.map(({ host, message }) => [host, message]), [
        ["a", "`test -d /data` exited with 1"],
        ["gpu", "it is too big"]
      ])
    }).pipe(Effect.provide(Layer.merge(
      layer(["a", { alias: "b", files: { "/data/": "" } }, { alias: "gpu", facts: { cpus: 32 } }]),
      config(Effect.succeed([]))
    ))))

  it.scoped("is stopped by no bad host, however it is bad; one without Python is good for commands", () => {
    const names = ["refuses", "silent", "impostor", "locked", "nowhere", "bare", "good"]
    return Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.refuse("refuses")
      yield* hosts.unreachable("silent")
      yield* hosts.changeHostKey("impostor")
      yield* hosts.failAuthentication("locked")
      const fiber = yield* Effect.fork(RuntimeManager.createGroup())
      yield* TestClock.adjust("11 seconds")
      const group = yield* Fiber.join(fiber)
      assert.deepStrictEqual(aliases(group), ["bare", "good"])
      const reasons = ["Refused", "Timeout", "HostKeyChanged", "Authentication", "NameUnknown"]
      assert.deepStrictEqual(
        group.inactive.map(({ message }, index) => message.includes(reasons[index] ?? "-")),
        reasons.map(() => true)
      )
      const lines = RuntimeGroup.table(group).split("\n")
      assert.lengthOf(lines, 1 + names.length)
      assert.match(lines[1] ?? "", /^bare +4 +8\.0 GiB +- +- /)
      assert.match(lines[2] ?? "", /^good +4 +8\.0 GiB +- +3\.11\.2 /)
      assert.match(lines[3] ?? "", /^refuses .*inactive: refuses: connect, Refused/)
    }).pipe(Effect.provide(Layer.merge(
      layer([...names.filter((name) => name !== "nowhere" && name !== "bare"), {
        alias: "bare",
        facts: { python: "", pythonPath: "" }
      }]),
      config(Effect.succeed(names))
    )))
  })
})
