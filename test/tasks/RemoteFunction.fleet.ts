/** Functions of both languages on real sshd. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { execFileSync } from "node:child_process"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import * as JsFunction from "../../src/tasks/JsFunction.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import type { RemoteFunction } from "../../src/tasks/RemoteFunction.ts"
import * as Fleet from "../fleet/Fleet.ts"
import type * as functions from "./functions/work.ts"

const work = JsFunction.fromModule<typeof functions>(new URL("./functions/work.ts", import.meta.url))
const text = { args: { x: Schema.String }, returns: Schema.String }
const endless = { args: {}, progress: Schema.Number }

interface Pair {
  readonly same: RemoteFunction<{ readonly x: string }, string>
  readonly forever: RemoteFunction<object, unknown, unknown, unknown, number>
  /** Hosts may have Node elsewhere than where sshd looks. */
  readonly interpreter: string | undefined
}

const pairs: ReadonlyArray<Pair> = [
  {
    same: PythonFunction.make({ source: "def same(x): return x", ...text }),
    forever: PythonFunction.make({
      source: "import os, time\ndef forever():\n  lazycluster.report(os.getpid())\n  time.sleep(1000)",
      returns: Schema.Void,
      ...endless
    }),
    interpreter: undefined
  },
  {
    same: work("same", text),
    forever: work("forever", { returns: Schema.Never, ...endless }),
    interpreter: execFileSync("sh", ["-c", "command -v node"], { encoding: "utf8" }).trim()
  }
]

const host1 = Effect.gen(function*() {
  const fleet = yield* Fleet.Fleet
  return yield* Effect.map(
    Layer.build(Lazycluster.layerOf({
      sshConfig: { file: fleet.configFile },
      executionLog: { directory: `${fleet.home}/lazycluster` }
    })),
    (context) => Effect.provide(Runtime.make("host1"), context)
  )
}).pipe(Effect.flatten)

describe.skipIf(!Fleet.available)("functions on the fleet", () => {
  layer(Fleet.layer({ hosts: 1 }).pipe(Layer.provideMerge(NodeContext.layer)), {
    excludeTestServices: true,
    timeout: "1 minute"
  })("one host", (it) => {
    for (const { forever, interpreter, same } of pairs) {
      it.scoped(`${same.code._tag}: megabytes both ways`, () =>
        Effect.gen(function*() {
          const runtime = yield* host1
          const x = "0123456789\n\"ä".repeat(1_000_000)
          assert.isTrue((yield* FunctionCall.call(runtime, same, { x }, { interpreter })) === x)
        }))

      it.scoped(`${same.code._tag}: interruption ends it on the host`, () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const runtime = yield* host1
          const running = Effect.map(fleet.processes(1), (all) =>
            all.filter(({ command }) => command.includes("lazycluster-function")).length)
          const started = yield* Deferred.make<number>()
          const fiber = yield* Effect.fork(
            Stream.runForEach(FunctionCall.progress(runtime, forever, {}, { interpreter }), (pid) =>
              Deferred.succeed(started, pid))
          )
          yield* Effect.raceFirst(Deferred.await(started), Effect.zipRight(Fiber.join(fiber), Effect.never))
          assert.isAbove(yield* running, 0)
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(yield* running, 0)
        }))
    }
  })
})
