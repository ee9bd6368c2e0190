import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { createRequire } from "node:module"
import { algorithms, kinds } from "../../src/internal/ssh2Algorithms.ts"
import type { ResolvedHost } from "../../src/services/SshConfig.ts"

type Lines = Partial<Pick<ResolvedHost, "ciphers" | "macs" | "kexAlgorithms" | "hostKeyAlgorithms" | "compression">>

const chosen = (lines: Lines) => algorithms({ compression: false, ...lines } as ResolvedHost)

const ciphers = (written: string) =>
  Either.match(chosen({ ciphers: written }), {
    onLeft: (line) => `none: ${line}`,
    onRight: ({ lists }) => lists.cipher.join(" ")
  })

const gcm = "aes128-gcm@openssh.com aes256-gcm@openssh.com"
const ctr = "aes128-ctr aes192-ctr aes256-ctr"
const chacha = "chacha20-poly1305@openssh.com"

describe("algorithms", () => {
  it.each([
    ["aes256-ctr,aes128-ctr", "aes256-ctr aes128-ctr"],
    ["rijndael-cbc@lysator.liu.se,aes256-ctr", "aes256-ctr"],
    ["aes*-ctr", ctr],
    ["+3des-cbc,unknown", `${gcm} ${chacha} ${ctr} 3des-cbc`],
    ["+aes128-ctr", `${gcm} ${chacha} ${ctr}`],
    ["-*-gcm@openssh.com,chacha*", ctr],
    ["^aes256-ctr", `aes256-ctr ${gcm} ${chacha} aes128-ctr aes192-ctr`],
    ["blowfish-cbc", "none: Ciphers blowfish-cbc"],
    ["-*", "none: Ciphers -*"]
  ])("Ciphers %s", (written, expected) => {
    assert.strictEqual(ciphers(written), expected)
  })

  it("of one kind each", () => {
    const { knownKeysFirst, lists } = Either.getOrThrow(chosen({
      macs: "hmac-sha2-512",
      kexAlgorithms: "sntrup761x25519-sha512@openssh.com,ecdh-sha2-nistp256",
      hostKeyAlgorithms: "ssh-ed25519-cert-v01@openssh.com,rsa-sha2-256",
      compression: true
    }))
    assert.deepStrictEqual([lists.hmac, lists.kex, lists.serverHostKey, lists.compress], [
      ["hmac-sha2-512"],
      ["ecdh-sha2-nistp256"],
      ["rsa-sha2-256"],
      ["zlib@openssh.com", "zlib", "none"]
    ])
    assert.isFalse(knownKeysFirst)
    const known = (written?: string) => Either.getOrThrow(chosen({ hostKeyAlgorithms: written })).knownKeysFirst
    assert.deepStrictEqual([known(), known("-ssh-ed25519"), known("+ssh-rsa"), known("^ssh-rsa")], [
      true,
      true,
      true,
      false
    ])
    assert.deepStrictEqual(
      chosen({ hostKeyAlgorithms: "sk-ssh-ed25519@openssh.com" }),
      Either.left("HostKeyAlgorithms sk-ssh-ed25519@openssh.com")
    )
  })

  it("are all ones that ssh2 takes", () => {
    const theirs: Readonly<Record<string, ReadonlyArray<string>>> = createRequire(import.meta.url)(
      "ssh2/lib/protocol/constants.js"
    )
    const names = ["SUPPORTED_CIPHER", "SUPPORTED_KEX", "SUPPORTED_MAC", "SUPPORTED_SERVER_HOST_KEY"]
    for (const [index, { further, usual }] of kinds.entries()) {
      assert.includeMembers([...theirs[names[index] ?? ""] ?? []], [...usual, ...further])
    }
  })
})
