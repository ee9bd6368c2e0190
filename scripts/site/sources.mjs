// The sources that pages link to, as pages: a browser would save a `.ts` file instead of showing it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** What browsers show. */
export const images = /\.(svg|png)$/

const escape = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const page = (path, body) => {
  const base = "../".repeat(path.split("/").length)
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(path)} | lazycluster</title><link rel="stylesheet" href="${base}assets/style.css">
<link rel="stylesheet" href="${base}assets/custom.css"></head>
<body class="lc-source"><p><a href="${base}index.html">lazycluster</a> / ${escape(path)}</p>
${body}
</body></html>
`
}

const shown = (text) =>
  `<pre>${
    text.replace(/\n$/, "").split("\n").map((line, index) =>
      `<a id="L${index + 1}" href="#L${index + 1}">${index + 1}</a>${escape(line)}`
    ).join("\n")
  }</pre>`

/** typedoc copies whatever a page links to; what has a page of its own is not needed. */
export const removeCopies = (out) => {
  const media = join(out, "media")
  if (!existsSync(media)) return
  for (const name of readdirSync(media)) if (!images.test(name)) rmSync(join(media, name))
}

/** Of a folder, its files, which then are pages, too. */
export const writeSources = (root, out, sources) => {
  const queue = [...sources]
  const written = new Set()
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (written.has(path)) continue
    written.add(path)
    const from = join(root, path)
    // Whoever follows the links will tell.
    if (!existsSync(from)) continue
    const to = join(out, "sources", `${path}.html`)
    mkdirSync(dirname(to), { recursive: true })
    if (statSync(from).isDirectory()) {
      const names = readdirSync(from).filter((name) => !/^(node_modules|dist|__pycache__|\..*)$/.test(name)).sort()
      queue.push(...names.map((name) => join(path, name)))
      const last = path.split("/").at(-1)
      writeFileSync(
        to,
        page(
          path,
          `<ul>${names.map((name) => `<li><a href="${last}/${name}.html">${escape(name)}</a></li>`).join("")}</ul>`
        )
      )
    } else {
      writeFileSync(to, page(path, shown(readFileSync(from, "utf8"))))
    }
  }
}
