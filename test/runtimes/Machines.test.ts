import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import * as TestClock from "effect/TestClock"
import * as Machine from "../../src/runtimes/Machine.ts"
import * as Machines from "../../src/runtimes/Machines.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const hosts = layer(["host-1", "host-2"], {
  commands: { hostname: ({ host, stdout }) => Effect.as(stdout(`${host}\n`), 0) }
})

const world = Machines.layer({ idleTimeToLive: "1 minute" }).pipe(Layer.provideMerge(hosts))

const at = Machines.Machines.get

const hostname = Effect.map(Command.string(Command.make("hostname")), (text) => text.trim())

const id = Effect.map(Machine.Machine, (runtime) => runtime.id)

/** Begins something, and lets so much time pass. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.fork(effect).pipe(Effect.tap(() => TestClock.adjust(time)), Effect.flatMap(Fiber.join))

describe("machines", () => {
  it.scoped("run a program where its context is from", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* hostname.pipe(Effect.provide(at("host-1"))), "host-1")
      assert.strictEqual(yield* hostname.pipe(Effect.provide(at("host-2"))), "host-2")
      const panel = yield* InMemorySsh
      const path = yield* Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString("note", "there")
        return `${(yield* Machine.Machine).workingDirectory}/note`
      }).pipe(Effect.provide(at("host-1")))
      const found = yield* Effect.flatMap(panel.files("host-1"), (files) => files.stat(path))
      assert.strictEqual(found._tag, "Some")
    }).pipe(Effect.provide(world)))

  it.scoped("are one runtime a host, shared, and closed when nobody has used it for a while", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const ids = yield* Effect.all([1, 2, 3].map(() => id.pipe(Effect.provide(at("host-1")))), { concurrency: 3 })
      yield* TestClock.adjust("50 seconds")
      const again = yield* id.pipe(Effect.provide(at("host-1")))
      assert.deepStrictEqual(new Set([...ids, again]).size, 1)
      assert.strictEqual((yield* panel.connections("host-1")).accepted, 1)
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual(yield* panel.leftovers, [])
      assert.notStrictEqual(yield* id.pipe(Effect.provide(at("host-1"))), again)
    }).pipe(Effect.provide(world)))

  it.scoped("that failed are tried again by the next", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      yield* panel.refuse("host-1")
      const error = yield* Effect.flip(hostname.pipe(Effect.provide(at("host-1"))))
      assert.deepInclude(error, { _tag: "SshError", reason: "Refused" })
      yield* panel.restore("host-1")
      assert.strictEqual(yield* hostname.pipe(Effect.provide(at("host-1"))), "host-1")
    }).pipe(Effect.provide(world)))

  it.scoped("that are given up are made anew", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const first = yield* id.pipe(Effect.provide(at("host-1")))
      yield* panel.powerCut("host-1")
      yield* TestClock.adjust("40 seconds")
      yield* panel.boot("host-1")
      const second = yield* during(id.pipe(Effect.provide(at("host-1"))), "1 second")
      assert.notStrictEqual(second, first)
    }).pipe(Effect.provide(world)))

  it.scoped("have a LayerMap of your own", () => {
    class Pool extends LayerMap.Service<Pool>()("test/Pool", {
      lookup: (number: 1 | 2) => Machine.layer(`host-${number}`)
    }) {}
    return Effect.gen(function*() {
      assert.strictEqual(yield* hostname.pipe(Effect.provide(Pool.get(2))), "host-2")
    }).pipe(Effect.provide(Pool.Default.pipe(Layer.provide(hosts))))
  })
})
