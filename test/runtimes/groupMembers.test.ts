import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { Host } from "../../src/services/Host.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const commands: Commands = { worker: () => Effect.never }

const world = layer(["a", "b", "c", "d"], { commands })

const aliases = (group: RuntimeGroup.RuntimeGroup) => group.runtimes.map(({ host }) => host.alias)

/** What the hosts run for us, besides guardians. */
const workers = Effect.gen(function*() {
  const hosts = yield* InMemorySsh
  const all = yield* Effect.forEach(["a", "b", "c", "d"], (alias) => hosts.processes(alias))
  return all.map((running) => running.filter(({ argv }) => argv[0] === "worker").length)
})

describe("make", () => {
  it.scoped("takes a host that is given twice once", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a", "b", Host.make({ alias: "a" }), "b"])
      assert.deepStrictEqual(aliases(group), ["a", "b"])
      assert.strictEqual((yield* hosts.connections("a")).accepted, 1)
    }).pipe(Effect.provide(world)))

  it.scoped("takes no two hosts under one name", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(RuntimeGroup.make(["a", "root@a"]))
      assert.deepInclude(error, { _tag: "GroupError", reason: "Duplicate" })
      assert.include(error.message, "a is in the group already")
    }).pipe(Effect.provide(world)))

  it.scoped("gives every member the working directory and an environment of its own", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a", "b"], { workingDirectory: "~/w", environment: { foo: "bar" } })
      assert.deepStrictEqual(group.runtimes.map(({ workingDirectory }) => workingDirectory), [
        "/home/user/w",
        "/home/user/w"
      ])
      const temporary = yield* RuntimeGroup.make(["c", "d"], { environment: { foo: "bar" } })
      for (const { environment, workingDirectory } of temporary.runtimes) {
        assert.deepStrictEqual(environment, { foo: "bar", WORKING_DIR: workingDirectory })
      }
      const [c, d] = temporary.runtimes
      assert.notStrictEqual(c?.workingDirectory, d?.workingDirectory)
    }).pipe(Effect.provide(world)))
})

describe("members", () => {
  it.scoped("are found by alias; a stranger's name is an error that names those there are", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a", "b", "nowhere"], { policy: "bestEffort" })
      assert.strictEqual((yield* RuntimeGroup.get(group, "b")).host.alias, "b")
      assert.isTrue(RuntimeGroup.contains(group, "a"))
      assert.isFalse(RuntimeGroup.contains(group, "nowhere"))
      const error = yield* Effect.flip(RuntimeGroup.get(group, "d"))
      assert.deepInclude(error, { _tag: "GroupError", reason: "UnknownHost", step: "RuntimeGroup.get" })
      assert.include(error.message, "d is not among a, b")
      // One that could not be used is told with the reason.
      const inactive = yield* Effect.flip(RuntimeGroup.get(group, "nowhere"))
      assert.include(inactive.message, "NameUnknown")
    }).pipe(Effect.provide(world)))

  it.scoped("are included and left out by alias, one or many; nothing on them ends", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a", "b", "c"])
      assert.deepStrictEqual(aliases(yield* RuntimeGroup.include(group, "b")), ["b"])
      assert.deepStrictEqual(aliases(yield* RuntimeGroup.include(group, ["c", "a", "c"])), ["c", "a"])
      assert.deepStrictEqual(aliases(yield* RuntimeGroup.exclude(group, ["a", "c"])), ["b"])
      assert.deepStrictEqual(aliases(yield* RuntimeGroup.exclude(group, "b")), ["a", "c"])
      assert.deepStrictEqual(aliases(group), ["a", "b", "c"])
      for (const change of [RuntimeGroup.include, RuntimeGroup.exclude]) {
        const error = yield* Either.flip(change(group, ["a", "x", "y"]))
        assert.strictEqual(error.reason, "UnknownHost")
        assert.include(error.message, "x, y is not among a, b, c")
      }
      assert.strictEqual((yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.connections("b"))).open, 1)
    }).pipe(Effect.provide(world)))
})

describe("add", () => {
  it.scoped("takes further hosts into use as the group's own were", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a"], { workingDirectory: "~/w", environment: { foo: "bar" } })
      const more = yield* RuntimeGroup.add(group, ["b", "c"])
      assert.deepStrictEqual(aliases(more), ["a", "b", "c"])
      assert.deepStrictEqual(aliases(group), ["a"])
      for (const { environment } of more.runtimes) {
        assert.deepStrictEqual(environment, { foo: "bar", WORKING_DIR: "/home/user/w" })
      }
    }).pipe(Effect.provide(world)))

  it.scoped("takes runtimes that stand already", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("b")
      const group = yield* RuntimeGroup.add(RuntimeGroup.fromRuntimes([]), [runtime, "c"])
      assert.deepStrictEqual(aliases(group), ["b", "c"])
      assert.strictEqual(group.runtimes[0], runtime)
    }).pipe(Effect.provide(world)))

  it.scoped("refuses a member, and connects to nobody then", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a"])
      const runtime = yield* Runtime.make("a")
      for (const given of ["a", ["b", "a"], runtime, ["b", runtime]] as const) {
        const error = yield* Effect.flip(RuntimeGroup.add(group, given))
        assert.deepInclude(error, { _tag: "GroupError", reason: "Duplicate" })
      }
      assert.strictEqual((yield* hosts.connections("b")).accepted, 0)
    }).pipe(Effect.provide(world)))

  it.scoped("under `all` adds none when one fails; otherwise tells of it, until it is added after all", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.refuse("c")
      const strict = yield* RuntimeGroup.make(["a"])
      assert.deepInclude(yield* Effect.flip(RuntimeGroup.add(strict, ["b", "c"])), { _tag: "SshError", host: "c" })
      assert.strictEqual((yield* hosts.connections("b")).open, 0)
      const content = yield* RuntimeGroup.add(
        yield* RuntimeGroup.make(["a"], { policy: "bestEffort" }),
        ["b", "c"]
      )
      assert.deepStrictEqual(aliases(content), ["a", "b"])
      assert.deepStrictEqual(content.inactive.map(({ host }) => host), ["c"])
      yield* hosts.restore("c")
      const all = yield* RuntimeGroup.add(content, "c")
      assert.deepStrictEqual([aliases(all), all.inactive], [["a", "b", "c"], []])
    }).pipe(Effect.provide(world)))

  it.scoped("ends with its scope, and before it when it is removed", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a"])
      const scope = yield* Scope.make()
      const more = yield* Scope.extend(RuntimeGroup.add(group, ["b", "c"]), scope)
      const fewer = yield* RuntimeGroup.remove(more, "c")
      assert.deepStrictEqual(aliases(fewer), ["a", "b"])
      assert.strictEqual((yield* hosts.connections("c")).open, 0)
      assert.strictEqual((yield* hosts.connections("b")).open, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* hosts.connections("b")).open, 0)
      assert.strictEqual((yield* hosts.connections("a")).open, 1)
    }).pipe(Effect.provide(world)))
})

describe("remove", () => {
  it.effect("ends what runs on the member, leaves nothing there, and reports it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const reports = yield* Ref.make<ReadonlyArray<Cleanup.HostReport>>([])
      const fiber = yield* Effect.fork(
        Effect.scoped(
          Effect.gen(function*() {
            const group = yield* RuntimeGroup.make(["a", "b", "c"])
            for (const runtime of group.runtimes) {
              yield* runtime.start("worker", { argv: ["worker"] })
              yield* runtime.exec({ argv: ["worker"] })
            }
            assert.deepStrictEqual(yield* workers, [2, 2, 2, 0])
            const fewer = yield* RuntimeGroup.remove(group, ["a", "c"])
            assert.deepStrictEqual(aliases(fewer), ["b"])
            assert.deepStrictEqual(yield* workers, [0, 2, 0, 0])
            const told = yield* Ref.get(reports)
            assert.deepStrictEqual(told.map(({ clean, ended, host }) => [host, ended, clean]).toSorted(), [
              ["a", 2, true],
              ["c", 2, true]
            ])
            assert.deepStrictEqual((yield* hosts.leftovers).filter((left) => !left.startsWith("b")), [])
          })
        ).pipe(
          Effect.provideService(Cleanup.Cleanup, { add: (report) => Ref.update(reports, (all) => [...all, report]) })
        )
      )
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(fiber)
      // Each once: the end of the scope finds nothing more to do on what was removed.
      assert.deepStrictEqual((yield* Ref.get(reports)).map(({ host }) => host).toSorted(), ["a", "b", "c"])
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))

  it.scoped("leaves a runtime that was given to its owner", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("a")
      yield* runtime.start("worker", { argv: ["worker"] })
      const group = yield* RuntimeGroup.remove(RuntimeGroup.fromRuntimes([runtime]), "a")
      assert.deepStrictEqual(aliases(group), [])
      assert.deepStrictEqual(yield* workers, [1, 0, 0, 0])
    }).pipe(Effect.provide(world)))

  it.scoped("of a stranger is an error, and removes nobody", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a", "b"])
      const error = yield* Effect.flip(RuntimeGroup.remove(group, ["a", "d"]))
      assert.deepInclude(error, { _tag: "GroupError", reason: "UnknownHost" })
      assert.strictEqual((yield* hosts.connections("a")).open, 1)
    }).pipe(Effect.provide(world)))

  it.scoped("of a host that does not answer has a deadline, and the group can be added to again", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a", "b"])
      yield* hosts.unreachable("a")
      const removing = yield* Effect.fork(RuntimeGroup.remove(group, "a"))
      yield* TestClock.adjust("20 seconds")
      const fewer = yield* Fiber.join(removing)
      yield* hosts.restore("a")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(aliases(yield* RuntimeGroup.add(fewer, "a")), ["b", "a"])
    }).pipe(Effect.provide(world)))
})

describe("roundRobin", () => {
  it.scoped("gives each host its items, one after the other, and results in order", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a", "b", "c"])
      const begun = yield* Ref.make<ReadonlyArray<string>>([])
      const fiber = yield* Effect.fork(
        RuntimeGroup.roundRobin(group, [0, 1, 2, 3, 4, 5, 6], (runtime, item, index) =>
          Ref.update(begun, (all) => [...all, `${item}${runtime.host.alias}`]).pipe(
            Effect.zipRight(Effect.sleep(`${10 - item} seconds`)),
            Effect.as(`${index}${runtime.host.alias}`)
          ))
      )
      yield* TestClock.adjust(0)
      assert.deepStrictEqual((yield* Ref.get(begun)).toSorted(), ["0a", "1b", "2c"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["0a", "1b", "2c", "3a", "4b", "5c", "6a"])
    }).pipe(Effect.provide(world)))

  it.scoped("fails with what fails first, and needs a host", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(["a", "b"])
      const error = RuntimeGroup.roundRobin(group, [0, 1], (_, item) =>
        item === 1 ? Effect.fail("no" as const) : Effect.never)
      assert.strictEqual(yield* Effect.flip(error), "no")
      const none = RuntimeGroup.fromRuntimes([])
      assert.deepInclude(
        yield* Effect.flip(RuntimeGroup.roundRobin(none, [0], () =>
          Effect.void)),
        { _tag: "GroupError", reason: "NoHosts" }
      )
      assert.deepStrictEqual(
        yield* RuntimeGroup.roundRobin(none, [], () =>
          Effect.void),
        []
      )
    }).pipe(Effect.provide(world)))
})
