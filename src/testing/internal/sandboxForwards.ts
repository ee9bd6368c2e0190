/**
 * Port forwards of a Sandbox host, in both directions.
 *
 * @since 0.1.0
 */
import * as net from "node:net"
import type { ServerChannel, TcpipBindInfo } from "ssh2"
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
 * Serves `direct-tcpip` and `tcpip-forward`; listeners and sockets go with the connection.
 *
 * @internal
 */
export const serve = (peer: Peer): void => {
  const { connection } = peer
  const listeners = new Map<string, net.Server>()

  const keep = (socket: net.Socket): void => {
    const forget = peer.whenGone(() => socket.destroySoon())
    socket.once("close", forget)
  }

  connection.on("tcpip", (accept, reject, info) => {
    const socket = net.connect({ host: info.destIP, port: info.destPort, allowHalfOpen: true, noDelay: true })
    keep(socket)
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.off("error", reject).on("error", () => {})
      if (peer.gone()) return
      join(accept(), socket)
    })
  })

  const carry = (socket: net.Socket, address: string, port: number): void => {
    keep(socket)
    socket.on("error", () => socket.destroy())
    if (peer.gone()) return void socket.destroy()
    const { remoteAddress = "127.0.0.1", remotePort = 0 } = socket
    connection.forwardOut(address, port, remoteAddress, remotePort, (error, channel) => {
      if (error !== undefined) return void socket.destroy()
      if (socket.destroyed) return channel.end()
      join(channel, socket)
    })
  }

  const listen = (info: TcpipBindInfo, accept: (port: number) => void, reject: () => void): void => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    // The client knows the forward by the address that it asked for.
    server.on("connection", (socket) => carry(socket, info.bindAddr, portOf(server)))
    const forget = peer.whenGone(() => server.close())
    server.on("error", () => {
      forget()
      reject()
    })
    server.on("close", forget)
    server.listen(info.bindPort, "127.0.0.1", () => {
      if (peer.gone()) return
      listeners.set(`${info.bindAddr}:${portOf(server)}`, server)
      accept(portOf(server))
    })
  }

  connection.on("request", (accept, reject, name, info) => {
    const yes = (port?: number) => accept?.(port)
    const no = () => reject?.()
    if (name === "tcpip-forward") return listen(info, yes, no)
    if (name !== "cancel-tcpip-forward") return no()
    const key = `${info.bindAddr}:${info.bindPort}`
    const server = listeners.get(key)
    if (server === undefined) return no()
    listeners.delete(key)
    server.close()
    yes()
  })
}
