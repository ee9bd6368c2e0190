/** A runtime with a line of setup. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { text } from "../testing/memoryClient.ts"

const world = layer(["host-1"], {
  commands: {
    "module load cuda": (self) => Effect.as(self.export({ CUDA: "12", LEVEL: "setup" }), 0),
    "module load none": ({ stderr, stdout }) =>
      Effect.zipRight(Effect.zipRight(stdout("first\n"), stderr("no such module\n")), Effect.succeed(1)),
    "show": ({ env, stdout }) => Effect.as(stdout(`${env["CUDA"]} ${env["LEVEL"]}\n`), 0)
  }
})

const show = (runtime: Runtime.Runtime, env?: Readonly<Record<string, string>>) =>
  Effect.flatMap(runtime.exec({ argv: ["show"], env }), (process) => text(process.stdout))

describe("setup", () => {
  it.scoped("is inherited by commands and services; environments win over it", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { setup: "module load cuda" })
      assert.strictEqual(yield* show(runtime), "12 setup\n")
      assert.strictEqual(yield* show(Runtime.withEnvironment(runtime, { LEVEL: "view" })), "12 view\n")
      assert.strictEqual(yield* show(runtime, { LEVEL: "command" }), "12 command\n")
      const service = yield* runtime.start("show", { argv: ["show"] })
      assert.strictEqual(yield* text(service.output("out")), "12 setup\n")
      const plain = yield* Runtime.make("host-1")
      assert.strictEqual(yield* show(plain), "undefined undefined\n")
    }).pipe(Effect.provide(world)))

  it.effect("that fails is a typed error with what it printed, and nothing stays", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const error = yield* Effect.flip(Effect.scoped(Runtime.make("host-1", { setup: "module load none" })))
      assert.strictEqual(error._tag, "RuntimeError")
      assert.deepInclude(error, { reason: "Setup", host: "host-1", step: "setup", detail: "it exited with 1" })
      assert.deepInclude(error, { log: ["first", "no such module"] })
      assert.include(error.message, "no such module")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(world)))

  it.effect("with a NUL is refused before anything is started", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Runtime.make("host-1", { setup: "a\0b" })))
      assert.deepInclude(error, { _tag: "RuntimeError", reason: "Setup", detail: "it holds a NUL" })
    }).pipe(Effect.provide(world)))
})
