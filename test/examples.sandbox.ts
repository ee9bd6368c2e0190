import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sandbox from "../src/testing/Sandbox.ts"
import { examples, printedBy, prints, root } from "./examples.ts"

describe("the examples print what they say", () => {
  for (const [name, { hosts }] of Object.entries(examples)) {
    it.scopedLive(name, () =>
      Sandbox.make({ hosts }).pipe(
        Effect.flatMap(({ home }) => prints(name, home)),
        Effect.provide(NodeContext.layer)
      ))
  }

  it.scopedLive("deploy", () =>
    Effect.gen(function*() {
      const { home, hosts } = yield* Sandbox.make({ hosts: 2 })
      const args = ["--app", "site", "--release", "1", `${root}examples/deploy/site`, "host-1", "host-2"]
      assert.deepStrictEqual(yield* printedBy("deploy/src/main", home, args), ["site 1 is in use on host-1, host-2"])
      const fs = yield* FileSystem.FileSystem
      for (const host of hosts) {
        assert.include(yield* fs.readFileString(`${host.home}/apps/site/current/index.html`), "It works")
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("fasttext", () =>
    Effect.gen(function*() {
      const { home, hosts } = yield* Sandbox.make({ hosts: 2 })
      const fs = yield* FileSystem.FileSystem
      const lines = Array.from({ length: 300 }, (_, index) =>
        index % 2 === 0
          ? `__label__sport the match was won in round ${index % 7} by the team`
          : `__label__food the soup was cooked with ${index % 7} onions and salt`)
      yield* fs.writeFileString(`${home}/train.csv`, lines.slice(60).join("\n"))
      yield* fs.writeFileString(`${home}/test.csv`, lines.slice(0, 60).join("\n"))
      const args = [`${home}/train.csv`, `${home}/test.csv`, "4"]
      const [models, parameters] = yield* printedBy("fasttext", home, args)
      assert.strictEqual(models, "4 models, the best with F1 1.00")
      assert.match(parameters ?? "", /^its parameters: epochs=.*, vector_dim=\d+, window_size=\d+$/)
      for (const host of hosts) assert.isTrue(yield* fs.exists(`${host.home}/hyperopt/train.csv`))
    }).pipe(Effect.provide(NodeContext.layer)))
})
