/** A program run to its end, as from a shell of the user's: nothing of npm or Vitest in its environment. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"

/** What it wrote, and its exit code or the signal that ended it. */
export interface Called {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

const shell = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|node_env|vitest|test$|ci$)/i.test(name)))

/** Interrupted, it is killed, and what it has started with it. */
export const call = (
  cwd: string,
  argv: readonly [string, ...Array<string>],
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Called> =>
  Effect.async<Called>((resume) => {
    const [command, ...args] = argv
    const said = { stdout: "", stderr: "" }
    const child = spawn(command, args, {
      cwd,
      env: { ...shell(), npm_config_update_notifier: "false", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    child.stdout.setEncoding("utf8").on("data", (text: string) => said.stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text: string) => said.stderr += text)
    child.on("error", (error) => resume(Effect.succeed({ ...said, code: String(error) })))
    child.on("close", (code, signal) => resume(Effect.succeed({ ...said, code: code ?? signal ?? "" })))
    return Effect.sync(() => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, "SIGKILL")
      }
    })
  }).pipe(Effect.timeoutTo({
    duration: "3 minutes",
    onSuccess: (called: Called) => called,
    onTimeout: () => ({ code: "no end within 3 minutes", stdout: "", stderr: "" })
  }))
