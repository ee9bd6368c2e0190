/**
 * From a byte stream to a connection that is ready: key exchange, the host's key, ours.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import ssh2 from "ssh2"
import type { ResolvedHost } from "../services/SshConfig.ts"
import type { SshError } from "../services/SshError.ts"
import { withoutControl } from "./outputText.ts"
import * as Auth from "./ssh2Auth.ts"
import { connectError } from "./ssh2Errors.ts"
import * as HostKey from "./ssh2HostKey.ts"
import * as Link from "./ssh2Link.ts"
import { placeOf } from "./ssh2Socket.ts"

/** aes128-gcm is the fastest that both ends have; curve25519 spares the 70 ms that sntrup costs. */
const ciphers = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr"
] as const
const keyExchanges = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group-exchange-sha256",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group16-sha512"
] as const

/**
 * What the live layer may be told.
 *
 * @internal
 */
export interface Settings {
  readonly acceptNew: boolean
  /** Held by who writes to a known_hosts file. */
  readonly recording: Effect.Semaphore
  /** For the whole way: jump hosts, resolve, connect, key exchange, authentication. */
  readonly connectTimeout: Duration.Duration
  /** Where the ssh config has no ServerAliveInterval. */
  readonly keepalive: Duration.Duration
}

const keepalive = (resolved: ResolvedHost, settings: Settings) => ({
  keepaliveInterval: resolved.serverAliveInterval > 0
    ? resolved.serverAliveInterval * 1000
    : Duration.toMillis(settings.keepalive),
  // 0 is for OpenSSH: ask, but never give up.
  keepaliveCountMax: resolved.serverAliveCountMax === 0 ? Number.POSITIVE_INFINITY : resolved.serverAliveCountMax
})

/**
 * Makes a connection over a socket. Its events stay heard until its scope closes it.
 *
 * @internal
 */
export const make = (
  resolved: ResolvedHost,
  sock: Duplex,
  settings: Settings
): Effect.Effect<
  { readonly link: Link.Link; readonly hostKey: string },
  SshError,
  Scope.Scope | FileSystem.FileSystem
> =>
  Effect.gen(function*() {
    const host = resolved.host.alias
    const known = yield* HostKey.load(resolved, settings)
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new ssh2.Client()),
      (client) => Effect.sync(() => client.end().destroy())
    )
    const link = yield* Link.make(host, client, sock)
    const shown = yield* Effect.scoped(
      Effect.flatMap(Auth.offers(resolved), (offered) => ready(resolved, { link, sock, known, offered, settings }))
    )
    if (shown.isNew) yield* known.remember(shown.key)
    return { link, hostKey: HostKey.fingerprint(shown.key) }
  })

interface Shown {
  readonly key: Buffer
  readonly isNew: boolean
}

/** Waits for the end of the handshake; answers the key that the host has shown. */
const ready = (resolved: ResolvedHost, parts: {
  readonly link: Link.Link
  readonly sock: Duplex
  readonly known: HostKey.Known
  readonly offered: Auth.Offered
  readonly settings: Settings
}): Effect.Effect<Shown, SshError> =>
  Effect.async<Shown, SshError>((resume) => {
    const { known, link, offered, settings, sock } = parts
    let refusal: SshError | undefined
    let shown: Shown = { key: Buffer.alloc(0), isNew: false }
    let accepted: ReadonlyArray<string> | undefined
    let heard = ""
    sock.once("data", (chunk: Buffer) => {
      heard = withoutControl(chunk.subarray(0, 100).toString("latin1").split("\n")[0] ?? "").trim()
    })
    const failed = (cause: unknown): SshError =>
      refusal ?? connectError(resolved.host.alias, placeOf(resolved), cause, heard)
    const offers = [...offered.offers]
    link.client
      .on("ready", () => resume(Effect.succeed(shown)))
      .on("error", (cause) => {
        // An agent that will not sign is one key less, no end.
        if (cause.level === "agent") return
        const rejected = cause.level === "client-authentication" || /too many authentication/i.test(cause.message)
        resume(Effect.fail(rejected ? Auth.refused(resolved, offered, accepted, cause) : failed(cause)))
      })
      .on("close", () => resume(Effect.fail(failed(new Error("the server closed the connection before it was ready")))))
      .connect({
        sock,
        username: resolved.user,
        readyTimeout: 0,
        // Unix sockets are asked for of any server: one that cannot refuses.
        strictVendor: false,
        ...keepalive(resolved, settings),
        algorithms: { cipher: [...ciphers], kex: [...keyExchanges], serverHostKey: [...known.order] },
        // Without the `none` probe that ssh2 begins with: a round trip less.
        authHandler: (methods: ReadonlyArray<string> | null, _partial, next) => {
          if (methods !== null && !methods.includes("publickey")) accepted = methods
          const offer = accepted === undefined ? offers.shift() : undefined
          // ssh2 takes a parsed key here; its types know only texts.
          next((offer ?? false) as never)
        },
        hostVerifier: (key: Buffer) => {
          const verdict = known.verdict(key)
          // A rekey shows it again, and it is written down by then.
          shown = { key, isNew: shown.isNew || verdict === "new" }
          if (typeof verdict !== "string") refusal = verdict
          return typeof verdict === "string"
        }
      })
  })
