/** What a host must have: by its facts, and by what it answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as HostFilter from "../../src/runtimes/HostFilter.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const world = layer([{
  alias: "host-1",
  facts: { cpus: 4, memory: 8 * 1024 ** 3 },
  commands: {
    "test -d /data": () => Effect.succeed(0),
    "mount | grep /scratch": ({ stderr, stdout }) =>
      Effect.zipRight(Effect.zipRight(stdout("first\n"), stderr("no scratch here\n")), Effect.succeed(2)),
    "read forever": () => Effect.never,
    "command -v -- \"$0\"": ({ argv }) => Effect.succeed(argv.at(-1) === "ffmpeg" ? 0 : 127)
  }
}])

const none: HostFilter.HostRequirement = {}

describe("a filter", () => {
  it("is data, and comes back from JSON as it was", () => {
    const filter: HostFilter.HostFilter = { gpuRequired: true, minMemory: 1024, filterCommands: ["true"] }
    const json = Schema.parseJson(HostFilter.HostFilter)
    assert.deepStrictEqual(Schema.decodeSync(json)(Schema.encodeSync(json)(filter)), filter)
    assert.throws(() => Schema.decodeUnknownSync(HostFilter.HostFilter)({ minMemory: -1 }))
  })

  it.scoped("passes a host by its facts, or says all that it lacks", () =>
    Effect.gen(function*() {
      const { facts } = yield* Runtime.make("host-1")
      assert.deepStrictEqual(HostFilter.lacks(facts, none), [])
      assert.deepStrictEqual(HostFilter.lacks(facts, { minCpuCores: 4, minMemory: 8 * 1024 ** 3 }), [])
      assert.deepStrictEqual(
        HostFilter.lacks(facts, {
          gpuRequired: true,
          minCpuCores: 8,
          minMemory: 16 * 1024 ** 3,
          installedExecutables: ["ffmpeg"],
          where: () => "it is blue"
        }),
        [
          "it has no GPU",
          "it has 8.0 GiB of memory, 16.0 GiB wanted",
          "it has 4 CPU cores, 8 wanted",
          "it is blue",
          "ffmpeg is not in its PATH"
        ]
      )
      assert.deepStrictEqual(HostFilter.lacks(facts, { where: ({ cpus }) => cpus > 4 }), ["it does not pass `where`"])
      assert.deepStrictEqual(HostFilter.lacks(facts, { where: ({ cpus }) => cpus === 4 }), [])
    }).pipe(Effect.provide(world)))

  it.scoped("asks the host for what its facts do not tell", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      assert.deepStrictEqual(
        yield* HostFilter.check(runtime, {
          minCpuCores: 4,
          installedExecutables: ["ffmpeg", "latex"],
          filterCommands: ["test -d /data", "mount | grep /scratch"]
        }),
        ["latex is not in its PATH", "`mount | grep /scratch` exited with 2: no scratch here"]
      )
    }).pipe(Effect.provide(world)))

  it.scoped("asks nothing of a host that lacks something anyway", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      assert.deepStrictEqual(
        yield* HostFilter.check(runtime, { minCpuCores: 5, filterCommands: ["read forever"] }),
        ["it has 4 CPU cores, 5 wanted"]
      )
    }).pipe(Effect.provide(world)))

  it.scoped("gives a command so long, and leaves nothing of it", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const before = (yield* hosts.processes("host-1")).length
      const checking = yield* Effect.fork(
        HostFilter.check(runtime, { filterCommands: ["read forever"] }, { deadline: "5 seconds" })
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(checking), ["`read forever` did not end within 5s"])
      assert.lengthOf(yield* hosts.processes("host-1"), before)
    }).pipe(Effect.provide(world)))
})
