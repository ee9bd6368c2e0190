// docs/index.md is the list of pages, in order, for people and for the built docs.
import { marked } from "marked"
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** The links of a token, wherever in it they stand. */
const linksOf = (token) => {
  const found = []
  marked.walkTokens([token], (each) => {
    if (each.type === "link") found.push(each)
  })
  return found
}

/** `[{ title, pages }]`: the headings of docs/index.md, with the paths of the pages below each, from the root. */
export const contents = (root) => {
  const sections = [{ title: "", pages: ["docs/index.md", "README.md"] }]
  for (const token of marked.lexer(readFileSync(join(root, "docs/index.md"), "utf8"))) {
    if (token.type === "heading" && token.depth === 2) sections.push({ title: token.text, pages: [] })
    if (token.type === "list") {
      sections.at(-1).pages.push(...linksOf(token).map(({ href }) => join("docs", href.split("#")[0])))
    }
  }
  return sections
}

/** The title of a page: its first heading, without marks. */
export const titleOf = (text) => /^# (.*)$/m.exec(text)?.[1].replaceAll("`", "")
