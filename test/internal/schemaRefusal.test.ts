import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { explain, isSecret } from "../../src/internal/schemaRefusal.ts"

const Password = Schema.Redacted(Schema.String.pipe(Schema.minLength(8)))

interface Tree {
  readonly value: number
  readonly left: Tree | null
  readonly right: Tree | null
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  value: Schema.Number,
  left: Schema.NullOr(Schema.suspend((): Schema.Schema<Tree> => Tree)),
  right: Schema.NullOr(Schema.suspend((): Schema.Schema<Tree> => Tree))
})

const refusal = (schema: Schema.Schema.AnyNoContext, value: unknown) =>
  Either.match(ParseResult.decodeUnknownEither(schema)(value), {
    onLeft: (issue) => explain(schema.ast, issue),
    onRight: () => ""
  })

describe("schemaRefusal", () => {
  it("finds secrets wherever they are", () => {
    class Login extends Schema.Class<Login>("Login")({ password: Password }) {}
    const secret: ReadonlyArray<Schema.Schema.AnyNoContext> = [
      Password,
      Schema.RedactedFromSelf(Schema.String),
      Schema.Struct({ login: Schema.optionalWith(Login, { nullable: true }) }),
      Schema.Array(Schema.NullOr(Password)),
      Schema.Tuple(Schema.Number, Password),
      Schema.Record({ key: Schema.String, value: Password }),
      Schema.Option(Password),
      Schema.Struct({ tree: Tree, password: Password }).pipe(Schema.filter(() => true))
    ]
    for (const schema of secret) assert.isTrue(isSecret(schema.ast), String(schema))
    for (const schema of [Tree, Schema.Date, Schema.Array(Schema.String)]) assert.isFalse(isSecret(schema.ast))
  })

  it("names places only where there are secrets", () => {
    const schema = Schema.Struct({ password: Password, n: Schema.Number })
    assert.strictEqual(refusal(schema, { password: "s3cret", n: 1 }), "the schema refuses password")
    assert.strictEqual(refusal(schema, { password: "s3cret-long", n: "x" }), "the schema refuses n")
    assert.strictEqual(refusal(Password, "s3cret"), "the schema refuses it")
    const issue = Either.flip(ParseResult.encodeUnknownEither(schema)({ password: Redacted.make("s3cret"), n: 1 }))
    assert.notInclude(Either.match(issue, { onLeft: () => "", onRight: (it) => explain(schema.ast, it) }), "s3cret")
  })

  it("is short, whatever was refused", () => {
    assert.include(refusal(Schema.Number, "x"), `Expected number, actual "x"`)
    assert.isBelow(refusal(Schema.Number, "x".repeat(1_000_000)).length, 5000)
  })
})
