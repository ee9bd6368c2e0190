import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RemoteFileSystem from "../../src/services/RemoteFileSystem.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { register } from "./fileCase.ts"
import { cases } from "./fileConformance.ts"

const onHost = Layer.unwrapScoped(Effect.map(Runtime.make("host-1"), (runtime) =>
  Layer.merge(
    RemoteFileSystem.layer({
      files: runtime.files,
      workingDirectory: runtime.workingDirectory,
      temporary: runtime.passing
    }),
    Path.layer
  ))).pipe(Layer.provide(InMemorySsh.layer(["host-1"])))

register("memory", cases, onHost)

const rows = cases.flatMap(({ differs, name }) => {
  const { node, ...others } = differs ?? {}
  const where = Object.keys(others).sort().join(", ")
  const why = Object.values(differs ?? {})[0]
  return why === undefined ? [] : [`| ${name} | ${node === undefined ? where : "Node itself"} | ${why} |`]
})

describe("the page on files", () => {
  it.effect("lists every difference, and no other", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const page = yield* fs.readFileString("docs/guide/remote-files.md")
      const table = page.slice(page.indexOf("## Differences")).split("\n").filter((line) => line.startsWith("|")).slice(
        2
      )
      assert.deepStrictEqual(table.map((line) => line.replaceAll(/ +/g, " ")), rows)
    }).pipe(Effect.provide(NodeContext.layer)))
})
