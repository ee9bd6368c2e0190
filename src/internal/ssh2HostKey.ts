/**
 * The verdict on a host's key, against the known_hosts files of the host.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import * as KnownHosts from "../services/KnownHosts.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { ShownHostKey, SshError } from "../services/SshError.ts"
import { quote } from "./words.ts"

/**
 * What is known of a host's keys.
 *
 * @internal
 */
export interface Known {
  /** Puts the types that known_hosts holds first, else a good host looks changed. */
  readonly inOrder: (algorithms: ReadonlyArray<string>) => ReadonlyArray<string>
  /** The error that the key is refused with, if it is. */
  readonly verdict: (key: Buffer) => SshError | "trusted" | "new"
  /** Writes a new key down, once. Fails when another key was written down meanwhile. */
  readonly remember: (key: Buffer) => Effect.Effect<void, SshError, FileSystem.FileSystem>
}

/** Those held first, in the order in which they are asked for. */
const rank = (held: ReadonlyArray<string>, algorithm: string): number =>
  held.includes(algorithm) ? held.indexOf(algorithm) : held.length

const typeOf = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1")

/**
 * A key as `ssh-keygen -l` names it.
 *
 * @internal
 */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`

/** As for OpenSSH, a file that is not there or cannot be read holds nothing. */
const textOf = (file: string): Effect.Effect<string> =>
  Effect.orElseSucceed(Effect.try(() => readFileSync(file, "utf8")), () => "")

/** The keys that no host may show: lines of public keys. OpenSSH's binary lists (KRL) are not read here. */
const revokedKeys = (resolved: ResolvedHost): Effect.Effect<ReadonlyArray<string>, SshError> => {
  const file = resolved.revokedHostKeys
  if (file === undefined) return Effect.succeed([])
  const unreadable = (detail: string, cause?: unknown) =>
    new SshError({
      reason: "HostKeyUnknown",
      host: resolved.host.alias,
      step: "host key",
      detail,
      hint: "RevokedHostKeys of the ssh config must name a file with one public key a line",
      ...(cause === undefined ? {} : { cause })
    })
  return Effect.try({
    try: () => readFileSync(file, "latin1"),
    catch: (cause) => unreadable(`the list of revoked keys, ${file}, cannot be read`, cause)
  }).pipe(
    Effect.filterOrFail(
      (text) => !text.startsWith("SSHKRL"),
      () => unreadable(`the list of revoked keys, ${file}, is in OpenSSH's binary form`)
    ),
    Effect.map((text) => text.split("\n").flatMap((line) => /\bAAAA[A-Za-z0-9+/=]+/.exec(line)?.[0] ?? []))
  )
}

const isLoopback = (name: string): boolean => name === "localhost" || name === "::1" || /^127(\.\d+){3}$/.test(name)

/**
 * Whether a key that no known_hosts file holds is taken: `StrictHostKeyChecking no` counts as `accept-new`.
 *
 * @internal
 */
export const accepts = (resolved: ResolvedHost, settings: { readonly acceptNew: boolean }): boolean =>
  settings.acceptNew || resolved.strictHostKeyChecking === "accept-new" || resolved.strictHostKeyChecking === "no"

/**
 * Reads the known_hosts files of a host. A changed key is refused always.
 *
 * @internal
 */
export const load = Effect.fnUntraced(function*(resolved: ResolvedHost, settings: {
  readonly acceptNew: boolean
  /** One writer at a time. */
  readonly recording: Effect.Semaphore
}): Effect.fn.Return<Known, SshError> {
  const files = [...resolved.userKnownHostsFiles, ...resolved.globalKnownHostsFiles]
  const read = Effect.map(
    Effect.forEach(files, (file) => Effect.map(textOf(file), (text) => KnownHosts.parse(text, file))),
    (all) => all.flat()
  )
  const entries = yield* read
  const revoked = yield* revokedKeys(resolved)
  const name = resolved.hostKeyAlias ?? resolved.hostName
  const target = { name, port: resolved.hostKeyAlias === undefined ? resolved.port : 22 }
  const shown = KnownHosts.named(target.name, target.port)
  const held = KnownHosts.keyTypes(entries, target)
  const file = resolved.userKnownHostsFiles[0]
  const error = (reason: SshError["reason"], detail: string, hint: string, hostKey?: ShownHostKey) =>
    new SshError({
      reason,
      host: resolved.host.alias,
      step: "host key",
      detail,
      hint,
      ...(hostKey === undefined ? {} : { hostKey })
    })
  const shownKey = (key: Buffer) =>
    ShownHostKey.make({
      ...target,
      keyType: typeOf(key),
      key: key.toString("base64"),
      fingerprint: fingerprint(key),
      hashed: resolved.hashKnownHosts,
      ...(file === undefined ? {} : { file })
    })

  const judge = (entries: ReadonlyArray<KnownHosts.KnownHost>, key: Buffer): SshError | "trusted" | "new" => {
    const text = key.toString("base64")
    const found = revoked.some((other) => other.replace(/=+$/, "") === text.replace(/=+$/, ""))
      ? { _tag: "revoked" as const }
      : KnownHosts.verify(entries, target, typeOf(key), text)
    switch (found._tag) {
      case "known":
        return "trusted"
      case "unknown":
        return accepts(resolved, settings) ? "new" : error(
          "HostKeyUnknown",
          `${shown} offers ${typeOf(key)} ${fingerprint(key)}, which is not in ${file ?? "any known_hosts file"}`,
          `compare the fingerprint, then connect once with \`ssh ${resolved.host.alias}\`, or allow it with \`StrictHostKeyChecking accept-new\``,
          shownKey(key)
        )
      case "revoked":
        return error(
          "HostKeyChanged",
          `${typeOf(key)} ${fingerprint(key)} of ${shown} is revoked`,
          "somebody may listen in: do not connect"
        )
      case "changed":
        return error(
          "HostKeyChanged",
          `${shown} offers ${typeOf(key)} ${fingerprint(key)}, but ${found.file}:${found.line} holds another key`,
          `somebody may listen in; if the host was set up anew: ssh-keygen -f ${quote(found.file)} -R ${quote(shown)}`
        )
    }
  }

  return {
    inOrder: (algorithms) => algorithms.toSorted((a, b) => rank(held, a) - rank(held, b)),
    verdict: (key) =>
      resolved.noHostAuthenticationForLocalhost && isLoopback(resolved.hostName) ? "trusted" : judge(entries, key),
    remember: (key) =>
      file === undefined || !KnownHosts.isRecordable(target) ? Effect.void : Effect.gen(function*() {
        // Another connection may have come first, with this key or with another one.
        const now = judge(yield* read, key)
        if (typeof now !== "string") return yield* now
        if (now === "trusted") return
        yield* KnownHosts.append(
          file,
          KnownHosts.line(target, typeOf(key), key.toString("base64"), resolved.hashKnownHosts)
        )
      }).pipe(settings.recording.withPermits(1))
  }
})
