/**
 * The algorithms that a connection may use: ours, changed as the ssh config says, without what ssh2 does not have.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { matches, matchesList } from "./sshPattern.ts"

interface Kind {
  readonly keyword: string
  /** What is used without a word of the config, in this order. */
  readonly usual: ReadonlyArray<string>
  /** What ssh2 has beside, old and weak: used where the config names it. */
  readonly further: ReadonlyArray<string>
}

/** aes128-gcm is the fastest that both ends have. */
const ciphers: Kind = {
  keyword: "Ciphers",
  usual: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr"
  ],
  further: ["aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"]
}

/** curve25519 spares the 70 ms that sntrup costs. */
const keyExchanges: Kind = {
  keyword: "KexAlgorithms",
  usual: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512"
  ],
  further: [
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group1-sha1"
  ]
}

const codes: Kind = {
  keyword: "MACs",
  usual: [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha1-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1"
  ],
  further: ["hmac-md5", "hmac-sha1-96", "hmac-md5-96"]
}

/** What OpenSSH would offer, strongest and shortest first; SHA-1 signatures are not among them. */
const hostKeys: Kind = {
  keyword: "HostKeyAlgorithms",
  usual: [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256"
  ],
  further: ["ssh-rsa", "ssh-dss"]
}

/**
 * All that the config may name, by keyword.
 *
 * @internal
 */
export const kinds: ReadonlyArray<Kind> = [ciphers, keyExchanges, codes, hostKeys]

/** As OpenSSH reads such a list: `+` adds, `-` takes away, `^` puts first, and a list alone is all. */
const choose = (
  { further, keyword, usual }: Kind,
  written: string | undefined
): Either.Either<ReadonlyArray<string>, string> => {
  if (written === undefined) return Either.right(usual)
  const sign = /^[-+^]/.exec(written)?.[0]
  const names = written.slice(sign === undefined ? 0 : 1).split(",").map((name) => name.trim())
  const ours = names.flatMap((name) => [...usual, ...further].filter((known) => matches(known, name)))
  const others = usual.filter((name) => !ours.includes(name))
  const chosen = sign === "-"
    ? usual.filter((name) => !matchesList(name, names.join(",")))
    : sign === "+"
    ? [...usual, ...ours.filter((name) => !usual.includes(name))]
    : sign === "^"
    ? [...ours, ...others]
    : ours
  return chosen.length === 0 ? Either.left(`${keyword} ${written}`) : Either.right([...new Set(chosen)])
}

/**
 * What goes into the handshake.
 *
 * @internal
 */
export interface Algorithms {
  readonly lists: Readonly<Record<"cipher" | "kex" | "hmac" | "serverHostKey" | "compress", ReadonlyArray<string>>>
  /** Whether those that known_hosts holds come first: not where the config says what comes first. */
  readonly knownKeysFirst: boolean
}

/**
 * The algorithms for a host; the line of the config that leaves none, if one does.
 *
 * @internal
 */
export const algorithms = (resolved: ResolvedHost): Either.Either<Algorithms, string> =>
  Either.map(
    Either.all({
      cipher: choose(ciphers, resolved.ciphers),
      kex: choose(keyExchanges, resolved.kexAlgorithms),
      hmac: choose(codes, resolved.macs),
      serverHostKey: choose(hostKeys, resolved.hostKeyAlgorithms)
    }),
    (chosen) => ({
      lists: { ...chosen, compress: resolved.compression ? ["zlib@openssh.com", "zlib", "none"] : ["none"] },
      knownKeysFirst: /^[-+]|^$/.test(resolved.hostKeyAlgorithms ?? "")
    })
  )
