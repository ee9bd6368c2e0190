// typedoc's theme, with the members of a module on its page, what an Effect fails with and needs, and our own navigation.
import { DefaultTheme, DefaultThemeRenderContext, JSX, ReflectionKind } from "typedoc"
import { contents } from "./contents.mjs"

const h = JSX.createElement

/** The Effect or Stream that a signature comes to in the end: `(self) => Effect` as well as `Effect`. */
const effectOf = (type) => {
  if (type?.type === "reflection") return effectOf(type.declaration.signatures?.[0]?.type)
  if (type?.type !== "reference" || type.typeArguments === undefined) return undefined
  return ["Effect", "Stream", "Effect.fn.Return", "Return"].includes(type.name) ? type.typeArguments : undefined
}

const isNever = (type) => type === undefined || (type.type === "intrinsic" && type.name === "never")

const row = (context, title, type) =>
  isNever(type) ? undefined : h(
    "p",
    { class: "lc-channel" },
    h("span", null, title),
    (type.type === "union" ? type.types : [type]).map((each) => h("code", null, context.type(each)))
  )

class Context extends DefaultThemeRenderContext {
  constructor(...args) {
    super(...args)
    const { header, member, reflectionTemplate } = this

    this.header = (props) =>
      props.model.kindOf(ReflectionKind.Namespace | ReflectionKind.Module)
        ? h("div", { class: "tsd-page-title" }, this.breadcrumbs(props.model), h("h1", null, props.model.name))
        : header(props)

    this.memberSignatureBody = (signature, { hideSources = false } = {}) => this.signatureBody(signature, hideSources)

    this.member = (reflection) =>
      reflection.kindOf(ReflectionKind.ClassOrInterface)
        ? this.shape(reflection)
        : member(reflection)

    this.reflectionTemplate = (props) => {
      const { model } = props
      return model.kindOf(ReflectionKind.Namespace)
        ? h(
          JSX.Fragment,
          null,
          h("section", { class: "tsd-panel tsd-comment" }, this.commentSummary(model), this.commentTags(model)),
          h("div", { class: "tsd-signature lc-import" }, importOf(model)),
          this.index(model),
          this.members(model)
        )
        : reflectionTemplate(props)
    }
  }

  /** What is returned stands in the signature already; what its Effect fails with and needs is told in its place. */
  signatureBody(signature, hideSources) {
    const [, errors, needs] = effectOf(signature.type) ?? []
    const parameters = (signature.parameters ?? [])
      .map((parameter) => ({
        parameter,
        said: [this.commentSummary(parameter), this.typeDetailsIfUseful(parameter, parameter.type)]
      }))
      .filter(({ said }) => said.some((each) => each !== undefined && each !== null))
    return h(
      JSX.Fragment,
      null,
      this.commentSummary(signature),
      row(this, "Fails with", errors),
      row(this, "Needs", needs),
      parameters.length > 0 && h(
        "ul",
        { class: "lc-fields" },
        parameters.map(({ parameter, said }) =>
          h("li", null, h("code", null, h("b", null, parameter.name), ": ", this.type(parameter.type)), said)
        )
      ),
      this.commentTags(signature),
      !hideSources && this.memberSources(signature)
    )
  }

  heading(reflection) {
    const anchor = this.getAnchor(reflection)
    this.page.pageHeadings.push({
      link: `#${anchor}`,
      text: reflection.name,
      kind: reflection.kind,
      classes: this.getReflectionClasses(reflection),
      icon: this.theme.getReflectionIcon(reflection)
    })
    const permalink = h(
      "a",
      { href: `#${anchor}`, "aria-label": "Permalink", class: "tsd-anchor-icon" },
      this.icons.anchor()
    )
    return h("h3", { class: "tsd-anchor-link", id: anchor }, reflection.name, permalink)
  }

  /** The members of an interface or a class are a list below it, not members of the module. */
  shape(reflection) {
    const own = (reflection.children ?? []).filter((child) =>
      !child.kindOf(ReflectionKind.Constructor) && !child.flags.isStatic
    )
    const others = (reflection.children ?? []).filter((child) => !own.includes(child))
    return h(
      "section",
      { class: "tsd-panel tsd-member" },
      this.heading(reflection),
      reflection.kindOf(ReflectionKind.Interface) && reflection.children !== undefined
        ? this.reflectionPreview(reflection)
        : this.memberDeclarationLine(reflection),
      this.commentSummary(reflection),
      reflection.kindOf(ReflectionKind.Class) && reflection.name.endsWith("Error") && h(
        "p",
        null,
        h(
          "a",
          { href: this.relativeURL(`guide/troubleshooting.html#${reflection.name.toLowerCase()}`) },
          "Reasons, and what to do"
        )
      ),
      reflection.typeParameters !== undefined && this.typeParameters(reflection.typeParameters),
      // What is hidden here is linked to nevertheless.
      others.flatMap((child) => [child, ...(child.signatures ?? [])]).map((child) =>
        h("a", { id: this.getAnchor(child) })
      ),
      h("ul", { class: "lc-fields" }, own.map((child) => this.field(child))),
      this.commentTags(reflection),
      this.memberSources(reflection)
    )
  }

  memberDeclarationLine(reflection) {
    return h(
      "div",
      { class: "tsd-signature" },
      h("span", { class: "tsd-signature-keyword" }, reflection.kindOf(ReflectionKind.Class) ? "class" : "interface"),
      " ",
      h("span", { class: "tsd-kind-class" }, reflection.name)
    )
  }

  field(child) {
    const signatures = child.signatures ?? (child.getSignature === undefined ? [] : [child.getSignature])
    const type = child.type ?? child.getSignature?.type
    return h(
      "li",
      { id: this.getAnchor(child) },
      signatures.map((signature) => h("a", { id: this.getAnchor(signature) })),
      child.signatures === undefined
        ? h(
          "code",
          null,
          h("b", null, child.name, child.flags.isOptional ? "?" : ""),
          ": ",
          type === undefined ? "" : this.type(type)
        )
        : child.signatures.map((signature) => h("code", null, this.memberSignatureTitle(signature))),
      this.commentSummary(child),
      signatures.map((signature) => [this.commentSummary(signature), this.commentTags(signature)]),
      this.commentTags(child)
    )
  }
}

const importOf = (model) => `import { ${model.name} } from "${model.parent.name}"`

export class LazyclusterTheme extends DefaultTheme {
  ContextClass = Context

  /** Pages in the order of docs/index.md, then the modules by folder. */
  buildNavigation(project) {
    const pages = new Map((project.documents ?? []).map((page) => [page.path, page]))
    const page = (path) => {
      if (path === "README.md") return { text: "README", path: "index.html" }
      const found = pages.get(path)
      return found && { text: found.name, path: this.router.getFullUrl(found), kind: ReflectionKind.Document }
    }
    const module = (found) => ({ text: found.name, path: this.router.getFullUrl(found), kind: found.kind })
    const sections = contents(project.packageRoot).map(({ pages: paths, title }) => ({
      text: title,
      children: paths.map(page).filter((each) => each !== undefined)
    }))
    const [first, ...others] = sections
    return [
      ...first.children,
      ...others,
      {
        text: "Reference",
        children: project.children.map((entry) => ({
          ...module(entry),
          children: (entry.categories ?? [{ children: entry.children }]).flatMap(({ children, title }) =>
            title === undefined || entry.categories.length === 1
              ? children.map(module)
              : [{ text: title, children: children.map(module) }]
          )
        }))
      }
    ]
  }
}
