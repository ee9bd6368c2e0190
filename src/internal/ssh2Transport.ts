/**
 * One SSH connection over ssh2: the way there, and what runs over it.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import ssh2, { type ClientChannel, type SFTPWrapper } from "ssh2"
import type { Host } from "../services/Host.ts"
import type { Transport } from "../services/Ssh.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import type { ExitStatus, RemoteProcess } from "../services/SshConnection.ts"
import { type SshConfigError, SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import { readAll, write } from "./duplexStream.ts"
import { withoutControl } from "./outputText.ts"
import { shellCommand, shellInput } from "./shipping.ts"
import * as Auth from "./ssh2Auth.ts"
import { channelError, connectError, linkLost } from "./ssh2Errors.ts"
import * as Files from "./ssh2Files.ts"
import * as HostKey from "./ssh2HostKey.ts"
import * as Socket from "./ssh2Socket.ts"

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
  /** For the whole way: resolve, connect, key exchange, authentication. */
  readonly connectTimeout: Duration.Duration
  readonly keepalive: Duration.Duration
  readonly agentSocket: string | undefined
}

type Dial = (host: Host, to: { readonly address: string; readonly port: number }) => Effect.Effect<
  Duplex,
  SshError | SshConfigError,
  Scope.Scope
>

const socketTo = (resolved: ResolvedHost, through: Dial) => {
  const [jump] = resolved.proxyJump.slice(-1)
  if (jump !== undefined) return through(jump, { address: resolved.hostName, port: resolved.port })
  return resolved.proxyCommand === undefined
    ? Socket.tcp(resolved.host.alias, { host: resolved.hostName, port: resolved.port })
    : Socket.proxy(resolved.proxyCommand)
}

/** The client is ready, or why it is not. Its events stay heard until it is closed. */
const handshake = Effect.fnUntraced(function*(resolved: ResolvedHost, sock: Duplex, settings: Settings) {
  const host = resolved.host.alias
  const where = `${resolved.hostName}:${resolved.port}`
  const known = yield* HostKey.load(resolved, settings.acceptNew)
  const offered = yield* Auth.offers(resolved, settings.agentSocket)
  const lost = yield* Deferred.make<never, SshError>()
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new ssh2.Client()),
    (client) => Effect.sync(() => client.end().destroy())
  )
  const fresh = yield* Effect.async<Buffer | undefined, SshError>((resume) => {
    let failure: SshError | undefined
    let newKey: Buffer | undefined
    let heard = ""
    const offers = [...offered.offers]
    sock.once("data", (chunk: Buffer) => {
      heard = withoutControl(chunk.subarray(0, 100).toString("latin1").split("\n")[0] ?? "").trim()
    })
    client
      .on("ready", () => resume(Effect.succeed(newKey)))
      .on("error", (cause) => {
        // An agent that will not sign is one offer less, no end.
        if (cause.level === "agent") return
        const error = failure ??
          (cause.level === "client-authentication"
            ? Auth.refused(resolved, offered, cause)
            : connectError(host, where, cause, heard))
        resume(Effect.fail(error))
        Deferred.unsafeDone(lost, Effect.fail(linkLost(host, "connection", cause)))
      })
      .on("close", () => {
        resume(
          Effect.fail(
            failure ?? connectError(host, where, new Error("the server closed the connection before it was ready"))
          )
        )
        Deferred.unsafeDone(lost, Effect.fail(linkLost(host, "connection")))
      })
      .connect({
        sock,
        username: resolved.user,
        readyTimeout: 0,
        keepaliveInterval: Duration.toMillis(settings.keepalive),
        keepaliveCountMax: 3,
        algorithms: { cipher: [...ciphers], kex: [...keyExchanges], serverHostKey: [...known.order] },
        // Without the `none` probe that ssh2 begins with: a round trip less.
        authHandler: (_left, _partial, next) => {
          const offer = offers.shift()
          // ssh2 takes a parsed key here; its types know only texts.
          next((offer ?? false) as never)
        },
        hostVerifier: (key: Buffer) => {
          const verdict = known.verdict(key)
          if (verdict === "new") newKey = key
          if (typeof verdict !== "string") failure = verdict
          return typeof verdict === "string"
        }
      })
  })
  if (fresh !== undefined) yield* known.remember(fresh)
  return { client, lost }
})

const processOf = (host: string, channel: ClientChannel): Effect.Effect<RemoteProcess> =>
  Effect.map(Deferred.make<ExitStatus, SshError>(), (exit) => {
    const lost = (cause: unknown) => linkLost(host, "exec", cause)
    channel
      .on("exit", (code: number | null, signal?: string) =>
        Deferred.unsafeDone(
          exit,
          Effect.succeed(code === null ? { code: 255, signal: (signal ?? "KILL").replace(/^SIG/, "") } : { code })
        ))
      .on("close", () => Deferred.unsafeDone(exit, Effect.fail(linkLost(host, "exec"))))
      .on("error", (cause: unknown) => Deferred.unsafeDone(exit, Effect.fail(lost(cause))))
    return {
      write: (chunk) => write(channel.stdin, chunk, lost),
      endInput: Effect.sync(() => channel.stdin.end()),
      stdout: readAll(channel, lost),
      stderr: readAll(channel.stderr, lost),
      exit: Deferred.await(exit)
    }
  })

/**
 * Opens a connection. Its scope closes it.
 *
 * @internal
 */
export const open = (
  resolved: ResolvedHost,
  settings: Settings,
  through: Dial
): Effect.Effect<Transport, SshError | SshConfigError, Scope.Scope | FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const host = resolved.host.alias
    const sock = yield* socketTo(resolved, through)
    const { client, lost } = yield* handshake(resolved, sock, settings)
    const listeners = new Map<number, (channel: Duplex) => boolean>()
    client.on("tcp connection", (info, accept, reject) => {
      const take = listeners.get(info.destPort)
      if (take === undefined) return reject()
      const channel = accept()
      channel.on("error", () => {})
      if (!take(channel)) channel.destroy()
    })

    /** ssh2 throws at once on a dead connection: that must not be a defect. */
    const request = <A>(
      step: string,
      run: (done: (error: Error | undefined, value: A) => void) => void,
      discard: (value: A) => void
    ) =>
      Effect.suspend(() => {
        let opened: A | undefined
        let closed = false
        // Registered first, so that the wait can be interrupted; an answer that comes later is discarded.
        const close = Effect.sync(() => {
          closed = true
          if (opened !== undefined) discard(opened)
        })
        return Effect.addFinalizer(() => close).pipe(
          Effect.zipRight(Effect.async<A, SshError>((resume) => {
            run((error, value) => {
              if (error) return resume(Effect.fail(channelError(host, step, error)))
              if (closed) return discard(value)
              opened = value
              return resume(Effect.succeed(value))
            })
          })),
          Effect.catchAllDefect((cause) => Effect.fail(channelError(host, step, cause))),
          Effect.raceFirst(Deferred.await(lost))
        )
      })

    const listen: Transport["listen"] = ({ address = "127.0.0.1", port }) =>
      Effect.gen(function*() {
        const arrivals = yield* Queue.bounded<Duplex>(256)
        const bound = yield* Effect.acquireRelease(
          Effect.interruptible(
            Effect.async<number, SshError>((resume) => {
              client.forwardIn(address, port, (cause, bound) => {
                if (cause) return resume(Effect.fail(listenError(host, address, port, cause)))
                listeners.set(bound, (channel) => Queue.unsafeOffer(arrivals, channel))
                return resume(Effect.succeed(bound))
              })
            }).pipe(
              Effect.catchAllDefect((cause) => Effect.fail(channelError(host, "listen", cause))),
              Effect.raceFirst(Deferred.await(lost))
            )
          ),
          (bound) =>
            Effect.async<void>((resume) => {
              listeners.delete(bound)
              client.unforwardIn(address, bound, () => resume(Effect.void))
            }).pipe(
              // A connection that has gone has no port to give back.
              Effect.catchAllDefect(() => Effect.void),
              Effect.raceFirst(Effect.ignore(Deferred.await(lost))),
              (unbinding) => bounded.within(unbinding, "5 seconds")
            )
        )
        return {
          port: bound,
          connections: Stream.merge(Stream.fromQueue(arrivals), Stream.fromEffect(Deferred.await(lost)))
        }
      })

    return {
      host: resolved.host,
      lost: Deferred.await(lost),
      sever: Effect.sync(() => sock.destroy()),
      exec: (invocation) =>
        Effect.gen(function*() {
          const channel = yield* request<ClientChannel>(
            "exec",
            (done) => client.exec(shellCommand(invocation.program), done),
            (channel) => channel.close()
          )
          const process = yield* processOf(host, channel)
          yield* process.write(shellInput(invocation))
          return process
        }),
      files: Effect.map(
        request<SFTPWrapper>("sftp", (done) => client.sftp(done), (sftp) => sftp.end()),
        (sftp) => Files.make(host, sftp)
      ),
      dial: ({ address = "127.0.0.1", port }) =>
        request<ClientChannel>(
          "dial",
          (done) => client.forwardOut("127.0.0.1", 0, address, port, done),
          (channel) => channel.destroy()
        ).pipe(Effect.tap((channel) => Effect.sync(() => channel.on("error", () => {})))),
      listen
    } satisfies Transport
  }).pipe((opening) => {
    const duration = resolved.connectTimeout === undefined
      ? settings.connectTimeout
      : Duration.seconds(resolved.connectTimeout)
    return Effect.timeoutFail(opening, { duration, onTimeout: () => late(resolved, duration) })
  })

const late = (resolved: ResolvedHost, duration: Duration.Duration): SshError => {
  const through = resolved.proxyCommand === undefined ? "" : ` through \`${resolved.proxyCommand}\``
  return new SshError({
    reason: "Timeout",
    host: resolved.host.alias,
    step: "connect",
    detail: `${resolved.hostName}:${resolved.port} does not answer within ${Duration.format(duration)}${through}`,
    hint: "is the host up, and does a firewall drop packets to it? ConnectTimeout in the ssh config waits longer"
  })
}

const listenError = (host: string, address: string, port: number, cause: unknown) =>
  port === 0
    ? new SshError({
      reason: "ForwardRefused",
      host,
      step: "listen",
      detail: "the server listens on no port for us",
      hint: "does sshd allow it (AllowTcpForwarding, PermitListen)?",
      cause
    })
    : new SshError({
      reason: "PortInUse",
      host,
      step: "listen",
      detail: `${address}:${port} cannot be bound`,
      hint:
        `see who holds it: ssh ${host} ss -ltnp 'sport = :${port}'; or sshd forbids it (AllowTcpForwarding, PermitListen)`,
      cause
    })
