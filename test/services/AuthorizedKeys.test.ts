import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AuthorizedKeys from "../../src/services/AuthorizedKeys.ts"
import { make as host } from "../../src/services/Host.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ada@here"
const path = "/home/user/.ssh/authorized_keys"

const add = (line: string) =>
  Effect.flatMap(Ssh, (ssh) => ssh.connect(host({ alias: "a" }))).pipe(
    Effect.flatMap((connection) => AuthorizedKeys.add(connection, line)),
    Effect.scoped
  )

const bytes = Effect.gen(function*() {
  const files = yield* Effect.flatMap(InMemorySsh, ({ files }) => files("a"))
  return [...yield* Stream.runFold(files.readAll(path), new Array<number>(), (all, part) => [...all, ...part])]
})

const mode = (of: string) =>
  Effect.flatMap(InMemorySsh, ({ files }) => files("a")).pipe(
    Effect.flatMap((files) => files.calls.info(of)),
    Effect.map(({ mode }) => mode & 0o777)
  )

describe("AuthorizedKeys", () => {
  it.scoped("lets a key in once, also one that stands there with options, and keeps the bytes of the others", () => {
    // No newline at the end, and no UTF-8.
    const before = [...new TextEncoder().encode("# mine "), 0xe4]
    return Effect.gen(function*() {
      const files = yield* Effect.flatMap(InMemorySsh, ({ files }) => files("a"))
      yield* files.calls.chmod("/home/user/.ssh", 0o775)
      assert.strictEqual(yield* add(`${key}\n`), "added")
      assert.deepStrictEqual(yield* bytes, [...before, ...new TextEncoder().encode(`\n${key}\n`)])
      // sshd would ignore what others may write to.
      assert.strictEqual(yield* mode("/home/user/.ssh"), 0o755)
      assert.strictEqual(yield* add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 another comment"), "there")
      assert.strictEqual(yield* add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE6"), "added")
    }).pipe(Effect.provide(layer([{ alias: "a", files: { [path]: new Uint8Array(before) } }])))
  })

  it.scoped("knows a key behind options, and refuses what is none", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* add(key), "there")
      for (const line of ["", "hello", "ssh-ed25519", `${key}\nssh-rsa AAAAB3 x`]) {
        assert.strictEqual((yield* Effect.flip(add(line))).detail, "what was given is no public key")
      }
    }).pipe(Effect.provide(layer([{ alias: "a", files: { [path]: `no-pty,command="x" ${key}\n` } }]))))
})
