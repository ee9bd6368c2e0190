/**
 * Arguments with futures among them, as the driver takes them: `{"values": {...}, "inputs": {...}}`, where an input is
 * `{"value"}`, `{"future"}` or `{"list"}`.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { FunctionError } from "../tasks/FunctionError.ts"
import { encodeValue, type RemoteFunction } from "../tasks/RemoteFunction.ts"
import { isDaskFuture } from "./DaskFuture.ts"

type Callee = Pick<RemoteFunction<never, unknown>, "name" | "args" | "code">

const holdsFuture = (value: unknown): boolean =>
  isDaskFuture(value) || (Array.isArray(value) && value.some(holdsFuture))

const refused = (callee: Callee, path: string): Either.Either<never, FunctionError> =>
  Either.left(
    new FunctionError({
      reason: "Arguments",
      language: callee.code._tag,
      step: "submit",
      function: callee.name,
      detail: `${path} cannot hold a future: its schema is no plain list of values`,
      hint: "pass the future itself as an argument, or in a list whose schema is a Schema.Array"
    })
  )

/** The schema of an item of a list, also behind a filter or beside `undefined`. */
const itemOf = (ast: SchemaAST.AST, index: number): SchemaAST.AST | undefined => {
  switch (ast._tag) {
    case "TupleType":
      return ast.elements[index]?.type ?? ast.rest[0]?.type
    case "Refinement":
      return itemOf(ast.from, index)
    case "Suspend":
      return itemOf(ast.f(), index)
    case "Union":
      return ast.types.map((type) => itemOf(type, index)).find((type) => type !== undefined)
    default:
      return undefined
  }
}

const input = (
  callee: Callee,
  ast: SchemaAST.AST,
  value: unknown,
  path: string
): Either.Either<string, FunctionError> => {
  if (isDaskFuture(value)) return Either.right(`{"future":${JSON.stringify(value.key)}}`)
  if (!holdsFuture(value) || !Array.isArray(value)) {
    return Either.map(encodeValue(callee, Schema.make(ast), value, path), (text) => `{"value":${text}}`)
  }
  const items = value.map((item: unknown, index) => {
    const itemAst = itemOf(ast, index)
    return itemAst === undefined ? refused(callee, path) : input(callee, itemAst, item, `${path}[${index}]`)
  })
  return Either.map(Either.all(items), (texts) => `{"list":[${texts.join(",")}]}`)
}

/**
 * JSON text of one call's arguments. What holds no future is checked as a whole, the rest by the schema of its own field.
 *
 * @internal
 */
export const encode = (callee: Callee, inputs: object): Either.Either<string, FunctionError> =>
  Either.gen(function*() {
    const held = new Map(Object.entries(inputs).filter(([, value]) => holdsFuture(value)))
    const ast = callee.args.ast
    if (held.size === 0) return `{"values":${yield* encodeValue(callee, callee.args, inputs, "args")},"inputs":{}}`
    if (!SchemaAST.isTypeLiteral(ast)) return yield* refused(callee, "args")
    const fields = new Map(ast.propertySignatures.map((field) => [field.name, field]))
    const texts: Array<string> = []
    for (const [name, value] of held) {
      const field = fields.get(name)
      if (field === undefined) return yield* refused(callee, `args.${name}`)
      texts.push(`${JSON.stringify(name)}:${yield* input(callee, field.type, value, `args.${name}`)}`)
    }
    const others = ast.propertySignatures.filter(({ name }) => !held.has(String(name)))
    // The empty struct is `{}`, which lets everything through.
    const values = others.length === 0
      ? "{}"
      : yield* encodeValue(callee, Schema.make(new SchemaAST.TypeLiteral(others, [])), inputs, "args")
    return `{"values":${values},"inputs":{${texts.join(",")}}}`
  })
