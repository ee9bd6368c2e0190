import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sandbox from "../src/testing/Sandbox.ts"
import { examples, printedBy, prints, root } from "./examples.ts"
import * as fasttext from "./fasttextExample.ts"

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
      yield* fasttext.finds(home)
      const fs = yield* FileSystem.FileSystem
      for (const host of hosts) assert.isTrue(yield* fs.exists(`${host.home}/hyperopt/train.csv`))
    }).pipe(Effect.provide(NodeContext.layer)))
})
