/**
 * A process that `run` recorded: its first line of output is its place in the process table.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as bounded from "./bounded.ts"

const newline = 10
const header = /^lazycluster (\d+) (\S+)$/

/** A process whose scope closes before it has said where it is has so long to say it. */
const saying = "2 seconds"

/**
 * Starts a process, takes the first line off its standard output, and halts the process when the scope closes before it
 * has exited. A lost link is no exit: the process may run on.
 *
 * @internal
 */
export const make = (
  start: Effect.Effect<RemoteProcess, SshError, Scope.Scope>,
  halt: (pid: number, start: string) => Effect.Effect<void>
): Effect.Effect<RemoteProcess, SshError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const process = yield* restore(start)
      const pull = yield* Stream.toPull(process.stdout)
      const exited = yield* Deferred.make<void>()
      const have = yield* Ref.make<Uint8Array>(new Uint8Array(0))
      yield* process.exit.pipe(
        Effect.zipRight(Deferred.succeed(exited, undefined)),
        Effect.ignore,
        Effect.interruptible,
        Effect.forkScoped
      )

      /** The first line, and the bytes behind it. A process that could not start has none. */
      const head: Effect.Effect<readonly [line: string, rest: Uint8Array], SshError> = Effect.flatMap(
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
            onSuccess: (chunks) => Effect.zipRight(Ref.set(have, Buffer.concat([bytes, ...chunks])), head)
          })
        }
      )
      const haltAt = (line: string) => {
        const place = header.exec(line)
        return place?.[1] === undefined || place[2] === undefined ? Effect.void : halt(Number(place[1]), place[2])
      }
      yield* Effect.addFinalizer(() =>
        bounded.within(head, saying).pipe(
          Effect.map(Option.match({ onNone: () => "", onSome: ([line]) => line })),
          Effect.orElseSucceed(() => ""),
          Effect.flatMap(haltAt),
          Effect.unlessEffect(Deferred.isDone(exited))
        )
      )
      const [, rest] = yield* restore(head)
      return {
        ...process,
        stdout: Stream.concat(
          rest.length === 0 ? Stream.empty : Stream.make(rest),
          Stream.repeatEffectChunkOption(pull)
        )
      }
    })
  )
