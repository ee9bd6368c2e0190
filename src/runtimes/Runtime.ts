/**
 * A host in use: its working directory, environment, facts and processes, all gone when its scope closes.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as allOrNothing from "../internal/allOrNothing.ts"
import type { Observable } from "../internal/observable.ts"
import * as Host from "../services/Host.ts"
import type { CommandHost } from "../services/RemoteCommandExecutor.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import type { RuntimeTask } from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import * as Result from "../tasks/TaskResult.ts"
import * as Runner from "../tasks/TaskRunner.ts"
import type { Command, TaskTarget } from "../tasks/TaskTarget.ts"
import type { ForkedTask } from "./ForkedTask.ts"
import * as HostTable from "./HostTable.ts"
import type { JoinError } from "./JoinError.ts"
import { acquire } from "./runtimeAcquire.ts"
import * as runtimeDirectories from "./runtimeDirectories.ts"
import type * as runtimeGpus from "./runtimeGpus.ts"
import * as RuntimePlatform from "./RuntimePlatform.ts"
import * as runtimePorts from "./runtimePorts.ts"
import * as runtimeTasks from "./runtimeTasks.ts"

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
   * A line of shell, as `module load cuda` or `. ~/env/bin/activate`, run once on the host, in the working directory, by
   * the login shell of the user. All that is started has the environment that it leaves, facts are read in it, and what it
   * prints is seen only when it fails (`RuntimeError`, reason `Setup`). `environment` wins over it.
   */
  readonly setup?: string | undefined
  /**
   * How long the host waits for a manager that is away (killed, asleep, cut off) before it ends everything. Default 30
   * seconds, at least 2.
   */
  readonly lease?: Duration.DurationInput | undefined
  /** Between TERM and KILL. Default 2 seconds. */
  readonly grace?: Duration.DurationInput | undefined
  /**
   * Bytes of each output of a service that the host keeps for readers that are behind: the oldest go first. Default 16 MiB.
   */
  readonly outputLimit?: number | undefined
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
  /**
   * What it prints, from the beginning or from an offset; ends with the process. A lost link loses and repeats nothing;
   * `dropped` hears of bytes that the host has dropped before they were read. `ServiceLog.record` writes it to the execution log.
   */
  readonly output: (
    from: "out" | "err",
    offset?: number,
    dropped?: (bytes: number) => Effect.Effect<void>
  ) => Stream.Stream<Uint8Array, SshError>
  /** The last lines of what it printed. */
  readonly tail: Effect.Effect<ReadonlyArray<string>>
  /**
   * The offset behind all that it has printed so far.
   *
   * @internal
   */
  readonly printed: (from: "out" | "err") => Effect.Effect<number, SshError>
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
  /** @internal */
  readonly linkState: Observable<"up" | "away" | "gone">
  /** Notes in the ledger that a port of this host is held, as long as the scope is open. */
  readonly holdsPort: (port: number) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Whose the listener on a port of this host is: of this runtime (of the process, or of what it started), of somebody
   * else, nobody's; `unknown` where the host cannot tell.
   */
  readonly listener: (port: number, pid: number) => Effect.Effect<Listener, SshError>
  /**
   * Makes GPUs of the host somebody's alone, as long as the scope is open: no other runtime of the same user gets them, from
   * whatever manager.
   *
   * @internal
   */
  readonly holdsGpus: runtimeGpus.Hold
  /** Starts a long-running process. The name shows in ledgers and logs: letters, digits, `.`, `_`, `-`. */
  readonly start: (name: string, command: Command) => Effect.Effect<Service, SshError, Scope.Scope>
  /**
   * Of this runtime and all its views.
   *
   * @internal
   */
  readonly tasks: runtimeTasks.Tasks
  /**
   * A directory that goes with the runtime, whatever happens.
   *
   * @internal
   */
  readonly passing: string
  /**
   * Starts what a command of @effect/platform is.
   *
   * @internal
   */
  readonly spawn: CommandHost["spawn"]
  /** @internal */
  readonly under: (environment: Readonly<Record<string, string>>) => Runtime
}

/**
 * Whose a listening port is.
 *
 * @since 0.1.0
 * @category models
 */
export type Listener = "ours" | "foreign" | "nobody" | "unknown"

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
 * The same runtime, with more in the environment of what is started through it: a variable that is there already gets
 * the new value. The one given stays as it is, and what runs keeps what it has. `WORKING_DIR` is always the working
 * directory; the variables of a task, and of a step, win over these.
 *
 * @since 0.1.0
 * @category environment
 * @example
 * import { Runtime, RuntimeTask } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const trained = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1", { environment: { EPOCHS: "3" } })
 *   const onSecondGpu = Runtime.withEnvironment(runtime, { CUDA_VISIBLE_DEVICES: "1" })
 *   return yield* Runtime.execute(onSecondGpu, RuntimeTask.make("train").pipe(RuntimeTask.runCommand("make train")))
 * }).pipe(Effect.scoped)
 */
export const withEnvironment: {
  (environment: Readonly<Record<string, string>>): (self: Runtime) => Runtime
  (self: Runtime, environment: Readonly<Record<string, string>>): Runtime
} = dual(
  2,
  (self: Runtime, environment: Readonly<Record<string, string>>) => self.under({ ...self.environment, ...environment })
)

/**
 * The same runtime, with just these variables added to the environment of what is started through it: those that it was
 * made with are left out.
 *
 * @since 0.1.0
 * @category environment
 */
export const replaceEnvironment: {
  (environment: Readonly<Record<string, string>>): (self: Runtime) => Runtime
  (self: Runtime, environment: Readonly<Record<string, string>>): Runtime
} = dual(2, (self: Runtime, environment: Readonly<Record<string, string>>) => self.under(environment))

/**
 * Gives a text back as the host hears it: a sign of life.
 *
 * @since 0.1.0
 * @category hosts
 */
export const echo: {
  (text: string): (self: Runtime) => Effect.Effect<string, SshError>
  (self: Runtime, text: string): Effect.Effect<string, SshError>
} = dual(2, runtimePorts.echo)

/**
 * Makes a directory and those above it; gives its absolute path. One that is there is fine.
 *
 * @since 0.1.0
 * @category hosts
 */
export const createDirectory: {
  (path: string): (self: Runtime) => Effect.Effect<string, SshError>
  (self: Runtime, path: string): Effect.Effect<string, SshError>
} = dual(2, runtimeDirectories.create)

/**
 * Removes a directory with all that is in it; gives whether there was one. Fails with `RuntimeError` `Directory` where it
 * cannot be removed, and at one that holds the home or the working directory, or is the root: then nothing is removed.
 *
 * @since 0.1.0
 * @category hosts
 */
export const removeDirectory: {
  (path: string): (self: Runtime) => Effect.Effect<boolean, SshError | RuntimeError>
  (self: Runtime, path: string): Effect.Effect<boolean, SshError | RuntimeError>
} = dual(2, runtimeDirectories.remove)

/**
 * A directory for the user alone, as long as the scope is open, and no longer than the runtime, also when the manager is
 * killed. It is below the working directory when that is temporary, else below the home directory.
 *
 * @since 0.1.0
 * @category hosts
 */
export const temporaryDirectory = (self: Runtime): Effect.Effect<string, SshError, Scope.Scope> =>
  runtimeDirectories.temporary(self, self.passing)

/**
 * So many different ports of the host's loopback that were free a moment ago: a hint only, as somebody may take them
 * before you do. What must have a port listens on 0, or is exposed.
 *
 * @since 0.1.0
 * @category hosts
 */
export const freePorts: {
  (count: number): (self: Runtime) => Effect.Effect<ReadonlyArray<number>, SshError>
  (self: Runtime, count: number): Effect.Effect<ReadonlyArray<number>, SshError>
} = dual(2, runtimePorts.free)

/**
 * `CommandExecutor`, `FileSystem` and `Path` of @effect/platform on the host: a program that was written for the local machine
 * runs there, unchanged. What it starts belongs to the runtime, and ends with it.
 *
 * @since 0.1.0
 * @category layers
 */
export const platform: typeof RuntimePlatform.layer = RuntimePlatform.layer

/**
 * The host and its facts as a table, with a line for people.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ facts, host }: Runtime): string => HostTable.render([{ host: host.alias, facts }])

/**
 * Runs a task on a runtime to its end. Fails with `TaskError` at the first step that fails; interruption ends what runs.
 *
 * @since 0.1.0
 * @category execution
 */
export const execute: {
  <Returns extends ReadonlyArray<unknown>>(
    task: RuntimeTask<Returns>
  ): (self: Runtime) => Effect.Effect<Result.TaskResult<Returns>, TaskError, Runner.TaskRunner>
  <Returns extends ReadonlyArray<unknown>>(
    self: Runtime,
    task: RuntimeTask<Returns>
  ): Effect.Effect<Result.TaskResult<Returns>, TaskError, Runner.TaskRunner>
} = dual(
  2,
  <Returns extends ReadonlyArray<unknown>>(self: Runtime, task: RuntimeTask<Returns>) =>
    self.tasks.counted(Runner.run(self, task))
)

/**
 * Runs a task in the background, as long as the runtime stands.
 *
 * @since 0.1.0
 * @category background
 * @example
 * import { Runtime, RuntimeTask } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const both = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const train = yield* Runtime.fork(runtime, RuntimeTask.make("train").pipe(RuntimeTask.runCommand("make train")))
 *   yield* Runtime.fork(runtime, RuntimeTask.make("check").pipe(RuntimeTask.runCommand("make check")))
 *   yield* train.result
 *   return yield* Runtime.join(runtime)
 * }).pipe(Effect.scoped)
 */
export const fork: {
  <Returns extends ReadonlyArray<unknown>>(
    task: RuntimeTask<Returns>
  ): (self: Runtime) => Effect.Effect<ForkedTask<Returns>, never, Runner.TaskRunner>
  <Returns extends ReadonlyArray<unknown>>(
    self: Runtime,
    task: RuntimeTask<Returns>
  ): Effect.Effect<ForkedTask<Returns>, never, Runner.TaskRunner>
} = dual(
  2,
  <Returns extends ReadonlyArray<unknown>>(self: Runtime, task: RuntimeTask<Returns>) =>
    self.tasks.fork(
      task,
      (opened) => Runner.run(self, task, (event) => event._tag === "TaskStarted" ? opened(event.logFile) : Effect.void)
    )
)

/**
 * Waits for all tasks in the background but those with `omitOnJoin`, and gives what they left in the order in which they
 * were started; then forgets them. All run to their end: then `JoinError` has the failures and the results.
 *
 * @since 0.1.0
 * @category background
 */
export const join = (self: Runtime): Effect.Effect<ReadonlyArray<Result.TaskResult>, JoinError> =>
  runtimeTasks.join([self.tasks])

/**
 * How many tasks are under way: executed, or in the background.
 *
 * @since 0.1.0
 * @category background
 */
export const running = (self: Runtime): Effect.Effect<number> => self.tasks.running

/**
 * What the tasks in the background that have ended left, in the order in which they were started, until a `join`
 * forgets them. What `execute` gives is its caller's.
 *
 * @since 0.1.0
 * @category background
 */
export const results = (self: Runtime): Effect.Effect<ReadonlyArray<Exit.Exit<Result.TaskResult, TaskError>>> =>
  self.tasks.ended

/**
 * The same as text: each task, its steps, what they printed.
 *
 * @since 0.1.0
 * @category background
 */
export const log = (self: Runtime): Effect.Effect<string> =>
  Effect.map(
    self.tasks.ended,
    (all) => all.map(Exit.match({ onSuccess: Result.render, onFailure: Cause.pretty })).join("\n")
  )
