/**
 * A pipeline of a host as a `Process` of @effect/platform.
 *
 * @since 0.1.0
 */
import type { StandardCommand } from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CommandHost, Inherited, Started } from "../services/RemoteCommandExecutor.ts"
import type { ExitStatus } from "../services/SshConnection.ts"
import * as bounded from "./bounded.ts"
import * as Errors from "./commandErrors.ts"
import * as Parts from "./commandParts.ts"
import { bySignal } from "./exitStatus.ts"

type Commands = NonEmptyReadonlyArray<StandardCommand>

/** What a process that has exited has printed to an inherited stream is shown, unless something it left holds that open. */
const showing = "1 second"

/** How a process has ended that its scope has ended is on its way by then. */
const telling = "100 millis"

const prototype = {
  [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId,
  ...Inspectable.BaseProto,
  toJSON(this: CommandExecutor.Process) {
    return { _id: "@effect/platform/CommandExecutor/Process", pid: this.pid }
  }
}

/**
 * Its end, known also after its scope has closed: that ends it, where it had not come to its end.
 */
const endOf = Effect.fnUntraced(function*(commands: Commands) {
  const exit = yield* Deferred.make<ExitStatus, PlatformError>()
  const watching = { closed: false, stop: Effect.void }
  yield* Effect.addFinalizer(() =>
    bounded.within(Deferred.await(exit), telling).pipe(
      Effect.zipRight(Deferred.succeed(exit, bySignal("TERM"))),
      Effect.ignore,
      Effect.zipRight(Effect.suspend(() => watching.stop))
    )
  )
  /** It outlives the scope by the moment that the news takes. */
  const watch = (started: Started) =>
    started.exit.pipe(
      Effect.mapError(Errors.ofSsh("exitCode", commands)),
      Effect.exit,
      Effect.flatMap((end) => watching.closed && Exit.isFailure(end) ? Effect.void : Deferred.done(exit, end)),
      Effect.interruptible,
      Effect.forkDaemon,
      Effect.map((fiber) => {
        watching.stop = Fiber.interrupt(fiber)
      }),
      Effect.zipRight(Effect.addFinalizer(() =>
        Effect.sync(() => {
          watching.closed = true
        })
      ))
    )
  return { exit, watch: (started: Started) => Effect.uninterruptible(watch(started)) }
})

/**
 * Starts a pipeline.
 *
 * @internal
 */
export const start = Effect.fnUntraced(function*(
  target: CommandHost,
  inherited: Inherited,
  commands: Commands
): Effect.fn.Return<CommandExecutor.Process, PlatformError, Scope.Scope> {
  const [first, ...others] = commands
  const last = others.at(-1) ?? first
  const [head, ...tail] = commands
  const parts = [
    Parts.part(head, target.workingDirectory),
    ...tail.map((command) => Parts.part(command, target.workingDirectory))
  ] as const
  const wrong = parts.flatMap(Parts.problems)
  if (wrong.length > 0) return yield* Errors.unusable("spawn", wrong.join("; "))

  const { exit, watch } = yield* endOf(commands)
  const started = yield* Effect.uninterruptibleMask((restore) =>
    Effect.tap(
      Effect.mapError(restore(target.spawn(parts)), Errors.ofSsh("spawn", commands)),
      (outcome) => outcome._tag === "Started" ? watch(outcome) : Deferred.succeed(exit, bySignal("TERM"))
    )
  )
  if (started._tag === "Refused") {
    const command = commands[started.part] ?? last
    return yield* Errors.refused(started, command, Option.getOrElse(command.cwd, () => target.workingDirectory))
  }
  const broken = yield* Deferred.make<never, PlatformError>()

  const feed = (input: Stream.Stream<Uint8Array, PlatformError>) =>
    Stream.runForEach(input, (bytes) => Effect.mapError(started.write(bytes), Errors.ofSsh("toWritable", commands)))
      .pipe(
        Effect.zipRight(started.endInput),
        // What cannot be read to its end must not look to the process as if it had been.
        Effect.catchAllCause((cause) => Deferred.failCause(broken, cause)),
        Effect.raceFirst(Effect.exit(Deferred.await(exit))),
        Effect.forkScoped
      )
  const isFed = first.stdin !== "pipe"
  if (isFed) yield* feed(first.stdin === "inherit" ? inherited.stdin : first.stdin)

  const show = (
    output: Stream.Stream<Uint8Array, PlatformError>,
    to: Sink.Sink<void, Uint8Array, never, PlatformError>
  ) =>
    Stream.run(output, to).pipe(
      // Its reader has gone.
      Effect.catchAll(() => Effect.ignore(started.signal("SIGPIPE"))),
      Effect.forkScoped
    )
  const output = Effect.fnUntraced(function*(from: "stdout" | "stderr", to: StandardCommand["stdout"]) {
    const said = Stream.mapError(started[from], Errors.ofSsh(`fromReadable(${from})`, commands))
    const all = isFed ? Stream.interruptWhenDeferred(said, broken) : said
    if (to === "inherit") {
      return { stream: Stream.empty, shown: Fiber.await(yield* show(all, inherited[from])) }
    }
    return { stream: to === "pipe" ? all : Stream.transduce(all, to), shown: Effect.void }
  })
  const stdout = yield* output("stdout", last.stdout)
  const stderr = yield* output("stderr", last.stderr)

  const status = isFed ? Effect.raceFirst(Deferred.await(exit), Deferred.await(broken)) : Deferred.await(exit)
  const process: Omit<CommandExecutor.Process, keyof typeof prototype> = {
    pid: CommandExecutor.ProcessId(started.pid),
    exitCode: Effect.flatMap(
      Effect.zipLeft(status, Effect.timeoutOption(Effect.zipRight(stdout.shown, stderr.shown), showing)),
      ({ code, signal }) =>
        signal === undefined
          ? Effect.succeed(CommandExecutor.ExitCode(code))
          : Errors.failed("exitCode", [last], `Process interrupted due to receipt of signal: SIG${signal}`)
    ),
    isRunning: Effect.flatMap(
      Deferred.poll(exit),
      Option.match({ onNone: () => Effect.succeed(true), onSome: Effect.as(false) })
    ),
    kill: (signal = "SIGTERM") =>
      Effect.mapError(started.signal(signal), Errors.ofSsh("kill", commands)).pipe(
        Effect.filterOrFail((sent) => sent, () => Errors.failed("kill", [last], "Failed to kill process")),
        Effect.zipRight(Effect.asVoid(Deferred.await(exit)))
      ),
    stdin: isFed ? Sink.drain : input(started, exit, commands),
    stdout: stdout.stream,
    stderr: stderr.stream
  }
  return Object.assign(Object.create(prototype), process)
})

/** Ends the input with the stream that feeds it, as Node's does. */
const input = (
  started: Started,
  exit: Deferred.Deferred<ExitStatus, PlatformError>,
  commands: Commands
): Sink.Sink<void, unknown, never, PlatformError> =>
  Sink.forEach((chunk: unknown): Effect.Effect<void, PlatformError> =>
    typeof chunk === "string" || chunk instanceof Uint8Array
      ? Effect.if(Deferred.isDone(exit), {
        onTrue: () => Errors.failed("toWritable", commands, "write EPIPE"),
        onFalse: () => Effect.mapError(started.write(chunk), Errors.ofSsh("toWritable", commands))
      })
      : Errors.unusable("toWritable", "standard input takes text and bytes")
  ).pipe(
    Sink.ensuringWith((end) => Exit.isInterrupted(end) ? Effect.void : started.endInput)
  )
