/**
 * A ProxyCommand: a process whose standard input and output an SSH connection runs over.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { Duplex, type Readable, type Writable } from "node:stream"
import { SshError } from "../services/SshError.ts"
import * as ProcessGroup from "./processGroup.ts"
import { ProxyEnded } from "./ssh2Errors.ts"

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** A line of a chatty command is enough to know what ails it. */
const mostSaid = 20

class ProxySocket extends Duplex {
  readonly #child: Child
  constructor(child: Child) {
    super()
    this.#child = child
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause()
    })
  }
  override _read(): void {
    this.#child.stdout.resume()
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    // What it no longer reads is told by its end, with a reason.
    this.#child.stdin.write(chunk, () => done())
  }
  override _final(done: () => void): void {
    this.#child.stdin.end(() => done())
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.stdin.destroy()
    this.#child.stdout.destroy()
    done(error)
  }
}

const start = (host: string, command: string) =>
  Effect.try({
    try: () => {
      const child = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "pipe"], detached: true })
      const socket = new ProxySocket(child)
      const said: Array<string> = []
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said.push(text)
        if (said.length > mostSaid) said.shift()
      })
      child.stdin.on("error", () => {})
      // Half a proxy is none; its exit then says what happened.
      child.stdout.on("error", () => {}).on("end", () => child.kill())
      child
        .on("error", (cause) => socket.destroy(cause))
        .on("close", (code, signal) => socket.destroy(new ProxyEnded(command, code, signal, said.join(""))))
      return { child, socket: socket.on("error", () => {}) }
    },
    catch: (cause) =>
      new SshError({
        reason: "Spawn",
        host,
        step: "connect",
        detail: `the ProxyCommand \`${command}\` cannot be started`,
        cause
      })
  })

/**
 * The stream of a ProxyCommand, run by `sh -c` as OpenSSH does. What it says on standard error is in the error when it ends.
 *
 * @internal
 */
export const proxy = (host: string, command: string): Effect.Effect<Duplex, SshError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      start(host, command),
      ({ child, socket }) => Effect.zipRight(Effect.sync(() => socket.destroy()), ProcessGroup.end(child, "all"))
    ),
    ({ socket }) => socket
  )
