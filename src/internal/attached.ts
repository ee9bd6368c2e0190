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

/** What it has left may hold its outputs open: they have said all when nothing has come for so many looks after its end. */
const looks = { every: "250 millis", silent: 8 } as const

/** Of one output: whether it is waited for, else its reader has not taken yet what it gave; and how often something came. */
interface Watch {
  readonly waiting: boolean
  readonly came: number
}

const watched = <A, E>(source: Stream.Stream<A, E>, watch: Ref.Ref<Watch>): Stream.Stream<A, E> =>
  Stream.unwrapScoped(Effect.map(pulled.toPull(source), (pull) =>
    Stream.repeatEffectChunkOption(
      Effect.zipRight(
        Ref.update(watch, ({ came }): Watch => ({ waiting: true, came })),
        Effect.tap(pull, Ref.update(watch, ({ came }): Watch => ({ waiting: false, came: came + 1 })))
      )
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
  const watches = yield* Effect.all([
    Ref.make<Watch>({ waiting: true, came: 0 }),
    Ref.make<Watch>({ waiting: true, came: 0 })
  ])
  const shown = yield* Effect.forkScoped(Effect.all([
    Stream.run(watched(process.stdout, watches[0]), stdout),
    Stream.run(watched(process.stderr, watches[1]), stderr)
  ], { concurrency: 2, discard: true }))
  const look = Effect.map(Effect.forEach(watches, Ref.get), (all) => ({
    waiting: all.every(({ waiting }) => waiting),
    came: all.reduce((sum, { came }) => sum + came, 0)
  }))
  const silent = Effect.iterate({ looks: 0, came: -1 }, {
    while: (last) => last.looks < looks.silent,
    body: (last) =>
      Effect.map(Effect.delay(look, looks.every), ({ came, waiting }) => ({
        came,
        looks: waiting && came === last.came ? last.looks + 1 : 0
      }))
  })
  const ended = Effect.tap(process.exit, Effect.raceFirst(Fiber.await(shown), silent))
  const broken = Effect.matchEffect(Fiber.join(shown), {
    onFailure: () => Effect.succeed(bySignal("PIPE")),
    onSuccess: () => Effect.never
  })
  const { code, signal } = yield* Effect.raceFirst(ended, broken)
  return { code, signal: signal ?? signalOf(code) }
})
