/** Every internal link and anchor of the pages leads somewhere, and every page is reached from docs/index.md. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import GithubSlugger from "github-slugger"
import { marked, type Token, type Tokens } from "marked"

/** Links, and the anchors that a forge gives to the headings. */
interface Page {
  readonly links: ReadonlyArray<string>
  readonly anchors: ReadonlySet<string>
}

/** A heading as read: no marks, no addresses. */
const wordsOf = (tokens: ReadonlyArray<Token>): string =>
  tokens.map((token) =>
    "tokens" in token && token.tokens !== undefined ? wordsOf(token.tokens) : "text" in token ? token.text : ""
  )
    .join("")

const parse = (text: string): Page => {
  const slugger = new GithubSlugger()
  const links: Array<string> = []
  const anchors = new Set<string>()
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === "heading") anchors.add(slugger.slug(wordsOf((token as Tokens.Heading).tokens)))
    if (token.type === "link" || token.type === "image") links.push((token as Tokens.Link | Tokens.Image).href)
  })
  return { links, anchors }
}

const readPages = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const below = yield* fs.readDirectory("docs", { recursive: true })
  const examples = yield* fs.readDirectory("examples", { recursive: true })
  const paths = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    ...below.map((path) => `docs/${path}`),
    ...examples.filter((path) => !path.includes("node_modules")).map((path) => `examples/${path}`)
  ].filter((path) => path.endsWith(".md"))
  return new Map(
    yield* Effect.forEach(paths, (path) => Effect.map(fs.readFileString(path), (text) => [path, parse(text)] as const))
  )
})

const external = /^[a-z][a-z+.-]*:/i

/** Where a link leads, from the root of the repository. */
const target = (path: Path.Path, from: string, link: string) => {
  const [file = "", anchor] = link.split("#")
  return { file: file === "" ? from : path.join(path.dirname(from), decodeURIComponent(file)), anchor }
}

/** What is wrong with a link; nothing where it leads somewhere. */
const faultOf = Effect.fn(function*(pages: ReadonlyMap<string, Page>, from: string, link: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { anchor, file } = target(path, from, link)
  const page = pages.get(file)
  if (page === undefined && !(yield* fs.exists(file))) return [`${from}: ${link} is not there`]
  if (anchor === undefined) return []
  return page?.anchors.has(anchor) === true ? [] : [`${from}: ${link} has no such heading`]
})

describe("the pages", () => {
  it.effect("lead nowhere but to what is there", () =>
    Effect.gen(function*() {
      const pages = yield* readPages
      const links = [...pages].flatMap(([from, page]) =>
        page.links.filter((link) => !external.test(link)).map((link) => [from, link] as const)
      )
      const faults = yield* Effect.forEach(links, ([from, link]) => faultOf(pages, from, link), { concurrency: 16 })
      assert.deepStrictEqual(faults.flat(), [])
      assert.isAbove(links.length, 400)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("are all reached from the list of pages", () =>
    Effect.gen(function*() {
      const pages = yield* readPages
      const path = yield* Path.Path
      const listed = new Set(pages.get("docs/index.md")?.links.map((link) => target(path, "docs/index.md", link).file))
      const ours = [...pages.keys()].filter((file) => !file.startsWith("examples/") && file !== "docs/index.md")
      assert.deepStrictEqual(ours.filter((file) => !listed.has(file)), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("that do lead nowhere are told", () =>
    Effect.gen(function*() {
      const pages = new Map([[
        "docs/a.md",
        parse("# One `two`\n\n[x](#one-two) [y](#three) [z](b.md)\n\n```md\n[no](no.md)\n```")
      ]])
      const faults = yield* Effect.forEach(["#one-two", "#three", "b.md"], (link) => faultOf(pages, "docs/a.md", link))
      assert.deepStrictEqual(pages.get("docs/a.md")?.links, ["#one-two", "#three", "b.md"])
      assert.deepStrictEqual(faults.flat(), ["docs/a.md: #three has no such heading", "docs/a.md: b.md is not there"])
    }).pipe(Effect.provide(NodeContext.layer)))
})
