/**
 * A process that `run` recorded: its first line of output is its place in the process table.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"

const newline = 10
const header = /^lazycluster (\d+) (\S+)$/

/**
 * Takes the first line off standard output, and halts the process when the scope closes before it has exited.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  process: RemoteProcess,
  halt: (pid: number, start: string) => Effect.Effect<void>
): Effect.fn.Return<RemoteProcess, SshError, Scope.Scope> {
  const pull = yield* Stream.toPull(process.stdout)
  const exited = yield* Deferred.make<void>()
  yield* process.exit.pipe(Effect.exit, Effect.zipRight(Deferred.succeed(exited, undefined)), Effect.forkScoped)

  /** The bytes up to the first newline, and those behind it. A process that could not start has none. */
  const first = (have: Uint8Array): Effect.Effect<readonly [line: string, rest: Uint8Array], SshError> => {
    const end = have.indexOf(newline)
    if (end >= 0) return Effect.succeed([new TextDecoder().decode(have.subarray(0, end)), have.subarray(end + 1)])
    return Effect.matchEffect(pull, {
      onFailure: Option.match({
        onNone: () => Effect.succeed(["", have] as const),
        onSome: (error) => Effect.fail(error)
      }),
      onSuccess: (chunks) => first(concat([have, ...chunks]))
    })
  }
  const [line, rest] = yield* first(new Uint8Array(0))
  const place = header.exec(line)
  if (place?.[1] !== undefined && place[2] !== undefined) {
    const pid = Number(place[1])
    const start = place[2]
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(Deferred.isDone(exited), (done) => done ? Effect.void : halt(pid, start))
    )
  }
  return {
    ...process,
    stdout: Stream.concat(
      rest.length === 0 ? Stream.empty : Stream.make(rest),
      Stream.repeatEffectChunkOption(pull)
    )
  }
})

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
