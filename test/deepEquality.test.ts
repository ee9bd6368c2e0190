import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

class Failed extends Data.TaggedError("Failed")<{ readonly message: string; readonly hint: string }> {}

class Counter {
  #count: number
  constructor(count: number) {
    this.#count = count
  }
  get doubled(): number {
    return this.#count * 2
  }
}

const refused = /^chai may see no difference where a value is /

describe("a deep comparison", () => {
  const pairs: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["an Option and none", Option.some(1), Option.none()],
    ["the same Option", Option.none(), Option.none()],
    ["Options in an Either", Either.right(Option.none()), Either.right(Option.some(1))],
    ["what is redacted", Redacted.make("a"), Redacted.make("b")],
    ["fields of errors", new Failed({ message: "a", hint: "b" }), new Failed({ message: "a", hint: "c" })],
    ["effects", Effect.map(Effect.void, () => 1), Effect.succeed(2)],
    ["private fields", new Counter(1), new Counter(2)]
  ]
  for (const [name, one, other] of pairs) {
    it(`refuses ${name}, at any depth`, () => {
      assert.throws(() => assert.deepStrictEqual(one, other), TypeError, refused)
      assert.throws(() => assert.deepStrictEqual([{ at: one }], [{ at: other }]), TypeError, refused)
      assert.throws(() => assert.deepStrictEqual(new Map([["at", one]]), new Map([["at", other]])), TypeError, refused)
      assert.throws(() => assert.notDeepEqual(one, other), TypeError, refused)
      assert.throws(() => assert.deepInclude({ at: one, more: 1 }, { at: other }), TypeError, refused)
      assert.throws(() => assert.deepInclude([one], other), TypeError, refused)
      assert.throws(() => assert.sameDeepMembers([one], [other]), TypeError, refused)
      assert.throws(() => assert.deepPropertyVal({ at: one }, "at", other), TypeError, refused)
    })
  }

  it("lets pass what chai sees", () => {
    const same = { counter: new Counter(1), failed: new Failed({ message: "a", hint: "b" }) }
    assert.deepStrictEqual({ ...same }, same)
    assert.deepStrictEqual(Exit.fail("a"), Exit.fail("a"))
    assert.deepStrictEqual([Either.right(1), new Uint8Array([1]), {}], [Either.right(1), new Uint8Array([1]), {}])
    const differ: ReadonlyArray<readonly [unknown, unknown]> = [
      [Exit.fail("a"), Exit.succeed("a")],
      [Either.left(1), Either.right(1)],
      [Duration.millis(1), Duration.infinity],
      [new Error("a"), new Error("b")],
      [new Uint8Array([1]), new Uint8Array([2])]
    ]
    for (const [one, other] of differ) assert.throws(() => assert.deepStrictEqual(one, other), /to deeply equal/)
  })
})
