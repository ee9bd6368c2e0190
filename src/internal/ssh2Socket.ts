/**
 * The byte stream that an SSH connection runs over: a TCP socket, or a ProxyCommand's standard input and output.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { connect, type Socket } from "node:net"
import { Duplex, type Readable, type Writable } from "node:stream"
import type { SshError } from "../services/SshError.ts"
import { connectError, ProxyEnded } from "./ssh2Errors.ts"

/**
 * A TCP socket without Nagle: ssh2 leaves it on, and every command then waits for a delayed acknowledgement.
 *
 * @internal
 */
export const tcp = (
  host: string,
  address: { readonly host: string; readonly port: number }
): Effect.Effect<Socket, SshError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => connect({ ...address, noDelay: true })),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(Effect.tap((socket) =>
    Effect.async<void, SshError>((resume) => {
      socket.once("connect", () => resume(Effect.void))
      // Stays attached for the life of the socket: an error without a listener ends the process.
      socket.on("error", (cause) => resume(Effect.fail(connectError(host, `${address.host}:${address.port}`, cause))))
    })
  ))

type Proxy = ChildProcessByStdio<Writable, Readable, Readable>

class ProxySocket extends Duplex {
  readonly #child: Proxy
  constructor(child: Proxy) {
    super()
    this.#child = child
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause()
    })
    // A proxy that says no more is no use; its end, with what it had to say of it, comes with `close`.
    child.stdout.on("end", () => child.kill())
    child.stdin.on("error", () => child.kill())
  }
  override _read(): void {
    this.#child.stdout.resume()
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    // What could not be written is told by the end of the proxy, which knows why.
    this.#child.stdin.write(chunk, () => done())
  }
  override _final(done: () => void): void {
    this.#child.stdin.end(done)
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.stdin.destroy()
    this.#child.stdout.destroy()
    done(error)
  }
}

/**
 * The stream of a ProxyCommand, run by `sh -c` as OpenSSH does. What it says on standard error is in the error when it ends.
 *
 * @internal
 */
export const proxy = (command: string): Effect.Effect<Duplex, SshError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "pipe"] })
        const socket = new ProxySocket(child)
        const said: Array<string> = []
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          said.push(text)
          if (said.length > 20) said.shift()
        })
        child.on("error", (cause) => socket.destroy(cause))
        child.on("close", (code, signal) => socket.destroy(new ProxyEnded(command, code, signal, said.join(""))))
        socket.on("error", () => {})
        return { child, socket }
      }),
      ({ child, socket }) =>
        Effect.sync(() => {
          socket.destroy()
          child.kill()
        })
    ),
    ({ socket }) => socket
  )
