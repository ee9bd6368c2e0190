/** The environment of what a runtime starts: set, added, kept. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { layer } from "../../src/testing/InMemorySsh.ts"
import { text } from "../testing/memoryClient.ts"

const world = layer(["host-1", "host-2"], {
  commands: {
    env: ({ env, stdout }) =>
      Effect.as(stdout(Object.entries(env).map(([name, value]) => `${name}=${value}\n`).join("")), 0)
  }
})

const printed = (runtime: Runtime.Runtime, env?: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.flatMap(runtime.exec({ argv: ["env"], env }), (process) => text(process.stdout)),
    (all) => Object.fromEntries(all.trimEnd().split("\n").map((line) => [line.split("=")[0], line.split("=")[1]]))
  )

describe("the environment of a runtime", () => {
  it.scoped("is added to by a view, and stays as it was", () =>
    Effect.gen(function*() {
      const base = yield* Runtime.make("host-1", { environment: { A: "1", B: "1" } })
      const more = Runtime.withEnvironment(base, { B: "2", C: "2", WORKING_DIR: "/elsewhere" })
      const most = Runtime.withEnvironment({ C: "3" })(more)
      assert.deepInclude(yield* printed(base), { A: "1", B: "1", WORKING_DIR: base.workingDirectory })
      assert.notProperty(yield* printed(base), "C")
      assert.deepInclude(yield* printed(more), { A: "1", B: "2", C: "2", WORKING_DIR: base.workingDirectory })
      assert.deepInclude(yield* printed(most), { A: "1", B: "2", C: "3" })
      assert.deepInclude(more.environment, { A: "1", B: "2", C: "2", WORKING_DIR: base.workingDirectory })
      assert.notProperty(base.environment, "C")
    }).pipe(Effect.provide(world)))

  it.scoped("loses to that of a command", () =>
    Effect.gen(function*() {
      const base = yield* Runtime.make("host-1", { environment: { A: "runtime" } })
      const view = Runtime.withEnvironment(base, { A: "view" })
      assert.deepInclude(yield* printed(view, { A: "command" }), { A: "command" })
      assert.deepInclude(yield* printed(view), { A: "view" })
    }).pipe(Effect.provide(world)))

  it.scoped("is replaced, but for the working directory and the lease", () =>
    Effect.gen(function*() {
      const base = yield* Runtime.make("host-1", { environment: { A: "1" } })
      const other = Runtime.replaceEnvironment(base, { B: "2" })
      const env = yield* printed(other)
      assert.notProperty(env, "A")
      assert.deepInclude(env, { B: "2", WORKING_DIR: base.workingDirectory, LAZYCLUSTER_LEASE: base.id })
    }).pipe(Effect.provide(world)))

  it.scoped("is shared by no two runtimes, whatever becomes of what they were given", () =>
    Effect.gen(function*() {
      const given: Record<string, string> = { A: "1" }
      const one = yield* Runtime.make("host-1", { environment: given })
      const two = yield* Runtime.make("host-2", { environment: given })
      const view = Runtime.withEnvironment(one, given)
      given["A"] = "changed"
      assert.deepInclude(yield* printed(one), { A: "1", WORKING_DIR: one.workingDirectory })
      assert.deepInclude(yield* printed(view), { A: "1", WORKING_DIR: one.workingDirectory })
      assert.deepInclude(yield* printed(two), { A: "1", WORKING_DIR: two.workingDirectory })
    }).pipe(Effect.provide(world)))
})
