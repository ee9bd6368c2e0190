/**
 * A host in use: its working directory, environment, facts and processes, all gone when its scope closes.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as allOrNothing from "../internal/allOrNothing.ts"
import * as bounded from "../internal/bounded.ts"
import * as followedOutput from "../internal/followedOutput.ts"
import * as localUser from "../internal/localUser.ts"
import * as programs from "../internal/programs.ts"
import * as recordedProcess from "../internal/recordedProcess.ts"
import * as remotePath from "../internal/remotePath.ts"
import { pythonArgv, pythonInput } from "../internal/shipping.ts"
import * as Guardian from "../services/Guardian.ts"
import * as Host from "../services/Host.ts"
import * as Ledger from "../services/Ledger.ts"
import * as Progress from "../services/Progress.ts"
import { RuntimeError } from "../services/RuntimeError.ts"
import { Ssh } from "../services/Ssh.ts"
import type { Files, SshConnection } from "../services/SshConnection.ts"
import { type SshConfigError, SshError } from "../services/SshError.ts"
import type { RuntimeTask } from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskEvent.ts"
import * as Runner from "../tasks/TaskRunner.ts"
import { type Command, commandProblems, type TaskTarget } from "../tasks/TaskTarget.ts"
import { Cleanup, HostReport } from "./Cleanup.ts"

/**
 * What a runtime may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Made if missing and kept. Without one a temporary directory is made, and removed at the end. */
  readonly workingDirectory?: string | undefined
  /** Added to the environment of every process. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /**
   * How long the host waits for a manager that is away (killed, asleep, cut off) before it ends everything. Default 30
   * seconds, at least 2.
   */
  readonly lease?: Duration.DurationInput | undefined
  /** Between TERM and KILL. Default 2 seconds. */
  readonly grace?: Duration.DurationInput | undefined
  /** Executables whose paths the facts should tell. */
  readonly executables?: ReadonlyArray<string> | undefined
}

/**
 * A long-running process of a runtime. Its output goes to files on the host, so it outlives a lost link; its scope ends it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly name: string
  readonly pid: number
  /** The exit code: 128 + n after signal n. Fails when the lease has run out: then the host has ended the process. */
  readonly exit: Effect.Effect<number, SshError>
  /** What it prints, from the beginning or from an offset; ends with the process. A lost link loses and repeats nothing. */
  readonly output: (from: "out" | "err", offset?: number) => Stream.Stream<Uint8Array, SshError>
  /** The last lines of what it printed. */
  readonly tail: Effect.Effect<ReadonlyArray<string>>
}

/**
 * A host in use.
 *
 * @since 0.1.0
 * @category models
 */
export interface Runtime extends TaskTarget {
  readonly id: string
  /** What every process has in its environment, `WORKING_DIR` among it. */
  readonly environment: Readonly<Record<string, string>>
  /** The connection in use. Waits while the link is away; fails when the lease has run out. */
  readonly connection: Effect.Effect<SshConnection, SshError>
  /** `up`, `away` or `gone`, whenever it changes. */
  readonly link: Stream.Stream<"up" | "away" | "gone">
  /** Notes in the ledger that a port of this host is held, as long as the scope is open. */
  readonly holdsPort: (port: number) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Whose the listener on a port of this host is: of this runtime (of the process, or of what it started), of somebody
   * else, nobody's; `unknown` where the host cannot tell.
   */
  readonly listener: (port: number, pid: number) => Effect.Effect<Listener, SshError>
  /** Starts a long-running process. The name shows in ledgers and logs: letters, digits, `.`, `_`, `-`. */
  readonly start: (name: string, command: Command) => Effect.Effect<Service, SshError, Scope.Scope>
}

/**
 * Whose a listening port is.
 *
 * @since 0.1.0
 * @category models
 */
export type Listener = "ours" | "foreign" | "nobody" | "unknown"

const isListener = Schema.is(Schema.Literal("ours", "foreign", "nobody"))

/** Milliseconds: beats go each second. */
const longSilence = 5000

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

const identifier = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 36), 12),
  (digits) => digits.map((digit) => digit.toString(36)).join("")
)

/**
 * Takes a host into use, in one round trip after the connection stands: guardian, directory, facts. Closing the scope ends
 * every process that was started and removes the temporary directory; the host does the same by itself when the manager
 * stays away for longer than the lease. Fails with `SshError`, `SshConfigError` or `RuntimeError`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Runtime } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const cores = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1", { workingDirectory: "~/experiment" })
 *   return runtime.facts.cpus
 * }).pipe(Effect.scoped)
 */
export const make = Effect.fn("Runtime.make")(function*(
  host: string | Host.Host,
  options: Options = {}
): Effect.fn.Return<Runtime, SshError | SshConfigError | RuntimeError, Ssh | Scope.Scope> {
  return yield* allOrNothing.make(acquire(host, options))
})

const acquire = Effect.fnUntraced(function*(host: string | Host.Host, options: Options) {
  const ssh = yield* Ssh
  const cleanup = yield* Cleanup
  const named = typeof host === "string" ? yield* Host.parse(host) : host
  if (unusable.test(options.workingDirectory ?? "")) {
    return yield* unusableDirectory(named.alias, options.workingDirectory ?? "")
  }
  yield* Effect.annotateCurrentSpan("host", named.alias)
  const run = yield* programs.load("run", "sh")
  const whose = yield* programs.load("listener", "sh")
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
      onEnd: (ended) =>
        cleanup.add(HostReport.make({
          host: named.alias,
          runtime: id,
          reached: Option.isSome(ended),
          ...Option.getOrElse(ended, () => ({ ended: 0, killed: 0, left: [], removed: [], kept: [], stuck: [] }))
        }))
    }))

  const places = { home: guardian.facts.home, workingDirectory: guardian.workingDirectory }
  const resolve = (path: string) => remotePath.resolve(path, places)
  const environment = { ...options.environment, [workingDirectoryVariable]: guardian.workingDirectory }
  const words = (command: Command, sessions: string): Effect.Effect<ReadonlyArray<string>, SshError> => {
    const env = { ...environment, ...command.env }
    // Whatever is given for it, the lease is ours.
    const others = Object.fromEntries(Object.entries(env).filter(([name]) => name !== "LAZYCLUSTER_LEASE"))
    const wrong = commandProblems({ ...command, env: others })
    return wrong.length > 0
      ? new SshError({
        reason: "Spawn",
        host: named.alias,
        step: `start ${command.argv[0]}`,
        detail: wrong.join("; "),
        hint: "nothing was started; a command and its environment are texts without NUL, each variable under a name"
      })
      : Effect.succeed([
        command.cwd === undefined ? guardian.workingDirectory : resolve(command.cwd),
        sessions,
        ...Object.entries({ ...env, LAZYCLUSTER_LEASE: id }).map(([name, value]) => `${name}=${value}`),
        "--",
        ...command.argv
      ])
  }
  const user = yield* localUser.current
  const ledger = yield* Ledger.make({ id, host: named.alias, owner: `${user.name}@${user.machine}`, lease, guardian })

  const scope = yield* Effect.scope
  /** A host that has been silent for long is not waited for at each process: what is left there is the lease's. */
  const atMost = (effect: Effect.Effect<void, SshError>) =>
    Effect.flatMap(
      guardian.silence,
      (silence) =>
        Effect.ignore(bounded.within(effect, silence > longSilence ? "1 second" : Duration.sum(grace, "10 seconds")))
    )
  const away = Stream.runHead(Stream.filter(guardian.link.changes, ({ _tag }) => _tag !== "Up"))
  /** Where the link is away nobody waits for its return, but what is asked for happens then. */
  const soon = (effect: Effect.Effect<void, SshError>) =>
    effect.pipe(
      Effect.ignore,
      Effect.interruptible,
      Effect.forkIn(scope),
      Effect.flatMap((fiber) => atMost(Effect.asVoid(Effect.raceFirst(Fiber.await(fiber), away))))
    )

  const exec: Runtime["exec"] = Effect.fn("Runtime.exec")(function*(command) {
    const recorded = yield* words(command, `${guardian.state}/sessions`)
    const connection = yield* guardian.connection
    return yield* recordedProcess.make(
      connection.exec({ program: run, words: recorded }, { lasting: command.lasting }),
      (pid, start) => soon(guardian.halt(pid, start, grace))
    )
  })

  const opened = yield* Ref.make(Option.none<{ readonly over: SshConnection; readonly files: Files }>())
  const opening = yield* Effect.makeSemaphore(1)
  /** One session a link, open until the runtime closes. */
  const files: Runtime["files"] = opening.withPermits(1)(Effect.gen(function*() {
    const over = yield* guardian.connection
    const held = yield* Ref.get(opened)
    if (Option.isSome(held) && held.value.over === over) return held.value.files
    const files = yield* Scope.extend(over.files, scope)
    yield* Ref.set(opened, Option.some({ over, files }))
    return files
  }))

  const started = yield* Ref.make(0)
  const start: Runtime["start"] = Effect.fn("Runtime.start")(function*(name, command) {
    const said = yield* words(command, "-")
    const count = yield* Ref.updateAndGet(started, (n) => n + 1)
    // A name is used once, so that a start which is said twice has one effect. A guardian takes none that begins with a dot.
    const unique = `${name.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\.|^$/, "_")}.${count}`
    const watched = yield* Effect.uninterruptibleMask((restore) =>
      Effect.tap(
        restore(guardian.start(unique, said)),
        (watched) => Effect.addFinalizer(() => soon(guardian.stop(watched, grace)))
      )
    )
    const { pid, start } = yield* Deferred.await(watched.started)
    yield* ledger.process({ name: unique, pid, start, command: command.argv[0] })
    return {
      name: unique,
      pid,
      exit: Effect.flatMap(
        Deferred.poll(watched.exited),
        Option.getOrElse(() => Effect.raceFirst(Deferred.await(watched.exited), guardian.over))
      ),
      output: (from, offset = 0) => followedOutput.follow(watched, guardian.state, files, from, offset),
      tail: followedOutput.tail(watched, guardian.state, files)
    }
  })

  return {
    id,
    host: named,
    facts: guardian.facts,
    workingDirectory: guardian.workingDirectory,
    environment,
    resolve,
    connection: guardian.connection,
    link: Stream.map(
      guardian.link.changes,
      (link) => link._tag === "Up" ? "up" : link._tag === "Away" ? "away" : "gone"
    ),
    exec,
    python: Effect.fnUntraced(function*(program, args, { env, python = "python3" } = {}) {
      const process = yield* exec({ argv: pythonArgv(program, python), env })
      yield* process.write(pythonInput(program, args))
      return process
    }),
    files,
    holdsPort: ledger.port,
    listener: (port: number, pid: number) =>
      guardian.connection.pipe(
        Effect.flatMap((connection) => connection.exec({ program: whose, words: [String(port), id, String(pid)] })),
        Effect.flatMap((process) => Stream.runFold(Stream.decodeText(process.stdout), "", (all, text) => all + text)),
        Effect.map((said): Listener => {
          const answer = said.trim()
          return isListener(answer) ? answer : "unknown"
        }),
        Effect.scoped
      ),
    start
  }
})

/**
 * The manager itself as a runtime: its processes have a guardian too.
 *
 * @since 0.1.0
 * @category constructors
 */
export const manager = (
  options: Options = {}
): Effect.Effect<Runtime, SshError | SshConfigError | RuntimeError, Ssh | Scope.Scope> => make(Host.manager, options)

/**
 * Runs a task on a runtime to its end. Fails with `TaskError` at the first step that fails; interruption ends what runs.
 *
 * @since 0.1.0
 * @category execution
 */
export const execute: {
  <Returns extends ReadonlyArray<unknown>>(
    task: RuntimeTask<Returns>
  ): (self: Runtime) => Effect.Effect<TaskResult<Returns>, TaskError, Runner.TaskRunner>
  <Returns extends ReadonlyArray<unknown>>(
    self: Runtime,
    task: RuntimeTask<Returns>
  ): Effect.Effect<TaskResult<Returns>, TaskError, Runner.TaskRunner>
} = dual(
  2,
  <Returns extends ReadonlyArray<unknown>>(self: Runtime, task: RuntimeTask<Returns>) => Runner.run(self, task)
)
