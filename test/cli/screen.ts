/** Command lines typed in a real terminal: tmux, of a fixed size, with a server of its own; and what stands on the screen. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as patience from "../patience.ts"

/** What one command has left on the screen; `[CODE] $` is the prompt. */
export interface Screen {
  /** Without trailing blanks, and in one line what was written so. */
  readonly text: string
  /** The same with its colours. */
  readonly colours: string
  /** The lines that were wider than the terminal. */
  readonly wider: ReadonlyArray<string>
}

export type Terminal = Effect.Effect.Success<ReturnType<typeof open>>

export interface Options {
  /** The user's home, which holds all that the terminal needs. */
  readonly home: string
  /** The file that is `lazycluster` there. Default: none is. */
  readonly command?: string | undefined
  /** Where the shell works. Default: the home. */
  readonly directory?: string | undefined
  /** Default 100. */
  readonly columns?: number | undefined
  /** Default 30. */
  readonly rows?: number | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

const trimmed = (text: string) => text.split("\n").map((line) => line.trimEnd()).join("\n").trimEnd()

/** A shell in a terminal; `bin` of the home is in its PATH. The scope ends the terminal and all in it. */
export const open = Effect.fn("screen.open")(
  function*({ columns = 100, command, directory, env = {}, home, rows = 30 }: Options) {
    const bin = path.join(home, "bin")
    // Its name is short: the path of a socket is.
    const socket = path.join(home, `t${columns}`)
    yield* Effect.sync(() => {
      fs.mkdirSync(bin, { recursive: true })
      fs.writeFileSync(path.join(home, ".shrc"), "PS1='[$?] $ '\n")
      if (command !== undefined) {
        fs.rmSync(path.join(bin, "lazycluster"), { force: true })
        fs.symlinkSync(command, path.join(bin, "lazycluster"))
      }
    })
    const tmux = (...words: ReadonlyArray<string>) =>
      Effect.async<string>((resume) => {
        execFile("tmux", ["-S", socket, "-f", "/dev/null", ...words], {
          env: {
            PATH: `${bin}:${process.env["PATH"] ?? ""}`,
            HOME: home,
            LANG: "C.UTF-8",
            TERM: "xterm-256color",
            ENV: path.join(home, ".shrc"),
            TMPDIR: path.join(home, "tmp"),
            XDG_STATE_HOME: path.join(home, "state"),
            XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? path.join(process.env["HOME"] ?? "/root", ".cache"),
            ...env
          }
        }, (error, stdout, stderr) => resume(error === null ? Effect.succeed(stdout) : Effect.dieMessage(stderr)))
      })
    yield* Effect.acquireRelease(
      tmux("new-session", "-d", "-s", "screen", "-x", `${columns}`, "-y", `${rows}`, "-c", directory ?? home, "sh"),
      () => tmux("kill-server")
    )
    yield* tmux("set-option", "-g", "history-limit", "5000")
    const shown = (...more: ReadonlyArray<string>) => tmux("capture-pane", "-p", "-t", "screen", "-S", "-", ...more)

    const now: Effect.Effect<Screen> = Effect.gen(function*() {
      const text = trimmed(yield* shown("-J"))
      return {
        text,
        colours: trimmed(yield* shown("-e")),
        wider: text.split("\n").filter((line) => line.length > columns)
      }
    })

    /** What it shows once it shows that, or at last. */
    const until = (is: (screen: Screen) => boolean, seconds = 60): Effect.Effect<Screen> =>
      patience.until(now, is, seconds)

    /** A shell on an empty screen. */
    const fresh = tmux("respawn-pane", "-k", "-t", "screen", "sh").pipe(
      Effect.zipRight(tmux("clear-history", "-t", "screen")),
      Effect.zipRight(until(({ text }) => text === "[0] $"))
    )

    const type = (line: string) =>
      Effect.zipRight(tmux("send-keys", "-t", "screen", "-l", line), tmux("send-keys", "-t", "screen", "Enter"))

    const done = ({ text }: Screen) => /\n\[\d+\] \$$/.test(text)

    return {
      until,
      type,
      done,
      /** A key by tmux's name: `C-c`. */
      key: (name: string) => tmux("send-keys", "-t", "screen", name),
      fresh,
      /** A command on an empty screen, until the prompt is back. */
      run: (line: string, seconds?: number): Effect.Effect<Screen> =>
        fresh.pipe(Effect.zipRight(type(line)), Effect.zipRight(until(done, seconds)))
    }
  }
)
