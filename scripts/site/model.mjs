// What typedoc has read, put right before it is rendered: names of pages and modules, order, links to sources.
import { relative } from "node:path"
import { DocumentReflection, ParameterReflection, ReflectionCategory, ReflectionFlag, ReflectionKind } from "typedoc"
import ts from "typescript"
import { contents, titleOf } from "./contents.mjs"
import { images } from "./sources.mjs"

/** Stands for a source in addresses until the page is known from which it is linked. */
export const sourceScheme = "lazycluster-source:"

const folders = ["clusters", "runtimes", "tasks", "services"]

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1)

/** Comments, and pages: everything that has parts. */
const partsOf = (reflection) => [
  ...(reflection instanceof DocumentReflection ? [reflection.content] : []),
  ...(reflection.readme === undefined ? [] : [reflection.readme]),
  ...(reflection.comment === undefined
    ? []
    : [reflection.comment.summary, ...reflection.comment.blockTags.map((tag) => tag.content)])
]

/** Links to files that are no page and no module lead to their source. */
const linkSources = (project, root, path, parts) => {
  for (const part of parts) {
    if (part.kind !== "relative-link" || images.test(part.text)) continue
    const to = typeof part.target === "number"
      ? project.files.resolve(part.target, project)
      : path === undefined
      ? undefined
      : new URL(part.text, `file://${path}`).pathname
    if (typeof to !== "string") continue
    part.kind = "text"
    part.text = `${sourceScheme}${relative(root, to)}`
    delete part.target
  }
}

/** A constant that is nothing but callable, `{ (a): (self) => B; (self, a): B }`, reads as the function that it is. */
const asFunction = (reflection) => {
  const declaration = reflection.type?.type === "reflection" ? reflection.type.declaration : undefined
  if (
    !reflection.kindOf(ReflectionKind.Variable) || declaration?.signatures === undefined ||
    declaration.children !== undefined
  ) return
  reflection.kind = ReflectionKind.Function
  reflection.signatures = declaration.signatures
  for (const signature of reflection.signatures) {
    signature.parent = reflection
    signature.name = reflection.name
    signature.sources ??= reflection.sources
    // What is said of all stands once: typedoc had copied it to a single one.
    if (signature.comment === undefined && reflection.signatures.length === 1) signature.comment = reflection.comment
  }
  if (reflection.signatures.length === 1) reflection.comment = undefined
  reflection.flags.setFlag(ReflectionFlag.Const, false)
  reflection.defaultValue = undefined
  reflection.type = undefined
}

/** Of a tuple of parameters, typedoc forgets which have a default: the compiler knows. */
const optionalOf = new WeakMap()
export const noteOptional = ({ checker }, reflection, _, signature) => {
  const [rest, ...others] = signature?.parameters ?? []
  if (rest === undefined || others.length > 0) return
  const flags = checker.getTypeOfSymbol(rest).target?.elementFlags
  if (flags !== undefined) optionalOf.set(reflection, flags.map((flag) => (flag & ts.ElementFlags.Optional) !== 0))
}

/** `Effect.fn` gives functions whose parameters are one tuple. */
const asParameters = (signature) => {
  const [rest] = signature.parameters ?? []
  if (rest?.flags.isRest !== true || rest.type?.type !== "tuple") return
  if (!rest.type.elements.every(({ type }) => type === "namedTupleMember")) return
  const optional = optionalOf.get(signature) ?? []
  signature.parameters = rest.type.elements.map((element, index) => {
    const parameter = new ParameterReflection(element.name, ReflectionKind.Parameter, signature)
    parameter.type = element.element
    parameter.flags.setFlag(ReflectionFlag.Optional, element.isOptional || optional[index] === true)
    return parameter
  })
}

const byFolder = (module) => {
  const folderOf = (child) => /^src\/(\w+)\//.exec(child.source)?.[1] ?? "lazycluster"
  const named = [["lazycluster", "All of it"], ...folders.map((folder) => [folder, capital(folder)])]
  module.categories = named
    .map(([folder, title]) => {
      const category = new ReflectionCategory(title)
      category.children = module.children.filter((child) => folderOf(child) === folder)
      return category
    })
    .filter(({ children }) => children.length > 0)
}

export const prepare = (project, root) => {
  project.packageRoot = root
  const all = Object.values(project.reflections)
  for (const reflection of all) {
    asFunction(reflection)
    if (reflection.defaultValue === "...") reflection.defaultValue = undefined
    if (reflection.isSignature()) asParameters(reflection)
    const path = project.files.getReflectionPath(reflection)
    for (const parts of partsOf(reflection)) {
      linkSources(
        project,
        root,
        reflection.isProject() ? `${root}/README.md` : path ?? reflection.sources?.[0]?.fullFileName,
        parts
      )
    }
    reflection.sources = reflection.sources?.filter(({ fullFileName }) => fullFileName.startsWith(`${root}/src/`))
    for (const source of reflection.sources ?? []) {
      source.fileName = relative(root, source.fullFileName)
      source.url = `${sourceScheme}${source.fileName}#L${source.line}`
    }
    for (const category of reflection.categories ?? []) category.title = capital(category.title)
    if (reflection.kindOf(ReflectionKind.Namespace)) reflection.source = relative(root, path)
    if (reflection instanceof DocumentReflection) {
      reflection.path = relative(root, path)
      reflection.name = titleOf(reflection.content.map(({ text }) => text).join("")) ?? reflection.name
    }
  }
  const order = contents(root).flatMap(({ pages }) => pages)
  project.documents?.sort((one, other) => order.indexOf(one.path) - order.indexOf(other.path))
  for (const module of project.children) {
    module.name = module.name.startsWith("testing") ? "lazycluster/testing" : "lazycluster"
    if (module.name === "lazycluster") byFolder(module)
    else module.categories = undefined
  }
}
