/**
 * A process that `run` or `spawn` recorded: its first line of output is its place in the process table.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ExitStatus, RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"
import * as pulled from "./pulled.ts"

const newline = 10
const header = /^lazycluster (\d+) (\S+)(?: (\d+) (\S+))?$/

/** A process whose scope closes before it has said where it is has so long to say it. */
const saying = "2 seconds"

/** How a process has exited that has closed its output is on its way: over SSH the end of its output comes first. */
const telling = "1 second"

/**
 * A process and its start time: its number may come again as another's.
 *
 * @internal
 */
export interface Place {
  readonly pid: number
  readonly start: string
  /** Who leads its session: itself, or the shell that waits for it. What it has left when it ends is found by that. */
  readonly leader: { readonly pid: number; readonly start: string }
}

/**
 * A process that has said where it is. One that could not be started has not.
 *
 * @internal
 */
export interface RecordedProcess extends RemoteProcess {
  readonly place: Option.Option<Place>
  /** Takes the next line off the standard output, which nobody has begun to read; empty at its end. */
  readonly line: Effect.Effect<string, SshError>
  /** How it has ended, if it has; `None` as well when it was lost. */
  readonly ended: Effect.Effect<Option.Option<ExitStatus>>
}

const placeOf = (line: string): Option.Option<Place> => {
  const [, pid, start, leader = pid, leaderStart = start] = header.exec(line) ?? []
  return pid === undefined || start === undefined
    ? Option.none()
    : Option.some({
      pid: Number(pid),
      start,
      leader: { pid: Number(leader), start: leaderStart ?? start }
    })
}

/**
 * Starts a process, takes the first line off its standard output, and halts the process when the scope closes before it
 * has exited. A lost link is no exit: the process may run on. `after` is what is done then about one that has exited.
 *
 * @internal
 */
export const make = (
  start: Effect.Effect<RemoteProcess, SshError, Scope.Scope>,
  halt: (place: Place) => Effect.Effect<void>,
  after: (place: Place, status: ExitStatus) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<RecordedProcess, SshError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const process = yield* restore(start)
      const drained = yield* Ref.make(false)
      const pull = Effect.tapError(
        yield* pulled.toPull(process.stdout),
        (end) => Ref.set(drained, Option.isNone(end))
      )
      const exited = yield* Deferred.make<ExitStatus, SshError>()
      const have = yield* Ref.make<Uint8Array>(new Uint8Array(0))
      yield* process.exit.pipe(Effect.intoDeferred(exited), Effect.interruptible, Effect.forkScoped)
      const ended = Effect.flatMap(
        Deferred.poll(exited),
        Option.match({
          onNone: () => Effect.succeedNone,
          onSome: (status) =>
            Effect.map(Effect.exit(status), Exit.match({ onFailure: Option.none, onSuccess: Option.some }))
        })
      )

      /** The next line and the bytes behind it, which stay until they are taken: an interrupt may come at any moment. */
      const next: Effect.Effect<readonly [line: string, rest: Uint8Array], SshError> = Effect.flatMap(
        Ref.get(have),
        (bytes) => {
          const end = bytes.indexOf(newline)
          if (end >= 0) {
            return Effect.succeed([new TextDecoder().decode(bytes.subarray(0, end)), bytes.subarray(end + 1)])
          }
          return Effect.matchEffect(pull, {
            onFailure: Option.match({
              onNone: () => Effect.succeed(["", bytes] as const),
              onSome: (error) => Effect.fail(error)
            }),
            onSuccess: (chunks) => Effect.zipRight(Ref.set(have, Buffer.concat([bytes, ...chunks])), next)
          })
        }
      )
      const said = yield* Ref.make(Option.none<Option.Option<Place>>())
      const place: Effect.Effect<Option.Option<Place>, SshError> = Effect.flatMap(
        Ref.get(said),
        Option.match({
          onNone: () =>
            Effect.flatMap(next, ([line, rest]) =>
              Effect.uninterruptible(Effect.zipRight(Ref.set(have, rest), Ref.set(said, Option.some(placeOf(line))))))
              .pipe(Effect.zipRight(Effect.suspend(() =>
                place
              ))),
          onSome: Effect.succeed
        })
      )
      const line = Effect.flatMap(next, ([line, rest]) => Effect.as(Ref.set(have, rest), line))
      yield* Effect.addFinalizer(() =>
        Effect.gen(function*() {
          if ((yield* Ref.get(drained)) && !(yield* Deferred.isDone(exited))) {
            yield* bounded.within(Effect.exit(Deferred.await(exited)), telling)
          }
          const status = yield* ended
          const found = Option.flatten(
            yield* Effect.orElseSucceed(bounded.within(place, saying), Option.none<Option.Option<Place>>)
          )
          if (Option.isNone(found)) return
          yield* Option.match(status, {
            onNone: () => halt(found.value),
            onSome: (status) => after(found.value, status)
          })
        })
      )
      return {
        ...process,
        place: yield* restore(place),
        line,
        ended,
        stdout: Stream.unwrap(
          Effect.map(Ref.getAndSet(have, new Uint8Array(0)), (rest) =>
            Stream.concat(
              rest.length === 0 ? Stream.empty : Stream.make(rest),
              Stream.repeatEffectChunkOption(pull)
            ))
        )
      }
    })
  )
