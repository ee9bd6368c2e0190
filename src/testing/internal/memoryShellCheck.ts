/**
 * Whether a line is one that a shell in memory understands: told before anything of it runs.
 *
 * @since 0.1.0
 */
import { forEachChild, parse, type ParsedScript, type SyntaxNode } from "unbash"

const understood: ReadonlySet<string> = new Set<SyntaxNode["type"]>([
  "Script",
  "Statement",
  "Pipeline",
  "Negation",
  "AndOr",
  "Command",
  "Assignment",
  "Word",
  "Literal",
  "SingleQuoted",
  "DoubleQuoted",
  "SimpleExpansion",
  "ParameterExpansion",
  "Default",
  "CommandExpansion",
  "Glob",
  "Redirect",
  "HereDoc",
  "HereDocBody",
  "HereDocDelimiter",
  "Redirected",
  "FileDescriptor",
  "Subshell",
  "BraceGroup",
  "CompoundList",
  "If",
  "Elif",
  "For",
  "While"
])

const isUnderstood = (node: SyntaxNode): boolean => {
  switch (node.type) {
    case "Redirect":
      return (node.descriptor === undefined ||
        (node.descriptor.type === "FileDescriptor" && node.descriptor.value < 3)) &&
        node.operator !== "&>" && node.operator !== "&>>" && node.operator !== "<>"
    case "HereDoc":
      return node.descriptor === undefined
    case "ParameterExpansion":
      return node.prefix !== "!" && node.index === undefined &&
        (node.operation === undefined || node.operation.type === "Default")
    case "Assignment":
      return node.value.type === "Word" && node.append !== true && node.index === undefined
    case "Pipeline":
      return node.operators.every((operator) => operator === "|")
    default:
      return understood.has(node.type)
  }
}

/**
 * The line as a tree, or what is wrong with it.
 *
 * @internal
 */
export const read = (line: string): ParsedScript | { readonly problem: string } => {
  const script = parse(line)
  let problem: string | undefined
  const visit = (node: SyntaxNode): void => {
    if (problem !== undefined) return
    if ("errors" in node && node.errors !== undefined) problem = `Syntax error: ${node.errors[0]?.message ?? ""}`
    else if (isUnderstood(node)) forEachChild(node, visit)
    else {
      const text = line.slice(node.pos, node.end).split("\n", 1)[0]?.slice(0, 60) ?? ""
      problem = `InMemorySsh: \`${text}\` is not understood here: script this line in \`commands\``
    }
  }
  visit(script)
  return problem === undefined ? script : { problem }
}
