import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as KnownHosts from "../../src/services/KnownHosts.ts"

/** A public key of a type, told apart by a byte. */
const key = (type: string, byte: number) => {
  const name = Buffer.from(type)
  const length = (count: number) => Buffer.from([0, 0, 0, count])
  return Buffer.concat([length(name.length), name, length(32), Buffer.alloc(32, byte)]).toString("base64")
}

const ed = "ssh-ed25519"
const rsa = "ssh-rsa"
const ec = "ecdsa-sha2-nistp256"

const entry = (names: string, type: string, byte: number) => `${names} ${type} ${key(type, byte)}`

const parse = (...lines: ReadonlyArray<string>) => KnownHosts.parse(lines.join("\n"), "/kh")

const box = { name: "box", port: 22 }

const linesFor = (entries: ReadonlyArray<KnownHosts.KnownHost>, target: KnownHosts.Target) =>
  KnownHosts.lookup(entries, target).map(({ line }) => line)

describe("KnownHosts.parse", () => {
  it("reads names, type, key, marker and place, and leaves out what is no entry", () => {
    const entries = parse(
      "# comment",
      "",
      `\t${entry("box,10.0.0.1", ed, 1)} a comment\r`,
      `@revoked  ${entry("*", rsa, 2)}`,
      `@cert-authority\t${entry("*.example.com", ed, 3)}`,
      `@other ${entry("box", ed, 4)}`,
      "box ssh-ed25519",
      "box ssh-ed25519 AAAA",
      "box ssh-ed25519 not-base64!",
      `box ${rsa} ${key(ed, 5)}`,
      "box 1024 35 12345"
    )
    assert.deepStrictEqual(entries, [
      { names: "box,10.0.0.1", keyType: ed, key: key(ed, 1), file: "/kh", line: 3 },
      { marker: "revoked", names: "*", keyType: rsa, key: key(rsa, 2), file: "/kh", line: 4 },
      { marker: "cert-authority", names: "*.example.com", keyType: ed, key: key(ed, 3), file: "/kh", line: 5 }
    ])
  })
})

describe("KnownHosts.lookup", () => {
  it("finds names, patterns, other ports and addresses, in any case", () => {
    const entries = parse(
      entry("Box", ed, 1),
      entry("[box]:2222", ed, 2),
      entry("*.example.com,!bad.example.com", ed, 3),
      entry("10.0.0.1", ed, 4),
      entry("[2001:db8::1]:7", ed, 5),
      entry("b?x", ed, 6)
    )
    assert.deepStrictEqual(linesFor(entries, { name: "BOX", port: 22 }), [1, 6])
    assert.deepStrictEqual(linesFor(entries, { name: "box", port: 2222 }), [2])
    assert.deepStrictEqual(linesFor(entries, { name: "a.example.com", port: 22 }), [3])
    assert.deepStrictEqual(linesFor(entries, { name: "bad.example.com", port: 22 }), [])
    assert.deepStrictEqual(linesFor(entries, { name: "box", port: 22, ip: "10.0.0.1" }), [1, 4, 6])
    assert.deepStrictEqual(linesFor(entries, { name: "2001:DB8::1", port: 7 }), [5])
  })

  it("finds hashed names, and is not put off by broken ones", () => {
    const hashed = KnownHosts.line({ name: "box", port: 2222 }, ed, key(ed, 1), true)
    const entries = parse("|1|bad|hash ssh-ed25519 AAAA", `|1|${entry("AAAA|BBBB", ed, 1)}`, hashed)
    assert.deepStrictEqual(linesFor(entries, { name: "box", port: 2222 }), [3])
    assert.deepStrictEqual(linesFor(entries, box), [])
  })
})

describe("KnownHosts.verify", () => {
  const verify = (
    entries: ReadonlyArray<KnownHosts.KnownHost>,
    target: KnownHosts.Target,
    type: string,
    byte: number
  ) => KnownHosts.verify(entries, target, type, key(type, byte))

  it("knows a key that stands anywhere for the host", () => {
    const entries = parse(entry("box", ed, 1), entry("box", rsa, 2), entry("box", ed, 3))
    assert.deepStrictEqual(verify(entries, box, ed, 3), { _tag: "known", file: "/kh", line: 3 })
  })

  it("calls another key changed, and names the line of the same type", () => {
    const entries = parse(entry("box", rsa, 1), entry("box", ed, 2))
    assert.deepStrictEqual(verify(entries, box, ed, 9), { _tag: "changed", file: "/kh", line: 2 })
    assert.deepStrictEqual(verify(entries, box, ec, 9), { _tag: "changed", file: "/kh", line: 1 })
  })

  it("does not know a host of which nothing stands there", () => {
    const entries = parse(entry("other", ed, 1), `@cert-authority ${entry("box", ed, 2)}`)
    assert.deepStrictEqual(verify(entries, box, ed, 1), { _tag: "unknown" })
    assert.deepStrictEqual(verify(entries, box, ed, 2), { _tag: "unknown" })
  })

  it("refuses a revoked key, also one that is known", () => {
    const entries = parse(entry("box", ed, 1), `@revoked ${entry("*", ed, 1)}`)
    assert.deepStrictEqual(verify(entries, box, ed, 1), { _tag: "revoked", file: "/kh", line: 2 })
    assert.deepStrictEqual(verify(entries, { name: "box", port: 7 }, ed, 1), { _tag: "revoked", file: "/kh", line: 2 })
  })

  it("takes a key known without a port, but calls nothing changed for it", () => {
    const entries = parse(entry("box", ed, 1))
    assert.deepStrictEqual(verify(entries, { name: "box", port: 7 }, ed, 1), { _tag: "known", file: "/kh", line: 1 })
    assert.deepStrictEqual(verify(entries, { name: "box", port: 7 }, ed, 2), { _tag: "unknown" })
    const own = parse(entry("box", ed, 1), entry("[box]:7", ed, 2))
    assert.deepStrictEqual(verify(own, { name: "box", port: 7 }, ed, 1), { _tag: "changed", file: "/kh", line: 2 })
  })
})

describe("KnownHosts.keyTypes", () => {
  it("gives the algorithms of known keys, best first, RSA with SHA-2", () => {
    const entries = parse(
      entry("box", rsa, 1),
      entry("box", ec, 2),
      entry("box", rsa, 3),
      entry("other", ed, 4),
      `@revoked ${entry("box", ed, 5)}`
    )
    assert.deepStrictEqual(KnownHosts.keyTypes(entries, box), [ec, "rsa-sha2-512", "rsa-sha2-256"])
    assert.deepStrictEqual(KnownHosts.keyTypes(entries, { name: "box", port: 7 }), [ec, "rsa-sha2-512", "rsa-sha2-256"])
    assert.deepStrictEqual(KnownHosts.keyTypes(entries, { name: "new", port: 7 }), [])
  })
})

describe("KnownHosts.line", () => {
  it("writes what is read again", () => {
    const target = { name: "Box", port: 2222 }
    assert.strictEqual(KnownHosts.line(target, ed, key(ed, 1), false), `[box]:2222 ${ed} ${key(ed, 1)}`)
    assert.strictEqual(KnownHosts.line(box, ed, key(ed, 1), false), `box ${ed} ${key(ed, 1)}`)
    assert.deepStrictEqual(linesFor(parse(KnownHosts.line(target, ed, key(ed, 1), true)), target), [1])
    assert.notStrictEqual(
      KnownHosts.line(box, ed, key(ed, 1), true),
      KnownHosts.line(box, ed, key(ed, 1), true)
    )
  })

  it("knows the names that are better not written", () => {
    const recordable = (name: string) => KnownHosts.isRecordable({ name, port: 22 })
    assert.isTrue(recordable("a-b.example.com"))
    assert.isTrue(recordable("2001:db8::1"))
    for (const name of ["a*", "b?", "a,b", "a b", "#a", "[a]", "|1|a", "!a", "@a"]) {
      assert.isFalse(recordable(name), name)
    }
  })
})

describe("KnownHosts.append", () => {
  it.effect("makes the directory and the file for the user alone", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const home = yield* fs.makeTempDirectoryScoped()
      const file = `${home}/.ssh/known_hosts`
      yield* KnownHosts.append(file, "one")
      yield* KnownHosts.append(file, "two")
      assert.strictEqual(yield* fs.readFileString(file), "one\ntwo\n")
      assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(`${home}/.ssh`)).mode & 0o777, 0o700)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("keeps the mode of a file, and ends a line that was left open", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/known_hosts`
      yield* fs.writeFileString(file, "open", { mode: 0o644 })
      yield* KnownHosts.append(file, "two")
      assert.strictEqual(yield* fs.readFileString(file), "open\ntwo\n")
      assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o644)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("says why it cannot", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(KnownHosts.append("/dev/null/known_hosts", "one"))
      assert.strictEqual(error.reason, "Transfer")
      assert.strictEqual(error.step, "known_hosts")
      assert.include(error.detail, "/dev/null/known_hosts cannot be written")
    }).pipe(Effect.provide(NodeContext.layer)))
})
