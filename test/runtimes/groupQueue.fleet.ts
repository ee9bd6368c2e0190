/** The work queue on real sshd hosts: power off, and on again, in the middle. */
import { assert, describe, layer } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as Fleet from "../fleet/Fleet.ts"

const three = ["host1", "host2", "host3"]

const items = Array.from({ length: 100 }, (_, n) => n)

const slow = (n: number) => RuntimeTask.make("slow").pipe(RuntimeTask.runCommand(`sleep 0.3; echo ${n}`))

/** From this item on, a queue waits for its third host, if that is away. */
const late = 60

/** Runs a queue, and does something to a host once so many items are done. */
const disturbed = (
  fleet: Fleet.FleetService,
  disturb: Readonly<Record<number, Effect.Effect<unknown, Fleet.FleetError>>>,
  { lease = "4 seconds", waits = false }: { readonly lease?: Duration.DurationInput; readonly waits?: boolean } = {}
) =>
  Effect.gen(function*() {
    const group = yield* RuntimeGroup.make(three, { lease })
    const third = group.runtimes[2]
    const source = Stream.tap(Stream.fromIterable(items), (n) =>
      n === late && waits && third !== undefined
        ? third.linkState.until((link) => link !== "away")
        : Effect.void)
    const done = yield* Ref.make(0)
    return yield* RuntimeGroup.forEach(group, source, slow, { perHost: 2 }).pipe(
      Stream.tap(() => Effect.flatMap(Ref.updateAndGet(done, (n) => n + 1), (n) => disturb[n] ?? Effect.void)),
      Stream.runCollect,
      Effect.map((all) => [...all])
    )
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Lazycluster.layerOf({
        sshConfig: { file: fleet.configFile },
        ssh: { keepalive: "500 millis" },
        executionLog: { directory: `${fleet.home}/lazycluster` }
      }).pipe(Layer.orDie)
    )
  )

describe.skipIf(!Fleet.available)("forEach on real hosts", () => {
  layer(Fleet.layer(), { excludeTestServices: true })((it) => {
    it.scoped("loses no item when a host is powered off", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const all = yield* disturbed(fleet, { 4: fleet.kill(2) })
        assert.deepStrictEqual(all.map(({ index }) => index), items)
        assert.deepStrictEqual(all.map(({ result }) => result.executionLog[0]?.stdout), items.map((n) => `${n}\n`))
        assert.isAbove(all.filter(({ attempt }) => attempt > 1).length, 0)
        assert.isAbove(all.filter(({ host }) => host === "host2").length, 0)
        assert.deepStrictEqual(all.slice(-10).filter(({ host }) => host === "host2"), [])
        yield* fleet.boot(2)
      }))

    it.scoped("uses a host again whose cable is plugged in again", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const all = yield* disturbed(
          fleet,
          { 4: fleet.cut(3), 16: fleet.join(3) },
          { lease: "1 minute", waits: true }
        )
        assert.deepStrictEqual(all.map(({ index }) => index), items)
        assert.isAbove(all.filter(({ attempt }) => attempt > 1).length, 0)
        assert.isAbove(all.slice(late).filter(({ host }) => host === "host3").length, 0)
      }))

    it.scoped("gives up when every host is off, and names each", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const off = Effect.forEach([1, 2, 3], fleet.kill, { discard: true })
        const error = yield* Effect.flip(disturbed(fleet, { 4: off }))
        assert.deepInclude(error, { _tag: "GroupError", reason: "HostsLost" })
        for (const host of three) assert.include(error.message, `${host}: `)
        yield* Effect.forEach([1, 2, 3], fleet.boot, { discard: true })
      }))
  })
})
