/**
 * Keys of this machine: which key is in a file or a text, and whether it can sign.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import ssh2 from "ssh2"

/**
 * An identity.
 *
 * @internal
 */
export interface KeyFile {
  /** Its path; for a key given as a text, what it is. */
  readonly name: string
  /** The public key as it goes over the wire, in base64; absent when it is not to be seen. */
  readonly blob: string | undefined
  /** Able to sign. */
  readonly key: ssh2.ParsedKey | undefined
  /** Why it is not. */
  readonly problem: string | undefined
  /** What a passphrase makes of an encrypted one. */
  readonly unlock: ((passphrase: string) => ssh2.ParsedKey | Error) | undefined
}

/**
 * A key as agents and servers name it.
 *
 * @internal
 */
export const blobOf = (key: ssh2.ParsedKey): string => key.getPublicSSH().toString("base64")

const parse = (text: string, passphrase?: string): ssh2.ParsedKey | Error => {
  const key = ssh2.utils.parseKey(text, passphrase)
  return Array.isArray(key) ? key[0] ?? new Error("no key in it") : key
}

/**
 * The public key of a blob.
 *
 * @internal
 */
export const fromBlob = (blob: string): ssh2.ParsedKey | Error => {
  const data = Buffer.from(blob, "base64")
  return data.length < 4
    ? new Error("no key")
    : parse(`${data.subarray(4, 4 + data.readUInt32BE(0)).toString()} ${blob}`)
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

/**
 * Reads the text of a key; `beside` is its public half, where that is known.
 *
 * @internal
 */
export const fromText = (name: string, text: string, beside?: string): KeyFile => {
  const key = parse(text)
  const broken = { name, blob: blobIn(beside), key: undefined, unlock: undefined }
  if (key instanceof Error) {
    return /encrypted|passphrase/i.test(key.message)
      ? {
        ...broken,
        blob: publicPart(text) ?? broken.blob,
        problem: `${name} is encrypted and no agent holds it`,
        unlock: (passphrase) => parse(text, passphrase)
      }
      : { ...broken, problem: `${name} cannot be read as a key: ${key.message}` }
  }
  return key.isPrivateKey()
    ? { ...broken, blob: blobOf(key), key, problem: undefined }
    : { ...broken, blob: blobOf(key), problem: `${name} is a public key and no agent holds its other half` }
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
    const beside = yield* Effect.orElseSucceed(readText(`${path}.pub`), () => undefined)
    return yield* Effect.match(readText(path), {
      onFailure: (problem): KeyFile => ({
        name: path,
        blob: blobIn(beside),
        key: undefined,
        problem,
        unlock: undefined
      }),
      onSuccess: (text) => fromText(path, text, beside)
    })
  })
