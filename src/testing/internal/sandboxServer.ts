/**
 * One host of a Sandbox: an SSH server in this process, on a free port of loopback.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import ssh2 from "ssh2"
import type { Connection, ServerChannel } from "ssh2"
import { SandboxError } from "../SandboxError.ts"
import * as forwards from "./sandboxForwards.ts"
import * as logins from "./sandboxLogins.ts"
import * as peers from "./sandboxPeer.ts"
import * as processes from "./sandboxProcess.ts"
import { keepRequests } from "./sandboxQuirks.ts"
import * as sftp from "./sandboxSftp.ts"
import { sweep } from "./sandboxSweep.ts"

/**
 * What a host is made of.
 *
 * @internal
 */
export interface Options {
  readonly alias: string
  /** `127.0.0.1` or `::1`. */
  readonly address: string
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
  /** In OpenSSH's format. */
  readonly hostKey: string
  readonly logins: ReadonlyArray<logins.Login>
  readonly maxAuthTries: number
  readonly maxSessions: number
  readonly forwarding: forwards.Allowed
}

/**
 * A host that listens.
 *
 * @internal
 */
export interface Running {
  readonly port: number
  readonly connections: Effect.Effect<number>
  readonly cut: Effect.Effect<void>
  readonly stall: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

const serveSessions = (
  peer: peers.Peer,
  place: processes.Place,
  maxSessions: number,
  environment: Readonly<Record<string, string>>
): void => {
  let sessions = 0
  peer.connection.on("session", (accept, reject) => {
    if (sessions >= maxSessions) return reject()
    const session = accept()
    keepRequests(session)
    // As in sshd, a session lasts until its channel is closed and its process has ended.
    sessions += 1
    let holds = 1
    const release = (): void => {
      holds -= 1
      if (holds === 0) sessions -= 1
    }
    session.once("close", release)
    session.on("pty", (accept) => accept?.())
    const run = (accept: () => ServerChannel | undefined, command?: string): void => {
      const channel = accept()
      if (channel === undefined) return
      holds += 1
      processes.run({ peer, session, channel, command, place, environment, ended: release })
    }
    session.on("exec", (accept, _reject, info) => run(accept, info.command))
    session.on("shell", (accept) => run(accept))
    session.on("sftp", (accept) => {
      sftp.serve(accept(), place.home, (end) => {
        session.once("close", end)
        peer.whenGone(end)
      })
    })
  })
}

const open = (
  options: Options
): Effect.Effect<Running & { readonly stop: Effect.Effect<void> }, SandboxError> =>
  Effect.async((resume) => {
    const place: processes.Place = { home: options.home, environment: options.environment, children: new Set() }
    const sockets = new Set<net.Socket>()
    const held = new Set<net.Socket>()
    let accepted = 0
    let stalled = false

    const serve = (connection: Connection, port: number): void => {
      const peer = peers.make(connection)
      const { address } = options
      const environment: Record<string, string> = {
        SSH_CONNECTION: `${address} ${port} ${address} ${portOf()}`,
        SSH_CLIENT: `${address} ${port} ${portOf()}`
      }
      logins.serve(connection, {
        logins: options.logins,
        maxTries: options.maxAuthTries,
        entered: (user) => Object.assign(environment, { USER: user, LOGNAME: user })
      })
      serveSessions(peer, place, options.maxSessions, environment)
      forwards.serve(peer, options.forwarding)
    }
    const ssh = new ssh2.Server({
      hostKeys: [options.hostKey],
      ident: "lazycluster-sandbox",
      // As sshd by default: it never asks whether the client still lives. There is no "never" here, so 24 days.
      keepaliveInterval: 2 ** 31 - 1
    }, (connection, info) => serve(connection, info.port))

    const listener = net.createServer({ noDelay: true }, (socket) => {
      accepted += 1
      sockets.add(socket)
      socket.on("error", () => {}).once("close", () => {
        sockets.delete(socket)
        held.delete(socket)
      })
      if (stalled) held.add(socket)
      else ssh.injectSocket(socket)
    })
    const portOf = (): number => {
      const address = listener.address()
      return address === null || typeof address === "string" ? 0 : address.port
    }

    const cut = Effect.sync(() => {
      for (const socket of sockets) socket.destroy()
    })
    const killed = Effect.async<void>((resume) => {
      let left = place.children.size
      if (left === 0) return resume(Effect.void)
      for (const child of place.children) {
        child.once("exit", () => {
          left -= 1
          if (left === 0) resume(Effect.void)
        })
        processes.signal(child, "SIGKILL")
      }
    })

    const failed = (cause: Error) =>
      resume(
        new SandboxError({
          reason: "Listen",
          host: options.alias,
          step: "listen",
          detail: `no port of ${options.address} can be bound: ${cause.message}`,
          cause
        })
      )
    listener.once("error", failed)
    listener.listen(0, options.address, () => {
      listener.off("error", failed).on("error", () => {})
      resume(Effect.succeed({
        port: portOf(),
        connections: Effect.sync(() => accepted),
        cut,
        stall: Effect.sync(() => {
          if (stalled) return
          stalled = true
          for (const socket of sockets) {
            socket.pause()
            socket.cork()
          }
        }),
        resume: Effect.sync(() => {
          if (!stalled) return
          stalled = false
          for (const socket of sockets) {
            if (held.has(socket)) ssh.injectSocket(socket)
            else {
              socket.uncork()
              socket.resume()
            }
          }
          held.clear()
        }),
        stop: Effect.gen(function*() {
          yield* cut
          listener.close()
          // In a fiber of its own, since a deadline needs one that can be interrupted, and finalizers cannot.
          const ending = yield* Effect.forkDaemon(Effect.interruptible(killed).pipe(Effect.timeoutOption("5 seconds")))
          yield* Fiber.join(ending)
          sweep(options.home)
        })
      }))
    })
  })

/**
 * Starts a host. Closing the scope destroys its sockets, frees its port and kills the processes that it started.
 *
 * @internal
 */
export const listen = (options: Options): Effect.Effect<Running, SandboxError, Scope.Scope> =>
  Effect.acquireRelease(open(options), (running) => running.stop)
