/**
 * Memory and everything that is held stay flat. A sample here; `npm run soak` (`LAZYCLUSTER_SOAK=1`) runs the whole: 10,000 tasks
 * on one runtime, 1,000 runtimes with tunnels and a process made and closed.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { controlMaster, gains, type Soak, soak, tell } from "./soakRun.ts"

const whole = process.env["LAZYCLUSTER_SOAK"] === "1"

/** A fiber or a Deferred that is left behind is more than this. The sample is interpreted: what V8 adds by compiling is more, too. */
const bytesEach = { tasks: whole ? 200 : 2000, cycles: whole ? 1500 : 100_000 }

const onSandbox = (options: Pick<Soak, "mode" | "warm" | "total" | "leak" | "compiled">) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const directory = sandbox.home.slice(0, sandbox.home.lastIndexOf("/"))
    const { configFile, home } = sandbox
    return yield* soak({ configFile, home, directory, host: "host-1", ...options })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const minutes = 60_000

const beside = Effect.gen(function*() {
  const { configFile, home } = yield* Sandbox.make({ hosts: 1 })
  const perSecond = yield* controlMaster({ configFile, directory: home, host: "host-1", rounds: 500 })
  console.log(`tasks by ssh over a ControlMaster: ${perSecond.toFixed(0)}/s`)
}).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("flat", () => {
  it.scopedLive("over tasks on one runtime", () =>
    Effect.gen(function*() {
      const size = whole ? { warm: 2000, total: 10_000 } : { warm: 200, total: 500 }
      const moments = yield* onSandbox({ mode: "tasks", compiled: whole, ...size })
      tell("tasks", moments)
      if (whole) yield* beside
      assert.deepStrictEqual(gains(moments, bytesEach.tasks), [])
      // Sessions that were not given back would have filled the first connection.
      assert.strictEqual(moments.after.transports, 1)
    }), 60 * minutes)

  it.scopedLive("over runtimes, tunnels and processes, made and closed", () =>
    Effect.gen(function*() {
      const size = whole ? { warm: 200, total: 1000 } : { warm: 16, total: 40 }
      const moments = yield* onSandbox({ mode: "cycles", compiled: false, ...size })
      tell("cycles", moments)
      assert.deepStrictEqual(gains(moments, bytesEach.cycles), [])
      assert.strictEqual(moments.after.snapshot.processes, 0)
    }), 60 * minutes)
})

describe("the meter finds what is forgotten:", () => {
  for (
    const [leak, found] of [["descriptor", /descriptor file/], ["listener", /descriptor socket/], [
      "heap",
      /heap/
    ]] as const
  ) {
    it.scopedLive(`a ${leak}`, () =>
      Effect.gen(function*() {
        const moments = yield* onSandbox({ mode: "tasks", warm: 100, total: 200, leak })
        assert.match(gains(moments, bytesEach.tasks).join("\n"), found)
      }))
  }
})
