import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import type * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { collect, dies, ended, line, printed, three, work, working, world } from "./groupQueueWorld.ts"

describe("forEach", () => {
  it.scoped("keeps every host busy with as many as it may, and gives results in order", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const most = yield* Ref.make<Record<string, number>>({})
      const stream = RuntimeGroup.forEach(
        group,
        Array.from({ length: 12 }, (_, n) => n),
        // The later, the sooner done: order is kept all the same.
        work((n) => 13 - n),
        { perHost: ({ host }) => host.alias === "b" ? 2 : 1 }
      )
      const fiber = yield* Effect.fork(Stream.runCollect(stream))
      for (let tick = 0; tick < 40; tick++) {
        for (const alias of three) {
          const now = yield* working(alias)
          yield* Ref.update(most, (all) => ({ ...all, [alias]: Math.max(all[alias] ?? 0, now) }))
        }
        yield* TestClock.adjust("1 second")
      }
      const all = Chunk.toReadonlyArray(yield* Fiber.join(fiber))
      assert.deepStrictEqual(yield* Ref.get(most), { a: 1, b: 2, c: 1 })
      assert.deepStrictEqual(all.map(({ index }) => index), Array.from({ length: 12 }, (_, n) => n))
      assert.deepStrictEqual(printed(all), all.map(({ host, item }) => `${item}@${host}`))
      assert.deepStrictEqual(new Set(all.map(({ attempt }) => attempt)), new Set([1]))
    }).pipe(Effect.provide(world())))

  it.scoped("gives them as they arrive, if so asked", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const all = yield* collect(RuntimeGroup.forEach(group, [9, 5, 1], work((n) => n), { ordered: false }))
      assert.deepStrictEqual([...all].map(({ index, item }) => [index, item]), [[2, 1], [1, 5], [0, 9]])
    }).pipe(Effect.provide(world())))

  it.scoped("takes no more items than it can start, nor starts more than results may wait", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const state = { taken: 0, closed: false }
      const endless = {
        *[Symbol.iterator]() {
          try {
            while (true) yield state.taken++
          } finally {
            state.closed = true
          }
        }
      }
      const read = yield* Queue.bounded<number>(1)
      const stream = RuntimeGroup.forEach(group, endless, work(() => 1), { buffer: 4 })
      // The reader takes one, and then nothing for a long time.
      const reader = yield* Effect.fork(
        Stream.runForEach(Stream.take(stream, 20), ({ index }) => Queue.offer(read, index))
      )
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(state.taken, 3)
      for (let second = 0; second < 60; second++) yield* TestClock.adjust("1 second")
      // Two are in the reader's hands, three more may run, and four results may wait.
      assert.strictEqual(state.taken, 2 + 3 + 4)
      const rest = yield* Effect.fork(Effect.replicateEffect(Queue.take(read), 20))
      assert.deepStrictEqual(yield* ended(rest), Array.from({ length: 20 }, (_, n) => n))
      yield* ended(reader)
      assert.isTrue(state.closed)
    }).pipe(Effect.provide(world())))

  it.scoped("tries a task that fails again, on another host, as often as it may", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const flaky = (item: string) => line(`flaky ${item} c`)
      const all = yield* collect(RuntimeGroup.forEach(group, ["x"], flaky, { retry: { times: 2 } }))
      assert.deepStrictEqual([...all].map(({ attempt, host }) => [attempt, host]), [[3, "c"]])
      const error = yield* Effect.flip(collect(RuntimeGroup.forEach(group, ["x"], flaky, { retry: { times: 1 } })))
      assert.deepInclude(error, { _tag: "TaskError", reason: "CommandFailed", exitCode: 3, host: "b" })
    }).pipe(Effect.provide(world())))

  it.scoped("tries again only what it is told to", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const hosts = yield* InMemorySsh
      const retry = { times: 5, while: ({ exitCode }: { readonly exitCode?: number | undefined }) => exitCode !== 3 }
      yield* Effect.flip(collect(RuntimeGroup.forEach(group, ["x"], () => line("flaky x z"), { retry })))
      const runs = yield* Effect.forEach(three, hosts.commandsOn)
      assert.lengthOf(runs.flat().filter((argv) => argv.includes("flaky x z")), 1)
      const invalid = collect(RuntimeGroup.forEach(group, ["x"], () => line(""), { retry: { times: 5 } }))
      assert.deepInclude(yield* Effect.flip(invalid), { reason: "Invalid" })
    }).pipe(Effect.provide(world())))

  it.scoped("ends what runs when an item has failed for good; `forEachEither` goes on", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const toTask = (n: number) => line(n === 1 ? "false" : `work 5 ${n}`)
      const error = yield* Effect.flip(collect(RuntimeGroup.forEach(group, [0, 1, 2, 3, 4], toTask)))
      assert.deepInclude(error, { _tag: "TaskError", reason: "CommandFailed" })
      for (const alias of three) assert.strictEqual(yield* working(alias), 0)
      const all = yield* collect(RuntimeGroup.forEachEither(group, [0, 1, 2, 3, 4], toTask))
      assert.deepStrictEqual(
        [...all].map(({ item, result }) => [item, Either.isRight(result)]),
        [[0, true], [1, false], [2, true], [3, true], [4, true]]
      )
    }).pipe(Effect.provide(world())))

  it.scoped("ends what runs when its reader leaves", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const first = yield* collect(
        Stream.take(RuntimeGroup.forEach(group, [1, 2, 3, 4], work((n) => n === 1 ? 1 : 1000), { perHost: 2 }), 1)
      )
      assert.deepStrictEqual(printed(first), ["1@a"])
      for (const alias of three) assert.strictEqual(yield* working(alias), 0)
    }).pipe(Effect.provide(world())))

  it.scoped("runs what was on a host that dies on another one, and gives the dead one nothing more", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three, { lease: "5 seconds" })
      const fiber = yield* Effect.fork(
        Stream.runCollect(RuntimeGroup.forEach(group, [0, 1, 2, 3, 4, 5, 6, 7], work(() => 10)))
      )
      yield* TestClock.adjust("2 seconds")
      yield* dies("b")
      const all = [...(yield* ended(fiber))]
      assert.deepStrictEqual(all.map(({ item }) => item), [0, 1, 2, 3, 4, 5, 6, 7])
      assert.deepStrictEqual(all.filter(({ host }) => host === "b"), [])
      assert.deepStrictEqual(all.filter(({ attempt }) => attempt > 1).map(({ attempt, item }) => [item, attempt]), [[
        1,
        2
      ]])
    }).pipe(Effect.provide(world())))

  it.scoped("uses a host again once it is back", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a", "b"], { lease: "60 seconds" })
      const fiber = yield* Effect.fork(
        Stream.runCollect(RuntimeGroup.forEach(group, [0, 1, 2, 3, 4, 5], work(() => 10)))
      )
      yield* TestClock.adjust("2 seconds")
      yield* dies("b")
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(yield* working("a"), 1)
      yield* hosts.restore("b")
      const all = [...(yield* ended(fiber))]
      // `b` is back after 17 seconds; `a` has the item that it lost since the tenth.
      assert.deepStrictEqual(all.map(({ attempt, host }) => `${host}${attempt}`), ["a1", "a2", "b1", "a1", "b1", "a1"])
    }).pipe(Effect.provide(world())))

  it.scoped("waits while all hosts are away", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const group = yield* RuntimeGroup.make(["a"], { lease: "60 seconds" })
      const fiber = yield* Effect.fork(Stream.runCollect(RuntimeGroup.forEach(group, [0, 1], work(() => 3))))
      yield* TestClock.adjust("1 second")
      yield* dies("a")
      yield* TestClock.adjust("20 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* hosts.restore("a")
      assert.deepStrictEqual(printed(yield* ended(fiber)), ["0@a", "1@a"])
    }).pipe(Effect.provide(world())))

  it.scoped("gives up when no host is left, and names each and why", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three, { lease: "5 seconds" })
      const fiber = yield* Effect.fork(
        Effect.flip(Stream.runCollect(RuntimeGroup.forEach(group, [0, 1, 2, 3, 4], work(() => 10))))
      )
      yield* TestClock.adjust("2 seconds")
      for (const alias of three) yield* dies(alias)
      const error = yield* ended(fiber)
      assert.deepInclude(error, { _tag: "GroupError", reason: "HostsLost" })
      for (const alias of three) assert.match(error.message, new RegExp(`${alias}: .*longer than the lease`))
    }).pipe(Effect.provide(world())))

  it.scoped("gives an item up that loses one host after the other", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three, { lease: "5 seconds" })
      const fiber = yield* Effect.fork(
        Effect.flip(
          Stream.runCollect(RuntimeGroup.forEach(group, [0], work(() => 10), { retry: { lostHosts: 1 } }))
        )
      )
      for (const alias of ["a", "b"]) {
        yield* TestClock.adjust("2 seconds")
        yield* dies(alias)
      }
      assert.deepInclude(yield* ended(fiber), { _tag: "TaskError", reason: "Link", host: "b" })
      // The leases run out: nobody waits for these hosts at the end.
      yield* TestClock.adjust("20 seconds")
    }).pipe(Effect.provide(world())))

  it.scoped("goes on without a host that is removed meanwhile", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const fiber = yield* Effect.fork(
        Stream.runCollect(RuntimeGroup.forEach(group, [0, 1, 2, 3, 4, 5], work(() => 10)))
      )
      yield* TestClock.adjust("2 seconds")
      const removing = yield* Effect.fork(RuntimeGroup.remove(group, "a"))
      const all = [...(yield* ended(fiber))]
      yield* ended(removing)
      assert.deepStrictEqual(all.map(({ item }) => item), [0, 1, 2, 3, 4, 5])
      assert.deepStrictEqual(all.filter(({ host }) => host === "a"), [])
    }).pipe(Effect.provide(world())))

  it.scoped("fails with what its source fails with, after what came before", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const source = Stream.concat(Stream.make(0, 1), Stream.fail("no more" as const))
      for (const ordered of [true, false]) {
        const seen: Array<number> = []
        const error = yield* Effect.flip(collect(
          Stream.tap(RuntimeGroup.forEach(group, source, work(() => 2), { ordered }), ({ item }) =>
            Effect.sync(() => void seen.push(item)))
        ))
        assert.strictEqual(error, "no more")
        assert.deepStrictEqual(ordered ? seen : seen.toSorted(), [0, 1])
      }
    }).pipe(Effect.provide(world())))

  it.scoped("does not work without hosts", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make([])
      const error = yield* Effect.flip(Stream.runCollect(RuntimeGroup.forEach(group, [1], work(() => 1))))
      assert.deepInclude(error, { _tag: "GroupError", reason: "NoHosts" })
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(
          yield* collect(RuntimeGroup.forEach(
            yield* RuntimeGroup.make(three),
            [],
            work(() => 1)
          ))
        ),
        []
      )
    }).pipe(Effect.provide(world())))

  it.scoped("hides no mistake of the program", () =>
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(three)
      const mistake = collect(RuntimeGroup.forEach(group, [1], (): RuntimeTask.RuntimeTask<[]> => {
        throw new Error("a bug")
      }))
      assert.include(String(yield* Effect.flip(Effect.sandbox(mistake))), "a bug")
    }).pipe(Effect.provide(world())))
})
