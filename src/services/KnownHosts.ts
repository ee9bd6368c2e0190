/**
 * The known_hosts files: which keys belong to which hosts. Plain functions on plain data, as OpenSSH reads them.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Hash from "../internal/knownHostsHash.ts"
import * as Pattern from "../internal/sshPattern.ts"
import { manager } from "./Host.ts"
import { type ShownHostKey, SshError } from "./SshError.ts"

/**
 * A line of a known_hosts file.
 *
 * @since 0.1.0
 * @category models
 */
export interface KnownHost {
  /** `@cert-authority` signs the keys of these hosts, a `@revoked` key is refused whatever else stands there. */
  readonly marker?: "cert-authority" | "revoked" | undefined
  /** Names and patterns with commas between, or one name that is hashed. */
  readonly names: string
  readonly keyType: string
  /** In base64. */
  readonly key: string
  readonly file: string
  readonly line: number
}

/**
 * The host that is looked up. With a `HostKeyAlias` that is its name, and the port is 22.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly name: string
  readonly port: number
  /** Looked up too, as `CheckHostIP` asks. */
  readonly ip?: string | undefined
}

/**
 * What the files say about a key that a host shows.
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict =
  | { readonly _tag: "known"; readonly file: string; readonly line: number }
  | { readonly _tag: "unknown" }
  | { readonly _tag: "changed"; readonly file: string; readonly line: number }
  | { readonly _tag: "revoked"; readonly file: string; readonly line: number }

const syntax = /^[ \t]*(?:@(cert-authority|revoked)[ \t]+)?([^@#\s][^ \t]*)[ \t]+([^\s#][^ \t]*)[ \t]+([^\s#][^ \t]*)/

/**
 * Reads a known_hosts file. Lines that are no entry are left out, as OpenSSH does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string, file = "known_hosts"): ReadonlyArray<KnownHost> =>
  text.split(/\r?\n/).flatMap((line, index) => {
    const [, marker, names = "", keyType = "", key = ""] = syntax.exec(line) ?? []
    if (keyType === "" || Hash.typeWithin(key) !== keyType) return []
    return {
      ...(marker === "cert-authority" || marker === "revoked" ? { marker } : {}),
      names,
      keyType,
      key,
      file,
      line: index + 1
    }
  })

/**
 * A host as known_hosts names it, and ssh-keygen: port 22 goes without saying.
 *
 * @internal
 */
export const named = (name: string, port: number): string => (port === 22 ? name : `[${name}]:${port}`).toLowerCase()

const covers = (entry: KnownHost, name: string): boolean =>
  entry.names.startsWith("|") ? Hash.isHashOf(entry.names, name) : Pattern.matchesHost(name, entry.names)

/**
 * The entries for a host, in their order, with their markers.
 *
 * @since 0.1.0
 * @category combinators
 */
export const lookup = (entries: ReadonlyArray<KnownHost>, target: Target): ReadonlyArray<KnownHost> => {
  const names = [target.name, ...(target.ip === undefined ? [] : [target.ip])].map((name) => named(name, target.port))
  return entries.filter((entry) => names.some((name) => covers(entry, name)))
}

const sameKey = (a: string, b: string): boolean => a.replace(/=+$/, "") === b.replace(/=+$/, "")

const at = ({ file, line }: KnownHost) => ({ file, line })

/**
 * Judges the key that a host shows. A key of another type than those known counts as changed: ask for `keyTypes` first.
 * A host on a port of its own may also be known by its name alone, as for OpenSSH.
 *
 * @since 0.1.0
 * @category combinators
 */
export const verify = (
  entries: ReadonlyArray<KnownHost>,
  target: Target,
  keyType: string,
  key: string
): Verdict => {
  const found = lookup(entries, target)
  const equal = found.filter((entry) => sameKey(entry.key, key))
  const revoked = equal.find((entry) => entry.marker === "revoked")
  if (revoked !== undefined) return { _tag: "revoked", ...at(revoked) }
  const known = equal.find((entry) => entry.marker === undefined)
  if (known !== undefined) return { _tag: "known", ...at(known) }
  const others = found.filter((entry) => entry.marker === undefined)
  const other = others.find((entry) => entry.keyType === keyType) ?? others[0]
  if (other !== undefined) return { _tag: "changed", ...at(other) }
  if (target.port === 22) return { _tag: "unknown" }
  const plain = verify(entries, { ...target, port: 22 }, keyType, key)
  return plain._tag === "changed" ? { _tag: "unknown" } : plain
}

const preference = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]

const rank = (keyType: string): number => {
  const place = preference.indexOf(keyType)
  return place >= 0 ? place : keyType === "ssh-rsa" ? preference.length + 1 : preference.length
}

/** RSA keys sign with SHA-2; `ssh-rsa` as an algorithm means SHA-1. */
const algorithms = (keyType: string): ReadonlyArray<string> =>
  keyType === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [keyType]

/**
 * The host key algorithms to ask for first: those of the keys that are known. A host that has others too would otherwise
 * answer with one of them and look changed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const keyTypes = (entries: ReadonlyArray<KnownHost>, target: Target): ReadonlyArray<string> => {
  const types = new Set(
    lookup(entries, target).filter((entry) => entry.marker === undefined).map((entry) => entry.keyType)
  )
  if (types.size === 0 && target.port !== 22) return keyTypes(entries, { ...target, port: 22 })
  return [...types].sort((a, b) => rank(a) - rank(b)).flatMap(algorithms)
}

/**
 * The line that makes a key known, with a new salt each time when hashed. For a name that would be read as a pattern use
 * `isRecordable` first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const line = (target: Target, keyType: string, key: string, hashed: boolean): string => {
  const name = named(target.name, target.port)
  return `${hashed ? Hash.hash(name) : name} ${keyType} ${key}`
}

/**
 * Whether a name may be written down: OpenSSH never writes one that means something else when it is read again.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRecordable = (target: Target): boolean => !/[@?*#[\]|'"\\,!\s]/.test(target.name)

/**
 * Appends a line to a known_hosts file. A missing file is made with mode 0600, its missing directory with 0700.
 *
 * @since 0.1.0
 * @category execution
 */
export const append = Effect.fn("KnownHosts.append")(
  function*(file: string, line: string): Effect.fn.Return<void, SshError, FileSystem.FileSystem> {
    const fs = yield* FileSystem.FileSystem
    const directory = file.slice(0, Math.max(0, file.lastIndexOf("/")))
    const write = Effect.gen(function*() {
      if (directory !== "" && !(yield* fs.exists(directory))) {
        yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
      }
      const text = (yield* fs.exists(file)) ? yield* fs.readFileString(file) : ""
      const apart = text === "" || text.endsWith("\n") ? "" : "\n"
      // One write: a line that another process appends meanwhile stays whole.
      yield* fs.writeFileString(file, `${apart}${line}\n`, { flag: "a", mode: 0o600 })
    })
    yield* Effect.mapError(write, (cause) =>
      new SshError({
        reason: "Transfer",
        host: manager.alias,
        step: "known_hosts",
        detail: `${file} cannot be written: ${cause.message}`,
        hint: "make the file writable, or name another with UserKnownHostsFile",
        cause
      }))
  }
)

/**
 * Writes down a key that a host has shown, and no other: a connection that follows is refused if the host shows another one.
 * Compare its fingerprint first, or ask somebody who can.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { KnownHosts, type SshError } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const trustIf = (expected: string) => (error: SshError.SshError) =>
 *   error.hostKey?.fingerprint === expected ? KnownHosts.trust(error.hostKey) : Effect.fail(error)
 */
export const trust = Effect.fn("KnownHosts.trust")(
  function*(shown: ShownHostKey): Effect.fn.Return<void, SshError, FileSystem.FileSystem> {
    const { file, hashed, key, keyType } = shown
    if (file === undefined || !isRecordable(shown)) {
      return yield* new SshError({
        reason: "HostKeyUnknown",
        host: shown.name,
        step: "known_hosts",
        detail: file === undefined
          ? "the ssh config names no file for keys that become known"
          : `the name ${shown.name} would mean something else in ${file}`,
        hint: "name one with UserKnownHostsFile, and the host with a plain HostKeyAlias"
      })
    }
    yield* append(file, line(shown, keyType, key, hashed))
  }
)
