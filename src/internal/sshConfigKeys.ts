/**
 * What lies beside the names of an ssh config and decides which client can use them: certificates, keys on hardware, and
 * hosts that are known by an authority only.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as KnownHosts from "../services/KnownHosts.ts"

/** A key has a few thousand bytes. What is larger is none. */
const largestKey = 65_536

/** A file that is not there, no plain file or too large says nothing. */
const text = (fs: FileSystem.FileSystem, file: string, most: number): Effect.Effect<string> =>
  fs.stat(file).pipe(
    Effect.filterOrFail((info) => info.type === "File" && info.size <= BigInt(most)),
    Effect.zipRight(fs.readFileString(file)),
    Effect.orElseSucceed(() => "")
  )

const hardware = /sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com/

/** Both halves of a key on hardware name its type; that of the other half stands in base64. */
const isOnHardware = (key: string): boolean => {
  if (hardware.test(key)) return true
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(key)?.[1]?.replaceAll(/\s/g, "")
  return body !== undefined &&
    Either.match(Encoding.decodeBase64(body), {
      onLeft: () => false,
      onRight: (bytes) => hardware.test(String.fromCharCode(...bytes.subarray(0, 512)))
    })
}

/**
 * The certificates that lie beside identities, as OpenSSH finds them.
 *
 * @internal
 */
export const certificatesBeside = (
  fs: FileSystem.FileSystem,
  identities: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.filter(
    identities.map((file) => `${file.replace(/\.pub$/, "")}-cert.pub`),
    (file) => Effect.orElseSucceed(fs.exists(file), () => false)
  )

/**
 * Those of the identities that are keys on hardware.
 *
 * @internal
 */
export const onHardware = (
  fs: FileSystem.FileSystem,
  identities: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.filter(identities, (file) =>
    Effect.map(
      Effect.all([text(fs, file, largestKey), text(fs, `${file}.pub`, largestKey)]),
      (halves) => halves.some(isOnHardware)
    ))

const largestKnownHosts = 16 * 1024 * 1024

/**
 * The line of known_hosts with the authority that vouches for a host, where no line holds a key of the host's own.
 *
 * @internal
 */
export const onlyAuthority = (
  fs: FileSystem.FileSystem,
  files: ReadonlyArray<string>,
  target: KnownHosts.Target
): Effect.Effect<Option.Option<string>> =>
  Effect.map(
    Effect.forEach(files, (file) =>
      Effect.map(text(fs, file, largestKnownHosts), (lines) => KnownHosts.parse(lines, file))),
    (all) => {
      const entries = all.flat()
      const found = [target, { ...target, port: 22 }].flatMap((target) =>
        KnownHosts.lookup(entries, target)
      )
      const authority = found.find((entry) => entry.marker === "cert-authority")
      return authority === undefined || found.some((entry) => entry.marker === undefined)
        ? Option.none()
        : Option.some(`${authority.file}:${authority.line}`)
    }
  )
