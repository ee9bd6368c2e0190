/**
 * Node's byte streams as sockets of @effect/platform.
 *
 * @since 0.1.0
 */
import * as Socket from "@effect/platform/Socket"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import * as bounded from "./bounded.ts"
import { readAll } from "./duplexStream.ts"

/** Bytes that handlers may have in hand: then nothing more is read until one of them is done. */
const mostInHand = 1_048_576

/** What was written gets so long to leave, once the other side has said all. */
const leaving = "5 seconds"

const readError = (cause: unknown) => new Socket.SocketGenericError({ reason: "Read", cause })

/** The other side is gone without a word, or this one has closed. */
const closedOf = (duplex: Duplex, closing: Socket.CloseEvent | undefined): Socket.SocketError =>
  closing !== undefined
    ? new Socket.SocketCloseError({ reason: "Close", code: closing.code, closeReason: closing.reason })
    : duplex.errored === null
    ? new Socket.SocketCloseError({ reason: "Close", code: 1006 })
    : readError(duplex.errored)

const whenClosed = (duplex: Duplex, closing: () => Socket.CloseEvent | undefined) =>
  Effect.async<never, Socket.SocketError>((resume) => {
    const closed = () => {
      // What has arrived is read to its end first.
      if (closing() !== undefined || !duplex.readableEnded) resume(Effect.fail(closedOf(duplex, closing())))
    }
    if (duplex.closed) closed()
    else duplex.once("close", closed)
    return Effect.sync(() => duplex.off("close", closed))
  })

/** Sends what is written, and says that there is no more. */
const finish = (duplex: Duplex): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (duplex.destroyed) return Effect.void
    const idle = duplex.writableLength === 0
    const ended = Effect.async<void>((resume) => {
      duplex.once("close", () => resume(Effect.void)).end(() => resume(Effect.void))
    })
    return idle ? Effect.sync(() => void duplex.end()) : Effect.asVoid(bounded.within(ended, leaving))
  })

/**
 * A socket that `open` connects anew for each `run`. A `run` ends well when the other side has said that it has no more to
 * say and all is handled; what is read waits while handlers are slow.
 *
 * @internal
 */
export const make = (open: Effect.Effect<Duplex, Socket.SocketError, Scope.Scope>): Socket.Socket => {
  let current: { readonly duplex: Duplex; closing: Socket.CloseEvent | undefined } | undefined
  const opened = Effect.unsafeMakeLatch(false)

  const run = <_, E, R>(
    handler: (chunk: Uint8Array) => Effect.Effect<_, E, R> | void,
    options?: { readonly onOpen?: Effect.Effect<void> | undefined }
  ): Effect.Effect<void, Socket.SocketError | E, R> =>
    Effect.scopedWith(Effect.fnUntraced(function*(scope) {
      const duplex = yield* Scope.extend(open, scope)
      // Whoever is in the middle of something else when it breaks would not listen.
      duplex.on("error", () => undefined)
      const mine: typeof current = { duplex, closing: undefined }
      yield* Scope.addFinalizerExit(scope, (exit) => Exit.isSuccess(exit) ? finish(duplex) : Effect.void)
      const handlers = yield* Scope.extend(FiberSet.make<unknown, E>(), scope)
      const failed = yield* Deferred.make<never, E>()
      const room = yield* Effect.makeSemaphore(mostInHand)
      const handle = (chunk: Uint8Array) => {
        const size = Math.min(chunk.length, mostInHand)
        const handled = handler(chunk)
        return !Effect.isEffect(handled) ? Effect.void : Effect.zipRight(
          room.take(size),
          FiberSet.run(
            handlers,
            handled.pipe(
              Effect.tapErrorCause((cause) => Deferred.failCause(failed, cause)),
              Effect.ensuring(room.release(size))
            )
          )
        )
      }
      yield* Effect.sync(() => {
        current = mine
      })
      yield* opened.open
      if (options?.onOpen !== undefined) yield* options.onOpen
      const over = Effect.raceFirst(whenClosed(duplex, () => mine.closing), Deferred.await(failed))
      return yield* Stream.runForEach(readAll(duplex, readError), handle).pipe(
        Effect.zipRight(FiberSet.awaitEmpty(handlers)),
        Effect.zipRight(
          Effect.suspend(() => mine.closing === undefined ? Effect.void : Effect.fail(closedOf(duplex, mine.closing)))
        ),
        // Both may tell of one end: what closed it says more than that nothing can be read.
        Effect.catchAll((error) => mine.closing === undefined ? Effect.fail(error) : over),
        Effect.raceFirst(over)
      )
    })).pipe(
      Effect.ensuring(Effect.sync(() => {
        opened.unsafeClose()
        current = undefined
      })),
      Effect.interruptible
    )

  const write = (chunk: Uint8Array | string | Socket.CloseEvent): Effect.Effect<void, Socket.SocketError> =>
    opened.whenOpen(Effect.async<void, Socket.SocketError>((resume) => {
      // `run` may have come to its end since.
      if (current === undefined) return resume(write(chunk))
      const { duplex } = current
      if (Socket.isCloseEvent(chunk)) {
        current.closing = chunk
        if (chunk.code > 1000) duplex.destroy()
        else duplex.end(() => duplex.destroy())
        return resume(Effect.void)
      }
      duplex.write(chunk, (cause) =>
        resume(
          cause === null || cause === undefined
            ? Effect.void
            : Effect.fail(new Socket.SocketGenericError({ reason: "Write", cause }))
        ))
    }))

  return Socket.Socket.of({
    [Socket.TypeId]: Socket.TypeId,
    run,
    runRaw: run,
    writer: Effect.acquireRelease(
      Effect.succeed(write),
      () => Effect.sync(() => current?.duplex.writableEnded === false ? void current.duplex.end() : undefined)
    )
  })
}
