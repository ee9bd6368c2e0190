/** The command line as a user runs it, with a home of its own, and what it leaves there. */
import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { until } from "../patience.ts"

const root = path.join(import.meta.dirname, "..", "..")

/** Waits until a probe gives an empty list; tells what it gave last. */
export const none = (what: string, probe: Effect.Effect<ReadonlyArray<string>>, seconds = 120): Effect.Effect<void> =>
  Effect.map(
    until(probe, (found) => found.length === 0, seconds, 100),
    (found) => assert.deepStrictEqual([...found], [], what)
  )

/** Waits until a probe holds. */
export const holds = (what: string, probe: Effect.Effect<boolean>, seconds = 120): Effect.Effect<void> =>
  none(what, Effect.map(probe, (held) => held ? [] : ["not yet"]), seconds)

/** A home, a directory for temporary files and one for states; the cache is the user's, so that environments are there. */
export const home = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "lazycluster-cli-")))
    fs.mkdirSync(path.join(directory, "tmp"))
    return directory
  }),
  (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
)

const names = (directory: string): ReadonlyArray<string> =>
  Either.getOrElse(Either.try(() => fs.readdirSync(directory)), (): Array<string> => [])

/** Processes that were started below a home: each has it in its environment. */
export const processes = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.sync(() =>
    names("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      const read = (file: string) =>
        Either.getOrElse(Either.try(() => fs.readFileSync(`/proc/${pid}/${file}`, "latin1")), () => "")
      return read("environ").includes(directory)
        ? [`${pid} ${read("cmdline").replaceAll("\0", " ").slice(0, 200)}`]
        : []
    })
  )

/** Processes of runtimes: their environment names a lease. */
export const leased = (directory: string): Effect.Effect<number> =>
  Effect.sync(() =>
    names("/proc").filter((pid) => {
      const environ = Either.getOrElse(Either.try(() => fs.readFileSync(`/proc/${pid}/environ`, "latin1")), () => "")
      return environ.includes(directory) && environ.includes("LAZYCLUSTER_LEASE=")
    }).length
  )

/** Files that a run should not leave: tsx keeps a cache of its own among the temporary ones. */
export const files = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.sync(() => [
    ...names(path.join(directory, "tmp")).filter((name) => !name.startsWith("tsx-")),
    ...names(path.join(directory, "state", "lazycluster")),
    ...names(directory).filter((name) => ["lazycluster", ".local", ".cache"].includes(name))
  ])

/** Processes and files. */
export const leftovers = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.zipWith(processes(directory), files(directory), (a, b) => [...a, ...b])

/** Runs a command on a terminal of its own, and ends as it does. */
const onTerminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"

/** Runs it; the scope kills it. On a terminal both outputs are one. */
export const start = (
  directory: string,
  words: ReadonlyArray<string>,
  options: { readonly terminal?: boolean } = {}
) =>
  Effect.gen(function*() {
    const exited = yield* Deferred.make<number | string>()
    const said = { stdout: "", stderr: "" }
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const own = ["--import", "tsx", "src/bin.ts", ...words]
        const [program, args] = options.terminal === true
          ? ["python3", ["-c", onTerminal, process.execPath, ...own]]
          : [process.execPath, own]
        const child = spawn(program, args, {
          cwd: root,
          env: {
            PATH: process.env["PATH"],
            HOME: directory,
            TMPDIR: path.join(directory, "tmp"),
            XDG_STATE_HOME: path.join(directory, "state"),
            XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache")
          },
          stdio: ["ignore", "pipe", "pipe"]
        })
        child.stdout.setEncoding("utf8").on("data", (text: string) => said.stdout += text)
        child.stderr.setEncoding("utf8").on("data", (text: string) => said.stderr += text)
        child.on("close", (code, signal) => Deferred.unsafeDone(exited, Effect.succeed(code ?? signal ?? "")))
        return child
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    return {
      said,
      signal: (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name)),
      /** Its code, or the signal that ended it. */
      exit: Deferred.await(exited).pipe(
        Effect.timeoutOption("200 seconds"),
        Effect.map(Option.getOrElse(() => `it still runs: ${said.stdout}${said.stderr}`))
      )
    }
  })
