// One page for each module and each page of docs; all that a module exports stands on its page.
import { BaseRouter, PageKind, ReflectionKind } from "typedoc"

const api = (name) => name === "lazycluster" ? "api/index" : `api/${name.replace("lazycluster/", "")}/index`

export class ModuleRouter extends BaseRouter {
  getPageKind(target) {
    if (target.kindOf?.(ReflectionKind.Document)) return PageKind.Document
    if (target.kindOf?.(ReflectionKind.Module | ReflectionKind.Namespace)) return PageKind.Reflection
  }

  /** A type parameter stands beside where it is used: nothing to go to. */
  buildAnchors(target, page) {
    if (!target.kindOf?.(ReflectionKind.TypeParameter)) super.buildAnchors(target, page)
  }

  getIdealBaseName(reflection) {
    if (reflection.isDocument()) {
      return reflection.path.replace(/^docs\//, "").replace(/\.md$/, "").replace(/^index$/, "contents")
    }
    if (reflection.kindOf(ReflectionKind.Module)) return api(reflection.name)
    return api(reflection.parent.name).replace(/index$/, reflection.name)
  }
}
