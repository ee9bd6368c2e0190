/**
 * How a process of a host has ended, and the writes that wait until then: whatever carries it, the first news counts.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { Writable } from "node:stream"
import type { ExitStatus } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"

type Written = Effect.Effect<void, SshError>

/**
 * The end of one process.
 *
 * @internal
 */
export interface ProcessEnd {
  readonly exit: Effect.Effect<ExitStatus, SshError>
  /** `writes` is what a write comes to from now on. What a process does not take any more is dropped: its exit says why. */
  readonly finish: (status: Effect.Effect<ExitStatus, SshError>, writes: Written) => void
  /** Writes to its input. `wrong` is what a write comes to that goes wrong; none where the end of the process will tell. */
  readonly write: (
    input: Writable,
    chunk: Uint8Array | string,
    wrong: (cause: Error) => SshError | undefined
  ) => Written
}

/**
 * In a callback, too: a process may end in the very packet that says that it started.
 *
 * @internal
 */
export const unsafeMake = (): ProcessEnd => {
  const exit = Deferred.unsafeMake<ExitStatus, SshError>(FiberId.none)
  const writers = new Set<(result: Written) => void>()
  let over: Written | undefined
  const finish: ProcessEnd["finish"] = (status, writes) => {
    if (over !== undefined) return
    over = writes
    Deferred.unsafeDone(exit, status)
    for (const settle of writers) settle(writes)
    writers.clear()
  }
  return {
    exit: Deferred.await(exit),
    finish,
    write: (input, chunk, wrong) =>
      Effect.async((resume) => {
        // A moment passes at each: a writer without an end must not keep other news away.
        if (over !== undefined) {
          const result = over
          return void setImmediate(() => resume(result))
        }
        if (input.writableEnded) return resume(Effect.void)
        const settle = (result: Written): void => {
          writers.delete(settle)
          resume(result)
        }
        writers.add(settle)
        return void input.write(chunk, (cause) => {
          // Node calls what was on its way written when its stream is destroyed, as that of a client is that has ended.
          if (!cause) return input.destroyed ? undefined : settle(Effect.void)
          const error = wrong(cause)
          return error === undefined ? undefined : settle(Effect.fail(error))
        })
      })
  }
}
