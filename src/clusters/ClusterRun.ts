/**
 * Programs that use a cluster: on the manager or on one of its hosts, in the Python environment of the cluster, with the cluster's
 * addresses in their environment.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as attached from "../internal/attached.ts"
import * as EventStream from "../internal/eventStream.ts"
import { signalOf } from "../internal/exitStatus.ts"
import * as OutputCapture from "../internal/outputCapture.ts"
import { decodeText, linesOf } from "../internal/outputText.ts"
import * as terminalProgram from "../internal/terminalProgram.ts"
import type { Origin } from "../services/ExecutionLog.ts"
import type { SshError } from "../services/SshError.ts"
import * as FunctionCall from "../tasks/FunctionCall.ts"
import type { FunctionError } from "../tasks/FunctionError.ts"
import type { RemoteFunction } from "../tasks/RemoteFunction.ts"
import type { Cluster } from "./Cluster.ts"
import { ClusterRunError } from "./ClusterRunError.ts"
import * as runPlace from "./runPlace.ts"

/**
 * What is run: a command, as it is, or a Python file of the manager with its arguments.
 *
 * @since 0.1.0
 * @category models
 */
export type Program =
  | { readonly _tag: "Command"; readonly argv: readonly [string, ...Array<string>] }
  | { readonly _tag: "PythonFile"; readonly path: string; readonly args: ReadonlyArray<string> }

/**
 * A command: its program is looked for in the environment of the cluster first, then in the `PATH` of the host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const command = (program: string, ...args: ReadonlyArray<string>): Program => ({
  _tag: "Command",
  argv: [program, ...args]
})

/**
 * A Python file of the manager, with arguments. It is run by the interpreter of the cluster's environment; for another host it is
 * copied there, alone, as long as it runs.
 *
 * @since 0.1.0
 * @category constructors
 */
export const pythonFile = (path: string, ...args: ReadonlyArray<string>): Program => ({
  _tag: "PythonFile",
  path,
  args
})

/**
 * Where and with what a program is run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A host of the cluster. Default: the manager. */
  readonly host?: string | undefined
  /** Added to the environment; wins over the cluster's own variables. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The directory to run it in, also of the manager. Default: the working directory of the runtime. */
  readonly cwd?: string | undefined
}

/**
 * What a program that has ended left: its exit code, 128 + n after signal n, and the end of what it printed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Result {
  readonly host: string
  readonly code: number
  readonly signal: string | undefined
  readonly stdout: string
  readonly stderr: string
}

/**
 * What happens while a program runs. `Exited` is the last.
 *
 * @since 0.1.0
 * @category models
 */
export type Event =
  | { readonly _tag: "Started"; readonly host: string; readonly pid: number }
  /** Text as it came: it may begin and end in the middle of a line. */
  | { readonly _tag: "Output"; readonly from: Origin; readonly text: string }
  /** The host keeps the end of an output only, and its reader was slow. */
  | { readonly _tag: "Dropped"; readonly from: Origin; readonly bytes: number }
  | { readonly _tag: "Exited"; readonly code: number; readonly signal: string | undefined }

/** Characters of each output that stay in memory. */
const mostKept = 262_144

const mostLines = 20

const start = Effect.fnUntraced(function*(cluster: Cluster, program: Program, options: Options) {
  const { command, runtime, step } = yield* runPlace.commandOf(cluster, program, options)
  return { step, runtime, service: yield* runtime.start("run", command) }
})

/** Runs it to its end, and tells what happens. Each output is read as `read` reads it. */
const follow = (
  cluster: Cluster,
  program: Program,
  options: Options,
  tell: (event: Event) => Effect.Effect<void>,
  read: (from: Origin, texts: Stream.Stream<string, SshError>) => Effect.Effect<void, SshError>
): Effect.Effect<{ readonly host: string; readonly step: string; readonly code: number }, ClusterRunError | SshError> =>
  Effect.gen(function*() {
    const { runtime, service, step } = yield* start(cluster, program, options)
    const host = runtime.host.alias
    yield* tell({ _tag: "Started", host, pid: service.pid })
    yield* Effect.forEach(
      [["out", "stdout"], ["err", "stderr"]] as const,
      ([kind, from]) =>
        read(from, decodeText(service.output(kind, 0, (bytes) => tell({ _tag: "Dropped", from, bytes })))),
      { concurrency: 2, discard: true }
    )
    const code = yield* service.exit
    yield* tell({ _tag: "Exited", code, signal: signalOf(code) })
    return { host, step, code }
  }).pipe(Effect.scoped)

/**
 * Runs a program against a cluster: what it prints, as it prints it, and how it ends; another exit code than 0 fails nothing
 * here. Leaving the stream ends the program on its host, with all that it has started. The host keeps what the reader is slow to
 * take, up to `outputLimit` of the runtime.
 *
 * @since 0.1.0
 * @category execution
 */
export const stream: {
  (program: Program, options?: Options): (self: Cluster) => Stream.Stream<Event, ClusterRunError | SshError>
  (self: Cluster, program: Program, options?: Options): Stream.Stream<Event, ClusterRunError | SshError>
} = dual(
  (args) => "manager" in args[0],
  (self: Cluster, program: Program, options: Options = {}): Stream.Stream<Event, ClusterRunError | SshError> =>
    EventStream.make((emit: (event: Event) => Effect.Effect<void>) =>
      follow(
        self,
        program,
        options,
        emit,
        (from, texts) => Stream.runForEach(texts, (text) => emit({ _tag: "Output", from, text }))
      )
    )
)

const failed = (
  { code, host, step }: { readonly host: string; readonly step: string; readonly code: number },
  log: ReadonlyArray<string>
) => {
  const signal = signalOf(code)
  const notStarted = code === 125 || code === 126 || code === 127
  return new ClusterRunError({
    reason: signal !== undefined ? "Killed" : notStarted ? "NotStarted" : "Failed",
    host,
    step,
    detail: signal === undefined ? `it ended with exit code ${code}` : `it was ended by SIG${signal}`,
    code,
    log: [...log],
    ...(signal === "KILL"
      ? { hint: `${host} may have run out of memory` }
      : notStarted
      ? { hint: "is it installed on that host, or among the packages of the cluster? Is `cwd` a directory there?" }
      : {})
  })
}

/**
 * How `run` treats what the program prints, and its exit code.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions extends Options {
  /** Hears each line that it prints, without its end; the program goes on meanwhile. */
  readonly onLine?: ((from: Origin, line: string) => Effect.Effect<void>) | undefined
  /** Whether another exit code than 0 fails with `ClusterRunError`. Default `true`. */
  readonly check?: boolean | undefined
}

/**
 * Runs a program against a cluster, to its end: on the manager or on a host, in the cluster's Python environment, with its
 * addresses in the environment. Interruption ends the program on its host, with all that it has started; so does the end of the
 * manager, once the lease has run out. Fails with `ClusterRunError` when its exit code is not 0, unless `check` is `false`.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { ClusterRun, DaskCluster, RuntimeManager } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * // train.py says `Client()`: Dask reads the address from DASK_SCHEDULER_ADDRESS.
 * const trained = Effect.gen(function*() {
 *   const { cluster } = yield* DaskCluster.make(yield* RuntimeManager.createGroup())
 *   return yield* ClusterRun.run(cluster, ClusterRun.pythonFile("train.py", "--epochs", "3"), {
 *     onLine: (_, line) => Console.log(line)
 *   })
 * }).pipe(Effect.scoped)
 */
export const run: {
  (program: Program, options?: RunOptions): (self: Cluster) => Effect.Effect<Result, ClusterRunError | SshError>
  (self: Cluster, program: Program, options?: RunOptions): Effect.Effect<Result, ClusterRunError | SshError>
} = dual(
  (args) => "manager" in args[0],
  Effect.fn("ClusterRun.run")(function*(
    self: Cluster,
    program: Program,
    options: RunOptions = {}
  ): Effect.fn.Return<Result, ClusterRunError | SshError> {
    const { check = true, onLine = () => Effect.void } = options
    const capture = yield* OutputCapture.make({ limit: mostKept, lines: mostLines })
    const ended = yield* follow(self, program, options, () => Effect.void, (from, texts) =>
      texts.pipe(
        Stream.tap((text) => capture.add(from, text)),
        linesOf,
        Stream.runForEach((line) => onLine(from, line))
      ))
    if (check && ended.code !== 0) return yield* failed(ended, yield* capture.lastLines)
    const { stderr, stdout } = yield* capture.get
    return {
      host: ended.host,
      code: ended.code,
      signal: signalOf(ended.code),
      stdout: stdout.text,
      stderr: stderr.text
    }
  })
)

/**
 * The streams of a program that is attached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Streams<E> {
  readonly stdin: Stream.Stream<Uint8Array, E>
  readonly stdout: Sink.Sink<void, Uint8Array, never, E>
  readonly stderr: Sink.Sink<void, Uint8Array, never, E>
}

/**
 * Runs a program against a cluster where and with what `run` does, with streams as its own input and outputs: bytes as they come, and
 * nothing is kept. It hangs on the link to its host. Where nobody takes its output any more it ends as by SIGPIPE. Any exit code
 * is a value. Interruption ends the program, with all that it has started; so does the end of the manager, once the lease has run
 * out.
 *
 * @since 0.1.0
 * @category execution
 */
export const attach = Effect.fn("ClusterRun.attach")(function*<E>(
  self: Cluster,
  program: Program,
  streams: Streams<E>,
  options: Options = {}
): Effect.fn.Return<Pick<Result, "host" | "code" | "signal">, ClusterRunError | SshError> {
  return yield* Effect.scoped(Effect.gen(function*() {
    const { command, runtime } = yield* runPlace.commandOf(self, program, options)
    const process = yield* runtime.exec({ ...command, lasting: true })
    const { code, signal } = yield* attached.run(process, streams)
    return { host: runtime.host.alias, code, signal }
  }))
})

/**
 * Runs a program against a cluster on the manager, in the terminal of this process: its input and outputs are those of this
 * process, and Ctrl-C is for it. Any exit code is a value. It ends as that of `attach` does.
 *
 * @since 0.1.0
 * @category execution
 */
export const inTerminal = Effect.fn("ClusterRun.inTerminal")(function*(
  self: Cluster,
  program: Program,
  options: Omit<Options, "host"> = {}
): Effect.fn.Return<Pick<Result, "host" | "code" | "signal">, ClusterRunError | SshError> {
  return yield* Effect.scoped(Effect.gen(function*() {
    const { command, runtime } = yield* runPlace.commandOf(self, program, options)
    const { code, signal } = yield* terminalProgram.run({
      argv: command.argv,
      cwd: runtime.resolve(command.cwd ?? "."),
      // The guardian ends what has this, when the runtime ends and when its manager is gone.
      env: { ...runtime.environment, ...command.env, LAZYCLUSTER_LEASE: runtime.id }
    })
    return { host: runtime.host.alias, code, signal }
  }))
})

/**
 * Calls a Python function against a cluster: where and with what `run` would run a program, and gives what it returns. A function
 * with requirements of its own runs in an environment of its own.
 *
 * @since 0.1.0
 * @category execution
 */
export const call = <Args, Returns>(
  self: Cluster,
  callee: RemoteFunction<Args, Returns>,
  args: NoInfer<Args>,
  options: Options = {}
): Effect.Effect<Returns, ClusterRunError | FunctionError | SshError> =>
  Effect.gen(function*() {
    const { env, environment, runtime } = yield* runPlace.placeOf(self, callee.name, options)
    const own = callee.code._tag !== "Python" || callee.code.environment !== undefined
    return yield* FunctionCall.call(runtime, callee, args, {
      env,
      ...(own || environment === undefined ? {} : { interpreter: environment.python })
    })
  }).pipe(Effect.withSpan("ClusterRun.call", { attributes: { function: callee.name } }))
