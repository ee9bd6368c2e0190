/**
 * Commands of a Sandbox host: a process behind a channel, with pipes or in a terminal.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { type ChildProcess, spawn } from "node:child_process"
import { constants } from "node:os"
import { Writable } from "node:stream"
import type { ServerChannel, Session } from "ssh2"
import type { Peer } from "./sandboxPeer.ts"
import { forgetChunk } from "./sandboxQuirks.ts"
import * as terminals from "./sandboxTerminal.ts"
import * as turns from "./sandboxTurns.ts"

/**
 * Where the processes of a host start.
 *
 * @internal
 */
export interface Place {
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
  /** Those that live. */
  readonly children: Set<ChildProcess>
}

/** The signals of RFC 4254: sshd delivers these to the group of the process. */
const signals = new Set([
  "ABRT",
  "ALRM",
  "FPE",
  "HUP",
  "ILL",
  "INT",
  "KILL",
  "PIPE",
  "QUIT",
  "SEGV",
  "TERM",
  "USR1",
  "USR2"
])

/**
 * Signals a process and its group, unless it has ended: its number may be another's by then.
 *
 * @internal
 */
export const signal = (child: ChildProcess, name: NodeJS.Signals): void => {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  Either.try(() => process.kill(-pid, name))
}

const isSignal = (name: string): name is NodeJS.Signals => signals.has(name.slice(3))

/** Writes of both outputs take turns: see `forgetChunk`. */
const outputs = (channel: ServerChannel): (to: Writable) => Writable => {
  const inTurn = turns.make()
  return (to) =>
    new Writable({
      write: (chunk, _encoding, written) =>
        inTurn((done) => {
          to.write(chunk, () => {
            forgetChunk(channel)
            done()
            written()
          })
        })
    })
}

const reportExit = (channel: ServerChannel, code: number | null, name: NodeJS.Signals | null): void => {
  if (name === null) channel.exit(code ?? 255)
  else if (isSignal(name)) channel.exit(name)
  else channel.exit(128 + constants.signals[name])
}

/**
 * Runs a command line (a shell without one) behind a channel. A channel that closes takes the pipes away, never the process;
 * a terminal hangs up. `ended` runs when the process has ended.
 *
 * @internal
 */
export const run = (options: {
  readonly peer: Peer
  readonly session: Session
  readonly channel: ServerChannel
  readonly command: string | undefined
  /** Without one: pipes. */
  readonly terminal: terminals.Terminal | undefined
  readonly place: Place
  readonly environment: Readonly<Record<string, string>>
  readonly ended: () => void
}): void => {
  const { channel, command, peer, place, session, terminal } = options
  channel.on("error", () => {})
  const [program = "", ...words] = terminal === undefined
    ? ["/bin/sh", ...(command === undefined ? [] : ["-c", command])]
    : terminals.words(terminal, command)
  const child = spawn(program, words, {
    cwd: place.home,
    env: { ...place.environment, ...options.environment, ...(terminal === undefined ? {} : { TERM: terminal.term }) },
    // A session of its own, so that a signal reaches what the command started, and nothing of ours.
    detached: true
  })
  if (child.pid === undefined) {
    child.once("error", (error) => {
      channel.stderr.write(`${error.message}\n`, () => {
        channel.exit(255)
        channel.end()
      })
    })
    channel.resume()
    return options.ended()
  }
  place.children.add(child)
  child.on("error", () => {})
  child.once("exit", () => {
    place.children.delete(child)
    options.ended()
  })

  const output = outputs(channel)
  let open = 3
  const part = (): void => {
    open -= 1
    if (open > 0) return
    reportExit(channel, child.exitCode, child.signalCode)
    channel.end()
  }
  child.once("close", part)
  child.stdout.on("error", () => {}).pipe(output(channel).once("finish", part))
  child.stderr.on("error", () => {}).pipe(output(channel.stderr).once("finish", part))

  // The channel is read to its end in any case: ssh2 closes it only then.
  channel.pipe(child.stdin)
  // Behind the pipe's own listener, which pauses the channel.
  const discard = () => channel.unpipe(child.stdin).resume()
  child.stdin.on("error", () => {}).once("close", discard)

  session.on("signal", (_accept, _reject, info) => {
    const name = `SIG${info.name.replace(/^SIG/, "")}`
    if (!isSignal(name)) return
    if (terminal === undefined) signal(child, name)
    else terminals.signal(child, name)
  })
  session.on("window-change", (_accept, _reject, size) => {
    if (terminal !== undefined) terminals.resize(child, size)
  })
  const deafen = (): void => {
    child.stdout.destroy()
    child.stderr.destroy()
    // A terminal that closes hangs up on what runs in it.
    if (terminal !== undefined) signal(child, "SIGKILL")
  }
  const forget = peer.whenGone(() => {
    deafen()
    child.stdin.destroy()
  })
  // Input that came before the close is still delivered.
  session.once("close", deafen)
  child.once("close", forget)
}
