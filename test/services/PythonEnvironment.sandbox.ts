import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"
import * as LocalPython from "./localPython.ts"

const small = PythonEnvironment.make({ packages: ["six==1.16.0", "toolz==1.2.0"] })

/** Steps as they come, and a way to wait for one. */
const watch = Effect.gen(function*() {
  const seen = yield* Ref.make<ReadonlyArray<PythonEnvironment.Progress>>([])
  const installing = yield* Deferred.make<void>()
  const waiting = yield* Deferred.make<void>()
  return {
    seen: Ref.get(seen),
    steps: Effect.map(Ref.get(seen), (all) => [...new Set(all.map((progress) => progress.step))]),
    installing: Deferred.await(installing),
    waiting: Deferred.await(waiting),
    onProgress: (progress: PythonEnvironment.Progress) =>
      Ref.update(seen, (all) => [...all, progress]).pipe(
        Effect.zipRight(
          progress.step === "installing"
            ? Deferred.succeed(installing, undefined)
            : progress.step === "waiting"
            ? Deferred.succeed(waiting, undefined)
            : Effect.void
        )
      )
  }
})

describe("PythonEnvironment on a host", () => {
  it.scopedLive("is made once, found again, and made anew when something in it has changed", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const host = yield* LocalPython.make("host-1")
      const progress = yield* watch
      const first = yield* PythonEnvironment.provision(small, host, { onProgress: progress.onProgress })
      assert.isTrue(first.made)
      assert.strictEqual(first.versions["six"], "1.16.0")
      assert.strictEqual(first.python, `${first.directory}/bin/python`)
      assert.isAbove(first.size, 100_000)
      assert.deepStrictEqual(yield* progress.steps, ["making", "installing", "checking", "done"])
      const second = yield* PythonEnvironment.provision(small, host)
      assert.deepStrictEqual(second, { ...first, made: false })

      const six = (yield* fs.readDirectory(first.directory, { recursive: true })).find((name) =>
        name.endsWith("six-1.16.0.dist-info")
      )
      yield* fs.remove(`${first.directory}/${six}`, { recursive: true })
      const third = yield* PythonEnvironment.provision(small, host)
      assert.isTrue(third.made)
      assert.strictEqual(third.versions["six"], "1.16.0")
    }).pipe(Effect.provide(NodeContext.layer)))
})
