// Below each page: the one before and the one after, in the order of docs/index.md.
import { JSX } from "typedoc"
import { contents } from "./contents.mjs"

const h = JSX.createElement

export const neighbours = (root) => {
  const order = contents(root).flatMap(({ pages }) => pages).filter((path) => path.endsWith(".md"))
  return (context) => {
    const { model, project, url } = context.page
    const at = order.indexOf(url === "index.html" ? "README.md" : model.path)
    if (at === -1) return h(JSX.Fragment, null)
    const pages = new Map(project.documents.map((page) => [page.path, page]))
    const link = (path, rel) => {
      if (path === undefined) return h("span", null)
      const page = pages.get(path)
      return page === undefined
        ? h("a", { href: context.relativeURL("index.html"), rel }, "README")
        : h("a", { href: context.urlTo(page), rel }, page.name)
    }
    return h("nav", { class: "lc-neighbours" }, link(order[at - 1], "prev"), link(order[at + 1], "next"))
  }
}
