/**
 * A process of a host with standard streams that are somebody's own.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { ExitStatus, RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { bySignal, signalOf } from "./exitStatus.ts"
import * as pulled from "./pulled.ts"

/** @internal */
export interface Streams<E> {
  readonly stdin: Stream.Stream<Uint8Array, E>
  readonly stdout: Sink.Sink<void, Uint8Array, never, E>
  readonly stderr: Sink.Sink<void, Uint8Array, never, E>
}

/** What it has left may hold its outputs open: they have said all when they are silent at so many looks after its end. */
const looks = { every: "250 millis", silent: 3 } as const

/** Notes whether a stream is waited for: else its reader has not taken yet what it gave. */
const watched = <A, E>(source: Stream.Stream<A, E>, waiting: Ref.Ref<boolean>): Stream.Stream<A, E> =>
  Stream.unwrapScoped(Effect.map(pulled.toPull(source), (pull) =>
    Stream.repeatEffectChunkOption(
      Effect.zipRight(Ref.set(waiting, true), Effect.tap(pull, Ref.set(waiting, false)))
    )))

/**
 * Waits for the end of a process and of what it prints, however slow its readers are. Where they have gone it ends as by SIGPIPE.
 *
 * @internal
 */
export const run = Effect.fnUntraced(function*<E>(
  process: RemoteProcess,
  { stderr, stdin, stdout }: Streams<E>
): Effect.fn.Return<ExitStatus, SshError, Scope.Scope> {
  yield* Stream.runForEach(stdin, process.write).pipe(
    Effect.ignore,
    Effect.zipRight(process.endInput),
    Effect.interruptible,
    Effect.forkScoped
  )
  const waiting = yield* Effect.all([Ref.make(true), Ref.make(true)])
  const shown = yield* Effect.forkScoped(Effect.all([
    Stream.run(watched(process.stdout, waiting[0]), stdout),
    Stream.run(watched(process.stderr, waiting[1]), stderr)
  ], { concurrency: 2, discard: true }))
  const isSilent = Effect.map(Effect.forEach(waiting, Ref.get), (all) => all.every(Boolean))
  const silent = Effect.iterate(0, {
    while: (count) => count < looks.silent,
    body: (count) => Effect.map(Effect.delay(isSilent, looks.every), (silent) => silent ? count + 1 : 0)
  })
  const ended = Effect.tap(process.exit, Effect.raceFirst(Fiber.await(shown), silent))
  const broken = Effect.matchEffect(Fiber.join(shown), {
    onFailure: () => Effect.succeed(bySignal("PIPE")),
    onSuccess: () => Effect.never
  })
  const { code, signal } = yield* Effect.raceFirst(ended, broken)
  return { code, signal: signal ?? signalOf(code) }
})
