/**
 * A host taken into use: its guardian, and what a runtime can do through it.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import * as localUser from "../internal/localUser.ts"
import * as Observable from "../internal/observable.ts"
import * as programs from "../internal/programs.ts"
import * as remotePath from "../internal/remotePath.ts"
import { pythonArgv, pythonInput } from "../internal/shipping.ts"
import * as Guardian from "../services/Guardian.ts"
import * as Host from "../services/Host.ts"
import * as Ledger from "../services/Ledger.ts"
import * as Progress from "../services/Progress.ts"
import { failure } from "../services/PythonEnvironmentError.ts"
import { RuntimeError } from "../services/RuntimeError.ts"
import { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import { Cleanup, HostReport } from "./Cleanup.ts"
import type { Options, Runtime } from "./Runtime.ts"
import * as runtimeFiles from "./runtimeFiles.ts"
import * as runtimeGpus from "./runtimeGpus.ts"
import * as runtimeListener from "./runtimeListener.ts"
import * as runtimeProcesses from "./runtimeProcesses.ts"
import * as runtimeTasks from "./runtimeTasks.ts"

/** The name of the variable that holds the working directory. */
const workingDirectoryVariable = "WORKING_DIR"

/** What the guardian's protocol, a line a message with tabs between, cannot carry. */
const unusable = /[\n\t\0]/

const unusableDirectory = (host: string, path: string): RuntimeError =>
  new RuntimeError({
    reason: "WorkingDirectory",
    host,
    step: "working directory",
    detail: `${JSON.stringify(path)} holds a newline, a tab or a NUL`,
    hint: "name another `workingDirectory`: this one could not stand in a line of text"
  })

const unusableSetup = (host: string): RuntimeError =>
  new RuntimeError({
    reason: "Setup",
    host,
    step: "setup",
    detail: "it holds a NUL",
    hint: "nothing was started; `setup` is a text without NUL"
  })

const identifier = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 36), 12),
  (digits) => digits.map((digit) => digit.toString(36)).join("")
)

const unusableManager = ({ message }: SshConfigError | RuntimeError) =>
  failure({ reason: "Download", host: Host.manager.alias, step: "start on the manager", detail: message })

/**
 * The steps of `Runtime.make`; what they acquired stays when one of them fails.
 *
 * @internal
 */
export const acquire = Effect.fnUntraced(function*(
  host: string | Host.Host,
  options: Options
): Effect.fn.Return<Runtime, SshError | SshConfigError | RuntimeError, Ssh | Scope.Scope> {
  const ssh = yield* Ssh
  const cleanup = yield* Cleanup
  const named = typeof host === "string" ? yield* Host.parse(host) : host
  if (unusable.test(options.workingDirectory ?? "")) {
    return yield* unusableDirectory(named.alias, options.workingDirectory ?? "")
  }
  if (options.setup?.includes("\0") === true) return yield* unusableSetup(named.alias)
  yield* Effect.annotateCurrentSpan("host", named.alias)
  const id = yield* identifier
  const lease = Duration.max(Duration.decode(options.lease ?? "30 seconds"), "2 seconds")
  const grace = Duration.decode(options.grace ?? "2 seconds")
  const scripts = {
    guardian: yield* programs.load("guardian", "sh"),
    anchor: yield* programs.load("anchor", "sh")
  }
  const guardian = yield* Progress.step(named.alias, "connect", () =>
    Guardian.make({
      id,
      host: named,
      connect: ssh.connect(named),
      programs: scripts,
      workingDirectory: options.workingDirectory,
      lease,
      grace,
      executables: options.executables ?? [],
      setup: options.setup,
      outputLimit: options.outputLimit,
      onEnd: (ended) =>
        cleanup.add(HostReport.make({
          host: named.alias,
          runtime: id,
          reached: Option.isSome(ended),
          ...Option.getOrElse(ended, () => ({ ended: 0, killed: 0, left: [], removed: [], kept: [], stuck: [] }))
        }))
    }))

  const { facts, workingDirectory } = guardian
  const linkState = Observable.map(
    guardian.link,
    (link) => link._tag === "Up" ? "up" : link._tag === "Away" ? "away" : "gone"
  )
  const resolve = (path: string) => remotePath.resolve(path, { home: facts.home, workingDirectory })
  const user = yield* localUser.current
  const ledger = yield* Ledger.make({ id, host: named.alias, owner: `${user.name}@${user.machine}`, lease, guardian })
  const files = yield* runtimeFiles.make(guardian.connection)
  const processes = yield* runtimeProcesses.make({ guardian, ledger, files, grace })
  const whole: Omit<Runtime, "environment" | "exec" | "spawn" | "start" | "python" | "under"> = {
    id,
    host: named,
    facts,
    workingDirectory,
    resolve,
    connection: guardian.connection,
    link: linkState.changes,
    linkState,
    files,
    holdsPort: ledger.port,
    holdsGpus: yield* runtimeGpus.make({ guardian, ledger, files }),
    listener: yield* runtimeListener.make(id, guardian.connection),
    manager: allOrNothing.make(acquire(Host.manager, {})).pipe(
      Effect.provideService(Ssh, ssh),
      Effect.catchTags({ SshConfigError: unusableManager, RuntimeError: unusableManager })
    ),
    passing: options.workingDirectory === undefined ? workingDirectory : guardian.state,
    // Made last: at the end, what is in the background goes first.
    tasks: yield* runtimeTasks.make(named.alias)
  }
  /** The same runtime with another environment. */
  const under = (given: Readonly<Record<string, string>>): Runtime => {
    const environment = { ...given, [workingDirectoryVariable]: workingDirectory }
    const { exec, spawn, start } = processes({ id, host: named.alias, workingDirectory, environment, resolve })
    return {
      ...whole,
      environment,
      exec,
      spawn,
      start,
      under,
      python: Effect.fnUntraced(function*(program, args, { env, python = "python3" } = {}) {
        const process = yield* exec({ argv: pythonArgv(program, python), env })
        yield* process.write(pythonInput(program, args))
        return process
      })
    }
  }
  return under(options.environment ?? {})
})
