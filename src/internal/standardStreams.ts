/**
 * The standard streams of this process, as a command of a host inherits them.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { SystemError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import process from "node:process"
import type { Inherited } from "../services/RemoteCommandExecutor.ts"

const failed = (method: string) => (cause: unknown): SystemError =>
  new SystemError({
    reason: "Unknown",
    module: "Stream",
    method,
    description: cause instanceof Error ? cause.message : String(cause),
    cause
  })

/** Those of the platform end the output with the first stream, and this process has more to say. */
const output = (name: "stdout" | "stderr"): Sink.Sink<void, Uint8Array, never, SystemError> =>
  Sink.unwrapScoped(
    Effect.sync(() => process[name]).pipe(
      Effect.tap((writable) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            // An error is told to the write, and then as an event that would end this process.
            const heard = () => {}
            writable.on("error", heard)
            return heard
          }),
          (heard) => Effect.sync(() => void setImmediate(() => writable.off("error", heard)))
        )
      ),
      Effect.map((writable) =>
        Sink.forEach((bytes: Uint8Array) =>
          Effect.async<void, SystemError>((resume) => {
            writable.write(bytes, (cause) => resume(cause == null ? Effect.void : failed(name)(cause)))
          })
        )
      )
    )
  )

/** @internal */
export const inherited: Inherited = {
  stdin: Stream.suspend(() =>
    NodeStream.fromReadable<SystemError, Uint8Array>(() => process.stdin, failed("stdin"), { closeOnDone: false })
  ).pipe(
    // One that is read, even by nobody, keeps this process from its end.
    Stream.ensuring(Effect.sync(() => void process.stdin.pause()))
  ),
  stdout: output("stdout"),
  stderr: output("stderr")
}
