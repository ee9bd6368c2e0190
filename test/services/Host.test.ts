import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as Host from "../../src/services/Host.ts"

const full = (): Host.Host =>
  Host.make({
    alias: "gpu",
    hostName: "10.0.0.7",
    user: "ada",
    port: 2222,
    agent: false,
    key: Redacted.make("SECRET-key"),
    passphrase: Redacted.make("SECRET-passphrase"),
    password: Redacted.make("SECRET-password"),
    answers: { "Code A": Redacted.make("SECRET-a"), "Code B": Redacted.make("SECRET-b") }
  })

describe("a host", () => {
  it("without an alias is looked up by its name", () => {
    assert.strictEqual(Host.make({ hostName: "10.0.0.7" }).alias, "10.0.0.7")
  })

  it("equals another with the same fields, also when answers come in another order", () => {
    const { answers: _, ...rest } = full()
    const again = Host.make({
      ...rest,
      answers: { "Code B": Redacted.make("SECRET-b"), "Code A": Redacted.make("SECRET-a") }
    })
    assert.isTrue(Equal.equals(full(), again))
    assert.strictEqual(Hash.hash(full()), Hash.hash(again))
    assert.isTrue(Equal.equals(Host.make({ alias: "a" }), Host.Host.make({ alias: "a" })))
  })

  it.each<[string, Partial<Host.Options>]>([
    ["alias", { alias: "other" }],
    ["host name", { hostName: "10.0.0.8" }],
    ["user", { user: "bob" }],
    ["port", { port: 22 }],
    ["agent", { agent: "/run/agent" }],
    ["key", { key: Redacted.make("another") }],
    ["key in a file", { key: "SECRET-key" }],
    ["passphrase", { passphrase: Redacted.make("another") }],
    ["password", { password: Redacted.make("another") }],
    ["no password", { password: undefined }],
    ["an answer", { answers: { "Code A": Redacted.make("SECRET-a"), "Code B": Redacted.make("another") } }],
    ["answers", { answers: { "Code A": Redacted.make("SECRET-a") } }]
  ])("differs by its %s, and shares no connection then", (_, difference) => {
    assert.isFalse(Equal.equals(full(), Host.make({ ...full(), ...difference } as Host.Options)))
  })

  it("does not show its secrets", () => {
    const host = full()
    const shown = [
      String(host),
      JSON.stringify(host),
      inspect(host, { depth: 10 }),
      JSON.stringify(Schema.encodeSync(Host.Host)(host)),
      Cause.pretty(Cause.fail(host)),
      JSON.stringify({ ...host })
    ].join("\n")
    assert.notInclude(shown, "SECRET")
    assert.include(shown, "<redacted>")
    assert.include(shown, "10.0.0.7")
  })

  it("refuses a secret in the clear, and does not repeat it", () => {
    const wrong: ReadonlyArray<Readonly<Record<string, unknown>>> = [
      { password: "SECRET" },
      { passphrase: "SECRET" },
      { key: { pem: "SECRET" } },
      { answers: { Code: "SECRET" } }
    ]
    for (const field of wrong) {
      const refused = Either.try(() => Host.make({ alias: "a", ...field } as Host.Options))
      const message = Either.match(refused, { onLeft: (error) => String(error), onRight: () => "taken" })
      assert.include(message, "Redacted text")
      assert.notInclude(message, "SECRET")
    }
  })

  it.effect("does not show its secrets in a span or a log either", () =>
    Effect.gen(function*() {
      const span = yield* Effect.currentSpan
      assert.notInclude(inspect(span.attributes.get("host"), { depth: 10 }), "SECRET")
    }).pipe(Effect.withSpan("connect", { attributes: { host: full() } })))
})

describe("parse", () => {
  it.each<[string, string | undefined, string, number | undefined]>([
    ["gpu-1", undefined, "gpu-1", undefined],
    ["ada@gpu-1:2222", "ada", "gpu-1", 2222],
    ["::1", undefined, "::1", undefined],
    ["root@[::1]:2222", "root", "::1", 2222],
    ["[fe80::1%eth0]", undefined, "fe80::1%eth0", undefined],
    ["2001:db8::7", undefined, "2001:db8::7", undefined]
  ])("reads %s", (text, user, alias, port) => {
    const host = Either.getOrThrow(Host.parse(text))
    assert.deepStrictEqual([host.user, host.alias, host.port], [user, alias, port])
  })

  it.each(["", "a b", "-oProxyCommand=x", "host:0", "host:65536", "[::1", "a:b"])("refuses %j", (text) => {
    assert.isTrue(Either.isLeft(Host.parse(text)))
  })
})
