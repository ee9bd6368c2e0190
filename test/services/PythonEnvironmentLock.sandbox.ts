/** The lock on an environment in a home that hosts share: over NFS, locks of files may hold nobody of another host. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { hostname } from "node:os"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"
import * as LocalPython from "./localPython.ts"

const empty = PythonEnvironment.make({ packages: [] })

/** Where the lock of an environment is: made once, with the environment taken away again. */
const lockOf = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const host = yield* LocalPython.make("host-1")
  const { directory } = yield* PythonEnvironment.provision(empty, host)
  yield* fs.remove(directory, { recursive: true })
  yield* fs.remove(`${directory}.json`, { force: true })
  return { host, owner: `${directory}.lock.owner`, fs }
})

const owned = (parts: { readonly host: string; readonly pid: number }) =>
  JSON.stringify({ start: "1", boot: "another", ...parts })

describe("the lock on an environment", () => {
  it.scopedLive("of a maker on another host is waited for, whatever can be seen of it here", () =>
    Effect.gen(function*() {
      const { fs, host, owner } = yield* lockOf
      yield* fs.writeFileString(owner, owned({ host: "elsewhere 0123", pid: 1 }))
      const error = yield* Effect.flip(PythonEnvironment.provision(empty, host, { lockDeadline: "300 millis" }))
      assert.deepInclude(error, { _tag: "PythonEnvironmentError", reason: "Locked" })
      assert.include(error.message, "process 1 of elsewhere held")

      const steps = yield* Ref.make<ReadonlyArray<string>>([])
      const waiting = yield* Effect.fork(PythonEnvironment.provision(empty, host, {
        onProgress: ({ detail, step }) => Ref.update(steps, (all) => [...all, `${step}: ${detail}`])
      }))
      yield* Ref.get(steps).pipe(
        Effect.repeat({
          schedule: Schedule.spaced("50 millis"),
          until: (all) => all.some((step) => step.startsWith("waiting"))
        }),
        Effect.timeout("30 seconds")
      )
      assert.include(yield* Ref.get(steps), "waiting: process 1 of elsewhere makes it")
      yield* fs.remove(owner)
      assert.isTrue((yield* Fiber.join(waiting)).made)
      assert.isFalse(yield* fs.exists(owner))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("of a maker of this host that has gone is taken over", () =>
    Effect.gen(function*() {
      const { fs, host, owner } = yield* lockOf
      const machine = (yield* fs.readFileString("/etc/machine-id").pipe(Effect.orElseSucceed(() => ""))).trim()
      const name = `${hostname()} ${machine}`.trim()
      yield* fs.writeFileString(owner, owned({ host: name, pid: 1 }))
      assert.isTrue((yield* PythonEnvironment.provision(empty, host, { lockDeadline: "5 seconds" })).made)
      assert.isFalse(yield* fs.exists(owner))
      const left = yield* fs.readDirectory(owner.slice(0, owner.lastIndexOf("/")))
      assert.deepStrictEqual(left.filter((file) => file.includes(".owner")), [])
    }).pipe(Effect.provide(NodeContext.layer)))
})
