// Builds the docs into dist-docs: a site that opens from disk. `npm run docs`.
import { rm } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { Application, Converter, PageEvent } from "typedoc"
import { contents } from "./contents.mjs"
import { brokenLinks } from "./links.mjs"
import { noteOptional, prepare, sourceScheme } from "./model.mjs"
import { neighbours } from "./neighbours.mjs"
import { ModuleRouter } from "./router.mjs"
import { removeCopies, writeSources } from "./sources.mjs"
import { LazyclusterTheme } from "./theme.mjs"

/** Of a heading's code, typedoc would leave nothing in its anchor. */
const anchorsOfCode = (parser) => {
  parser.core.ruler.push("anchors_of_code", ({ tokens, Token }) => {
    tokens.forEach((token, index) => {
      if (tokens[index - 1]?.type !== "heading_open") return
      for (const child of token.children.filter(({ type }) => type === "code_inline")) {
        child.children = [Object.assign(new Token("text", "", 0), { content: child.content })]
      }
    })
  })
}

const root = join(dirname(fileURLToPath(import.meta.url)), "../..")
const out = join(root, "dist-docs")

const app = await Application.bootstrap({
  name: "lazycluster",
  // It empties what lies at its output of its own accord, and that is docs by default.
  cleanOutputDir: false,
  entryPoints: [join(root, "src/index.ts"), join(root, "src/testing/index.ts")],
  tsconfig: join(root, "tsconfig.build.json"),
  // `npm run check` has done that, with the compiler of the project.
  skipErrorChecking: true,
  readme: join(root, "README.md"),
  projectDocuments: contents(root).flatMap(({ pages }) => pages)
    .filter((path) => path.endsWith(".md") && path !== "README.md")
    .map((path) => join(root, path)),
  excludeInternal: true,
  excludeExternals: true,
  excludeReferences: true,
  categorizeByGroup: false,
  categoryOrder: [
    "constructors",
    "layers",
    "execution",
    "combinators",
    "*",
    "models",
    "tags",
    "schemas",
    "guards",
    "errors",
    "Other"
  ],
  useFirstParagraphOfCommentAsSummary: true,
  sortEntryPoints: false,
  disableGit: true,
  sourceLinkTemplate: `${sourceScheme}{path}#L{line}`,
  gitRevision: "main",
  hideGenerator: true,
  cacheBust: false,
  searchInDocuments: true,
  searchInComments: true,
  includeHierarchySummary: false,
  headings: { readme: false, document: false },
  validation: { notExported: false, invalidLink: true, invalidPath: false },
  visibilityFilters: {},
  customCss: join(root, "scripts/site/style.css"),
  highlightLanguages: ["ts", "js", "json", "bash", "sh", "python", "text", "yaml", "diff", "toml"],
  markdownItLoader: anchorsOfCode,
  router: "module",
  theme: "lazycluster",
  logLevel: "Warn"
})
app.renderer.hooks.on("content.end", neighbours(root))
app.renderer.defineRouter("module", ModuleRouter)
app.renderer.defineTheme("lazycluster", LazyclusterTheme)
app.converter.on(Converter.EVENT_CREATE_SIGNATURE, noteOptional)
app.converter.on(Converter.EVENT_RESOLVE_END, (context) => prepare(context.project, root), -1000)

const sources = new Set()
app.renderer.on(PageEvent.END, (page) => {
  const base = "../".repeat(page.url.split("/").length - 1)
  page.contents = page.contents
    .replaceAll(new RegExp(`href="${sourceScheme}([^"#]*)(#[^"]*)?"`, "g"), (_, path, anchor = "") => {
      const clean = path.replace(/\/$/, "")
      sources.add(clean)
      return `href="${base}sources/${clean}.html${anchor}"`
    })
    // A folder has no page where no server picks one.
    .replaceAll(/href="(\.\/|(?:\.\.\/)+)(#[^"]*)?"/g, "href=\"$1index.html$2\"")
})

const project = await app.convert()
if (project === undefined) throw new Error("typedoc could not read the sources")
await rm(out, { recursive: true, force: true })
await app.generateDocs(project, out)
if (app.logger.hasErrors()) throw new Error("typedoc could not write the pages")
removeCopies(out)
writeSources(root, out, sources)
const { count, faults, pages } = brokenLinks(out)
for (const fault of faults) console.error(fault)
console.log(`${relative(root, out)}/index.html: ${pages} pages, ${count} links, ${faults.length} of them broken`)
process.exitCode = faults.length === 0 && app.logger.warningCount === 0 ? 0 : 1
