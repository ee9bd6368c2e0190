/**
 * How a runtime starts processes and ends them: commands on a channel, services under the guardian.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as bounded from "../internal/bounded.ts"
import * as followedOutput from "../internal/followedOutput.ts"
import * as programs from "../internal/programs.ts"
import * as recordedProcess from "../internal/recordedProcess.ts"
import type { Guardian } from "../services/Guardian.ts"
import type * as Ledger from "../services/Ledger.ts"
import type { Files } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { Runtime } from "./Runtime.ts"
import * as runtimeSpawn from "./runtimeSpawn.ts"
import * as runtimeWords from "./runtimeWords.ts"

/** Milliseconds: beats go each second. */
const longSilence = 5000

/**
 * `exec` and `start` of a runtime, for each ground that its views have. Its scope must outlive theirs: there the host is
 * told what to end.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly guardian: Guardian
  readonly ledger: Ledger.Writer
  readonly files: Effect.Effect<Files, SshError>
  readonly grace: Duration.Duration
}) {
  const { files, grace, guardian, ledger } = options
  const run = yield* programs.load("run", "sh")
  const scope = yield* Effect.scope
  /** A host that has been silent for long is not waited for at each process: what is left there is the lease's. */
  const atMost = (effect: Effect.Effect<void, SshError>) =>
    Effect.flatMap(
      guardian.silence,
      (silence) =>
        Effect.ignore(bounded.within(effect, silence > longSilence ? "1 second" : Duration.sum(grace, "10 seconds")))
    )
  const away = guardian.link.until(({ _tag }) => _tag !== "Up")
  /** Where the link is away nobody waits for its return, but what is asked for happens then. */
  const soon = (effect: Effect.Effect<void, SshError>) =>
    effect.pipe(
      Effect.ignore,
      Effect.interruptible,
      Effect.forkIn(scope),
      Effect.flatMap((fiber) => atMost(Effect.asVoid(Effect.raceFirst(Fiber.await(fiber), away))))
    )

  const exec = (ground: runtimeWords.Ground): Runtime["exec"] =>
    Effect.fn("Runtime.exec")(function*(command) {
      const recorded = yield* runtimeWords.make(ground, command, `${guardian.state}/sessions`)
      const connection = yield* guardian.connection
      return yield* recordedProcess.make(
        connection.exec({ program: run, words: recorded }, { lasting: command.lasting }),
        ({ pid, start }) => soon(guardian.halt(pid, start, grace))
      )
    })

  const started = yield* Ref.make(0)
  const start = (ground: runtimeWords.Ground): Runtime["start"] =>
    Effect.fn("Runtime.start")(function*(name, command) {
      const said = yield* runtimeWords.make(ground, command, "-")
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
        output: (from, offset = 0, dropped) =>
          followedOutput.follow(watched, guardian.state, files, from, offset, dropped),
        tail: followedOutput.tail(watched, guardian.state, files),
        printed: (from) => followedOutput.size(watched, guardian.state, files, from)
      }
    })

  const spawn = yield* runtimeSpawn.make({
    guardian,
    halt: ({ pid, start }) => soon(guardian.halt(pid, start, grace)),
    scope
  })
  return (ground: runtimeWords.Ground): Pick<Runtime, "exec" | "spawn" | "start"> => ({
    exec: exec(ground),
    spawn: spawn(ground),
    start: start(ground)
  })
})
