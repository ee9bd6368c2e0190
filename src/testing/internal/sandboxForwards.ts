/**
 * Forwards of ports and Unix sockets of a Sandbox host, in both directions.
 *
 * @since 0.1.0
 */
import { chmodSync } from "node:fs"
import * as net from "node:net"
import type { ServerCallback, ServerChannel, SocketBindInfo, TcpipBindInfo } from "ssh2"
import type { Peer } from "./sandboxPeer.ts"

/** Half closes pass through; what is on its way when one side closes still arrives. */
const join = (channel: ServerChannel, socket: net.Socket): void => {
  let ended = 0
  const end = (): void => {
    ended += 1
    if (ended === 2) channel.end()
  }
  // Not piped to its end: `end` of a server's channel closes both directions.
  socket.pipe(channel, { end: false })
  socket.once("end", () => {
    // An empty chunk queues behind those that wait for the peer's window.
    channel.write(Buffer.alloc(0), () => {
      channel.eof()
      end()
    })
  })
  channel.pipe(socket)
  channel.once("end", end)
  channel.once("close", () => socket.destroySoon())
  channel.on("error", () => socket.destroy())
  socket.on("error", () => channel.end())
}

const portOf = (server: net.Server): number => {
  const address = server.address()
  return address === null || typeof address === "string" ? 0 : address.port
}

/**
 * What sshd calls `AllowTcpForwarding`, `AllowStreamLocalForwarding` and `PermitOpen`.
 *
 * @internal
 */
export interface Allowed {
  /** `local` is what the host connects to, `remote` where it listens. */
  readonly ports: boolean | "local" | "remote"
  readonly sockets: boolean | "local" | "remote"
  /** `host:port`, or `host:*`. All without a list. */
  readonly open: ReadonlyArray<string> | undefined
}

const permits = (list: ReadonlyArray<string> | undefined, host: string, port: number): boolean =>
  list === undefined || list.includes(`${host}:${port}`) || list.includes(`${host}:*`)

const local = (allowed: boolean | "local" | "remote"): boolean => allowed === true || allowed === "local"
const remote = (allowed: boolean | "local" | "remote"): boolean => allowed === true || allowed === "remote"

/**
 * Serves forwards in both directions; listeners and sockets go with the connection.
 *
 * @internal
 */
export const serve = (peer: Peer, allowed: Allowed): void => {
  const { connection } = peer
  /** By address and port, or by path. */
  const listeners = new Map<string, net.Server>()

  const keep = (socket: net.Socket): void => {
    const forget = peer.whenGone(() => socket.destroySoon())
    socket.once("close", forget)
  }

  const reach = (to: net.NetConnectOpts, accept: () => ServerChannel, reject: () => void): void => {
    const socket = net.connect({ ...to, allowHalfOpen: true, noDelay: true })
    keep(socket)
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.off("error", reject).on("error", () => {})
      if (peer.gone()) return
      join(accept(), socket)
    })
  }
  // Without a listener ssh2 answers as sshd does: administratively prohibited.
  if (local(allowed.ports)) {
    connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
      if (permits(allowed.open, destIP, destPort)) reach({ host: destIP, port: destPort }, accept, reject)
      // ssh2 gives another reason than sshd: failed to connect.
      else reject()
    })
  }
  if (local(allowed.sockets)) {
    connection.on(
      "openssh.streamlocal",
      (accept, reject, { socketPath }) => reach({ path: socketPath }, accept, reject)
    )
  }

  /** `open` asks the client to take the connection. */
  const carry = (socket: net.Socket, open: (taken: ServerCallback) => void): void => {
    keep(socket)
    socket.on("error", () => socket.destroy())
    if (peer.gone()) return void socket.destroy()
    open((error, channel) => {
      if (error !== undefined) return void socket.destroy()
      if (socket.destroyed) return channel.end()
      join(channel, socket)
    })
  }

  const listen = (parts: {
    readonly at: net.ListenOptions
    /** By what the client knows the forward. */
    readonly key: (server: net.Server) => string
    readonly carry: (socket: net.Socket, server: net.Server) => void
    readonly bound: (server: net.Server) => void
    readonly reject: () => void
  }): void => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    server.on("connection", (socket) => parts.carry(socket, server))
    const forget = peer.whenGone(() => server.close())
    server.on("error", () => {
      forget()
      parts.reject()
    })
    server.on("close", forget)
    server.listen(parts.at, () => {
      if (peer.gone()) return
      listeners.set(parts.key(server), server)
      parts.bound(server)
    })
  }

  const listenOnPort = ({ bindAddr, bindPort }: TcpipBindInfo, accept: (port: number) => void, reject: () => void) =>
    listen({
      // Never elsewhere than on loopback, of the family that was asked for.
      at: { port: bindPort, host: bindAddr === "::1" ? "::1" : "127.0.0.1" },
      key: (server) => `${bindAddr}:${portOf(server)}`,
      carry: (socket, server) => {
        const { remoteAddress = "127.0.0.1", remotePort = 0 } = socket
        carry(socket, (taken) => connection.forwardOut(bindAddr, portOf(server), remoteAddress, remotePort, taken))
      },
      bound: (server) => accept(portOf(server)),
      reject
    })

  const listenOnSocket = ({ socketPath }: SocketBindInfo, accept: () => void, reject: () => void) =>
    listen({
      at: { path: socketPath },
      key: () => socketPath,
      carry: (socket) => carry(socket, (taken) => connection.openssh_forwardOutStreamLocal(socketPath, taken)),
      bound: () => {
        // As sshd's StreamLocalBindMask by default.
        chmodSync(socketPath, 0o600)
        accept()
      },
      reject
    })

  const cancel = (key: string, accept: () => void, reject: () => void): void => {
    const server = listeners.get(key)
    if (server === undefined) return reject()
    listeners.delete(key)
    server.close()
    accept()
  }

  connection.on("request", (accept, reject, name, info) => {
    const yes = (port?: number) => accept?.(port)
    const no = () => reject?.()
    if (name === "tcpip-forward") return remote(allowed.ports) ? listenOnPort(info, yes, no) : no()
    if (name === "cancel-tcpip-forward") cancel(`${info.bindAddr}:${info.bindPort}`, yes, no)
  })
  type Socket = "streamlocal-forward@openssh.com" | "cancel-streamlocal-forward@openssh.com"
  connection.on("request", (accept: (() => void) | undefined, reject, name: Socket, info: SocketBindInfo) => {
    const yes = () => accept?.()
    const no = () => reject?.()
    if (name === "streamlocal-forward@openssh.com") {
      return remote(allowed.sockets)
        ? listenOnSocket(info, yes, no)
        : no()
    }
    if (name === "cancel-streamlocal-forward@openssh.com") cancel(info.socketPath, yes, no)
  })
}
