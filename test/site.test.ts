/** What `npm run docs` follows the links of the built pages with finds what a browser would not, from disk. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Found = Schema.parseJson(
  Schema.Struct({ count: Schema.Number, pages: Schema.Number, faults: Schema.Array(Schema.String) })
)

const script = `
import { brokenLinks } from "./scripts/site/links.mjs"
console.log(JSON.stringify(brokenLinks(process.argv[1])))
`

const follow = (pages: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    yield* fs.makeDirectory(`${directory}/guide`)
    yield* Effect.forEach(Object.entries(pages), ([name, text]) => fs.writeFileString(`${directory}/${name}`, text))
    const said = yield* Command.string(Command.make("node", "--input-type=module", "-e", script, directory))
    return yield* Schema.decode(Found)(said)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("the links of the built pages", () => {
  it.live("lead to files and anchors, not to folders, and not beyond them", () =>
    Effect.gen(function*() {
      const found = yield* follow({
        "index.html": `<a href="guide/a.html#there">1</a><a href="https://example.org/#x">2</a><img src="gone.svg">`,
        "guide/a.html": `<h2 id="there"></h2><a href="../index.html">1</a><a href="../">2</a><a href="#gone">3</a>
          <a href="b.html">4</a><a href="#there">5</a><!-- <a href="c.html"></a> -->`
      })
      assert.deepStrictEqual(found, {
        count: 7,
        pages: 2,
        faults: [
          "guide/a.html: ../ leads nowhere",
          "guide/a.html: #gone leads nowhere",
          "guide/a.html: b.html leads nowhere",
          "index.html: gone.svg leads nowhere"
        ]
      })
    }))
})
