/**
 * The verdict on a host's key, against the known_hosts files of the host.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import * as KnownHosts from "../services/KnownHosts.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { SshError } from "../services/SshError.ts"
import { quote } from "./words.ts"

/** What OpenSSH would offer, strongest and shortest first; SHA-1 signatures are not among them. */
const algorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256"
] as const

type Algorithm = typeof algorithms[number]

/**
 * What is known of a host's keys.
 *
 * @internal
 */
export interface Known {
  /** For the key exchange: the types that known_hosts holds come first, else a good host looks changed. */
  readonly order: ReadonlyArray<Algorithm>
  /** The error that the key is refused with, if it is. */
  readonly verdict: (key: Buffer) => SshError | "trusted" | "new"
  /** Writes a new key down. */
  readonly remember: (key: Buffer) => Effect.Effect<void, SshError, FileSystem.FileSystem>
}

const typeOf = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1")

const fingerprint = (key: Buffer): string =>
  `${typeOf(key)} SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`

/**
 * Reads the known_hosts files of a host.
 *
 * @internal
 */
export const load = (resolved: ResolvedHost, acceptNew: boolean): Effect.Effect<Known> =>
  Effect.sync(() => {
    const files = [...resolved.userKnownHostsFiles, ...resolved.globalKnownHostsFiles]
    const entries = files.filter((file) => existsSync(file)).flatMap((file) =>
      KnownHosts.parse(readFileSync(file, "utf8"), file)
    )
    const name = resolved.hostKeyAlias ?? resolved.hostName
    const target = { name, port: resolved.hostKeyAlias === undefined ? resolved.port : 22 }
    const shown = KnownHosts.named(target.name, target.port)
    const held = KnownHosts.keyTypes(entries, target)
    const file = resolved.userKnownHostsFiles[0]
    const error = (reason: SshError["reason"], detail: string, hint: string) =>
      new SshError({ reason, host: resolved.host.alias, step: "host key", detail, hint })
    return {
      order: [...algorithms].sort((a, b) => Number(held.includes(b)) - Number(held.includes(a))),
      verdict: (key) => {
        const found = KnownHosts.verify(entries, target, typeOf(key), key.subarray(0).toString("base64"))
        switch (found._tag) {
          case "known":
            return "trusted"
          case "unknown":
            return acceptNew || resolved.strictHostKeyChecking === "accept-new" ||
                resolved.strictHostKeyChecking === "no"
              ? "new"
              : error(
                "HostKeyUnknown",
                `${shown} offers ${fingerprint(key)}, which is not in ${file ?? "any known_hosts file"}`,
                `compare the fingerprint, then connect once with \`ssh ${resolved.host.alias}\`, or allow it with \`StrictHostKeyChecking accept-new\``
              )
          case "revoked":
            return error(
              "HostKeyChanged",
              `${fingerprint(key)} of ${shown} is revoked`,
              "somebody may listen in: do not connect"
            )
          case "changed":
            return error(
              "HostKeyChanged",
              `${shown} offers ${fingerprint(key)}, but ${found.file}:${found.line} holds another key`,
              `somebody may listen in; if the host was set up anew: ssh-keygen -f ${quote(found.file)} -R ${
                quote(shown)
              }`
            )
        }
      },
      remember: (key) =>
        file === undefined
          ? Effect.void
          : KnownHosts.append(
            file,
            KnownHosts.line(target, typeOf(key), key.toString("base64"), resolved.hashKnownHosts)
          )
    }
  })
