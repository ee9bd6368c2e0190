// Every link of the built pages: does what it leads to lie there, with that anchor?
import { Parser } from "htmlparser2"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

const parse = (text) => {
  const links = []
  const anchors = new Set()
  const parser = new Parser({
    onopentag: (name, attributes) => {
      for (const key of ["href", "src"]) if (attributes[key] !== undefined) links.push(attributes[key])
      if (attributes.id !== undefined) anchors.add(attributes.id)
      if (name === "a" && attributes.name !== undefined) anchors.add(attributes.name)
    }
  })
  parser.end(text)
  return { links, anchors }
}

/** From disk there is no server that would add `index.html`, and no root but that of the disk. */
export const brokenLinks = (directory) => {
  const pages = new Map(
    readdirSync(directory, { recursive: true })
      .filter((name) => /\.(html|svg)$/.test(name))
      .sort()
      .map((name) => [join(directory, name), parse(readFileSync(join(directory, name), "utf8"))])
  )
  const faults = []
  let count = 0
  for (const [page, { links }] of pages) {
    for (const link of links) {
      if (/^(https?|mailto|data):/.test(link)) continue
      count++
      const [path, anchor] = link.split("#")
      const to = path === "" ? page : join(dirname(page), decodeURI(path.split("?")[0]))
      const there = pages.get(to)
      const ok = there === undefined
        ? anchor === undefined && existsSync(to) && !link.endsWith("/")
        : anchor === undefined || anchor === "" || there.anchors.has(decodeURIComponent(anchor))
      if (!ok) faults.push(`${relative(directory, page)}: ${link} leads nowhere`)
    }
  }
  const built = [...pages.keys()].filter((name) => name.endsWith(".html"))
  return { count, faults, pages: built.length }
}
