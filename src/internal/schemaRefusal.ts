/**
 * Why a schema refuses a value, in words that an error may hold: short, and without secrets.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as SchemaAST from "effect/SchemaAST"

const longest = 4096

/** Where a schema asks for a `Redacted`, its encoded form is a secret in plain sight. */
const holdsSecret = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST>): boolean => {
  seen.add(ast)
  const holds = (part: SchemaAST.AST): boolean => !seen.has(part) && holdsSecret(part, seen)
  switch (ast._tag) {
    case "Declaration":
      return Option.exists(SchemaAST.getTypeConstructorAnnotation(ast), ({ _tag }) => _tag === "effect/Redacted") ||
        ast.typeParameters.some(holds)
    case "Refinement":
      return holds(ast.from)
    case "Transformation":
      return holds(ast.from) || holds(ast.to)
    case "Suspend":
      return holds(ast.f())
    case "Union":
      return ast.types.some(holds)
    case "TupleType":
      return [...ast.elements, ...ast.rest].some(({ type }) => holds(type))
    case "TypeLiteral":
      return [...ast.propertySignatures, ...ast.indexSignatures].some(({ type }) => holds(type))
    default:
      return false
  }
}

/**
 * Whether values of a schema hold a `Redacted`.
 *
 * @internal
 */
export const isSecret = (ast: SchemaAST.AST): boolean => holdsSecret(ast, new Set())

const places = (issue: ParseResult.ParseIssue): string => {
  const paths = ParseResult.ArrayFormatter.formatIssueSync(issue).map(({ path }) => path.map(String).join("."))
  return `the schema refuses ${paths.filter((path) => path !== "").join(", ") || "it"}`
}

/**
 * What a schema says of a value that it refuses; only the places where it holds secrets.
 *
 * @internal
 */
export const explain = (ast: SchemaAST.AST, issue: ParseResult.ParseIssue): string => {
  if (isSecret(ast)) return places(issue)
  const text = ParseResult.TreeFormatter.formatIssueSync(issue)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
