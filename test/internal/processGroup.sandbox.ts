import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { kill } from "node:process"
import * as ProcessGroup from "../../src/internal/processGroup.ts"
import { eventually } from "../patience.ts"

const start = (source: string) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn("/bin/sh", ["-c", source], { stdio: ["ignore", "pipe", "ignore"], detached: true })),
    (child) =>
      Effect.sync(() => {
        if (ProcessGroup.runs(child)) ProcessGroup.killAll(child)
      })
  )

/** What a process says first. */
const said = (child: ChildProcess & { readonly stdout: NonNullable<ChildProcess["stdout"]> }) =>
  Effect.map(Effect.promise(() => once(child.stdout, "data")), ([chunk]) => String(chunk).trim())

const lives = (pid: number) => Effect.isSuccess(Effect.try(() => kill(pid, 0)))

describe("a group of processes", () => {
  it.scopedLive("ends with all that is in it, also what does not hear TERM", () =>
    Effect.gen(function*() {
      const child = yield* start(`sh -c 'trap "" TERM; echo $$; sleep 60 & wait; sleep 60' & wait`)
      const deaf = Number(yield* said(child))
      yield* ProcessGroup.end(child, "leader")
      assert.strictEqual(child.signalCode, "SIGTERM")
      yield* eventually(Effect.gen(function*() {
        assert.isFalse(yield* lives(deaf))
      }))
    }), 20_000)

  it.scopedLive("that has ended is not signalled: its number may be another's", () =>
    Effect.gen(function*() {
      const bystander = yield* start("echo up; exec sleep 60")
      yield* said(bystander)
      const ended = Object.assign(Object.create(bystander) as typeof bystander, { exitCode: 255 })
      yield* ProcessGroup.end(ended, "all")
      yield* ProcessGroup.end(ended, "leader")
      assert.isTrue(ProcessGroup.runs(bystander))
      yield* ProcessGroup.end(bystander, "all")
      assert.strictEqual(bystander.signalCode, "SIGTERM")
    }), 20_000)
})
