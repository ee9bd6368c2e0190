import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Host, manager } from "../../src/services/Host.ts"
import { type HostIdentity, sameMachine } from "../../src/services/HostIdentity.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"

const one: HostIdentity = { hostKey: "SHA256:one", address: "10.0.0.7", port: 22, user: "ada" }

const others: ReadonlyArray<readonly [string, Partial<HostIdentity>]> = [
  ["another key: a machine behind the same forwarded port", { hostKey: "SHA256:two" }],
  ["another address: a clone that kept its key", { address: "10.0.0.8" }],
  ["another port: a container on the same machine", { port: 2222 }],
  ["another user", { user: "bob" }],
  ["another way: private addresses are given out twice", { through: "gate" }]
]

describe("two names", () => {
  it("that agree in everything are one machine", () => {
    assert.isTrue(sameMachine(one, { ...one }))
    assert.isTrue(sameMachine({ ...one, through: "gate" }, { ...one, through: "gate" }))
  })

  it.each(others)("are two machines with %s", (_, difference) => {
    assert.isFalse(sameMachine(one, { ...one, ...difference }))
    assert.isFalse(sameMachine({ ...one, ...difference }, one))
  })

  it.scoped("in memory are what the test says", () =>
    Effect.gen(function*() {
      const ssh = yield* Ssh
      const identity = (alias: string) =>
        Effect.flatMap(ssh.connect(Host.make({ alias })), (connection) => connection.identity)
      const [a, b, alias] = yield* Effect.all([identity("a"), identity("b"), identity("alias-of-b")])
      const here = yield* Effect.flatMap(ssh.connect(manager), (connection) => connection.identity)
      assert.deepStrictEqual(
        [sameMachine(a, b), sameMachine(b, alias), sameMachine(a, here), sameMachine(here, here)],
        [false, true, false, true]
      )
    }).pipe(
      Effect.provide(
        InMemorySsh.layer([
          "a",
          { alias: "b", identity: one },
          { alias: "alias-of-b", identity: { ...one } }
        ])
      )
    ))
})
