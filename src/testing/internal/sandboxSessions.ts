/**
 * Sessions of one connection to a Sandbox host: commands, shells and SFTP, as many as are allowed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { ServerChannel } from "ssh2"
import type { Peer } from "./sandboxPeer.ts"
import * as processes from "./sandboxProcess.ts"
import { keepRequests } from "./sandboxQuirks.ts"
import * as sftp from "./sandboxSftp.ts"
import type { Terminal } from "./sandboxTerminal.ts"

/**
 * What a connection gets.
 *
 * @internal
 */
export interface Options {
  readonly peer: Peer
  readonly place: processes.Place
  readonly maxSessions: number
  readonly environment: Readonly<Record<string, string>>
  /** Patterns of the variables that a client may set. */
  readonly acceptEnv: ReadonlyArray<string>
  readonly terminals: boolean
  /** What the client calls itself. */
  readonly software: string
  /** Runs an effect; gives the way to interrupt it. */
  readonly fork: (effect: Effect.Effect<void>) => () => void
}

/** As sshd's patterns: `*` and `?`. */
const matches = (pattern: string, name: string): boolean =>
  new RegExp(
    `^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`
  ).test(name)

/** sshd bounds what a session may set, too. */
const mostVariables = 128

/**
 * Serves them.
 *
 * @internal
 */
export const serve = (options: Options): void => {
  const { environment, maxSessions, peer, place } = options
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

    const asked = new Map<string, string>()
    let terminal: Terminal | undefined
    session.on("env", (accept, reject, { key, val }) => {
      if (asked.size >= mostVariables || !options.acceptEnv.some((pattern) => matches(pattern, key))) return reject?.()
      asked.set(key, val)
      accept?.()
    })
    session.on("pty", (accept, reject, { cols, rows, term }) => {
      if (!options.terminals || terminal !== undefined) return reject?.()
      terminal = { cols, rows, term: term ?? "dumb" }
      accept?.()
    })
    const run = (accept: () => ServerChannel | undefined, command?: string): void => {
      const channel = accept()
      if (channel === undefined) return
      holds += 1
      processes.run({
        peer,
        session,
        channel,
        command,
        terminal,
        place,
        environment: { ...Object.fromEntries(asked), ...environment },
        ended: release
      })
    }
    session.on("exec", (accept, _reject, info) => run(accept, info.command))
    session.on("shell", (accept) => run(accept))
    // Not "sftp", which would have ssh2 read the packets.
    session.on("subsystem", (accept, reject, { name }) => {
      if (name !== "sftp") return reject()
      const channel = accept()
      if (channel === undefined) return
      channel.on("error", () => {})
      const stop = options.fork(sftp.serve(channel, {
        home: place.home,
        targetFirst: /^(OpenSSH|paramiko|dropbear)/i.test(options.software)
      }))
      session.once("close", stop)
      peer.whenGone(stop)
    })
  })
}
