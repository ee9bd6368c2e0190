/**
 * Key files: which key is in it, and whether it can sign.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import ssh2 from "ssh2"

/**
 * A configured identity.
 *
 * @internal
 */
export interface KeyFile {
  readonly path: string
  /** The public key as it goes over the wire, in base64; absent when it is not to be seen. */
  readonly blob: string | undefined
  /** Able to sign. */
  readonly key: ssh2.ParsedKey | undefined
  /** Why it is not. */
  readonly problem: string | undefined
}

/**
 * A key as agents and servers name it.
 *
 * @internal
 */
export const blobOf = (key: ssh2.ParsedKey): string => key.getPublicSSH().toString("base64")

const parse = (text: string): ssh2.ParsedKey | Error => {
  const key = ssh2.utils.parseKey(text)
  return Array.isArray(key) ? key[0] ?? new Error("no key in it") : key
}

const magic = "openssh-key-v1\0"

/** OpenSSH's format leaves the public part readable, also where the private one is encrypted. */
const publicPart = (text: string): string | undefined => {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1]
  const data = Buffer.from(body ?? "", "base64")
  if (data.subarray(0, magic.length).toString("latin1") !== magic) return undefined
  // Cipher, key derivation and its options come first, then the number of keys.
  const after = (at: number): number => at + 4 <= data.length ? at + 4 + data.readUInt32BE(at) : data.length
  const at = after(after(after(magic.length))) + 4
  return at + 4 <= data.length ? data.subarray(at + 4, after(at)).toString("base64") : undefined
}

const blobIn = (text: string | undefined): string | undefined => {
  const key = text === undefined ? undefined : parse(text)
  return key === undefined || key instanceof Error ? undefined : blobOf(key)
}

const readText = (path: string) =>
  Effect.try({
    try: () => readFileSync(path, "utf8"),
    catch: (cause) =>
      typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ENOENT"
        ? `${path} is not there`
        : `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
  })

/**
 * Reads an identity, and the `.pub` beside it.
 *
 * @internal
 */
export const read = (path: string): Effect.Effect<KeyFile> =>
  Effect.gen(function*() {
    const beside = yield* Effect.option(readText(`${path}.pub`))
    const publicText = beside._tag === "Some" ? beside.value : undefined
    const file = (blob: string | undefined, key: ssh2.ParsedKey | undefined, problem: string | undefined): KeyFile => ({
      path,
      blob: blob ?? blobIn(publicText),
      key,
      problem
    })
    return yield* Effect.match(readText(path), {
      onFailure: (problem) => file(undefined, undefined, problem),
      onSuccess: (text) => {
        const key = parse(text)
        if (key instanceof Error) {
          return /encrypted|passphrase/i.test(key.message)
            ? file(publicPart(text), undefined, `${path} is encrypted and no agent holds it`)
            : file(undefined, undefined, `${path} cannot be read as a key: ${key.message}`)
        }
        return key.isPrivateKey()
          ? file(blobOf(key), key, undefined)
          : file(blobOf(key), undefined, `${path} is a public key and no agent holds its other half`)
      }
    })
  })
