/**
 * The hash of a large file, made on another core while the file travels: on this one it would take the time of the cipher.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Buffer } from "node:buffer"
import { Worker } from "node:worker_threads"

/** Reads as far as it is told that there is something to read. */
const source = `
const { parentPort, workerData } = require("node:worker_threads")
const { createHash } = require("node:crypto")
const { openSync, readSync } = require("node:fs")
const file = openSync(Buffer.from(workerData), "r")
const hash = createHash("sha256")
const piece = Buffer.allocUnsafeSlow(1024 * 1024)
let at = 0
parentPort.on("message", ({ end, size }) => {
  while (at < size) {
    const count = readSync(file, piece, 0, Math.min(piece.length, size - at), at)
    if (count === 0) break
    hash.update(piece.subarray(0, count))
    at += count
  }
  if (end) {
    parentPort.postMessage(hash.digest("hex"))
    parentPort.close()
  }
})
`

/** @internal */
export interface Follower<E> {
  /** So many bytes are there. */
  readonly written: (size: number) => Effect.Effect<void>
  /** All are there, so many: gives their hash. */
  readonly hash: (size: number) => Effect.Effect<string, E>
}

/**
 * SHA-256 of a file that grows.
 *
 * @internal
 */
export const follow = <E>(
  path: Buffer,
  fail: (cause: unknown) => E
): Effect.Effect<Follower<E>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const made = yield* Deferred.make<string, E>()
    const settle = (result: Effect.Effect<string, E>): void => Deferred.unsafeDone(made, result)
    const worker = yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Worker(source, { eval: true, workerData: path, execArgv: [], stdout: true, stderr: true })
          .on("message", (hash: string) => settle(Effect.succeed(hash)))
          .on("error", (cause) => settle(Effect.fail(fail(cause))))
          .on("exit", () => settle(Effect.fail(fail(new Error("the hash of the file was not made")))))
      ),
      (worker) => Effect.promise(() => worker.terminate())
    )
    const tell = (size: number, end: boolean) => Effect.sync(() => worker.postMessage({ size, end }, []))
    return {
      written: (size) => tell(size, false),
      hash: (size) => Effect.zipRight(tell(size, true), Deferred.await(made))
    }
  })

/**
 * SHA-256 of the first bytes of a file, in hexadecimal.
 *
 * @internal
 */
export const ofFile = <E>(path: Buffer, size: number, fail: (cause: unknown) => E): Effect.Effect<string, E> =>
  Effect.scoped(Effect.flatMap(follow(path, fail), (follower) => follower.hash(size)))
