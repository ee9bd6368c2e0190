/**
 * The standard streams of this process, as a command of a host inherits them.
 *
 * @since 0.1.0
 */
import * as NodeSink from "@effect/platform-node/NodeSink"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { SystemError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import process from "node:process"
import type { Inherited } from "../services/RemoteCommandExecutor.ts"

const unreadable = (cause: unknown): SystemError =>
  new SystemError({
    reason: "Unknown",
    module: "Stream",
    method: "stdin",
    description: cause instanceof Error ? cause.message : String(cause),
    cause
  })

/** @internal */
export const inherited: Inherited = {
  stdin: Stream.suspend(() =>
    NodeStream.fromReadable<SystemError, Uint8Array>(() => process.stdin, unreadable, { closeOnDone: false })
  ).pipe(
    // One that is read, even by nobody, keeps this process from its end.
    Stream.ensuring(Effect.sync(() => void process.stdin.pause()))
  ),
  stdout: NodeSink.stdout,
  stderr: NodeSink.stderr
}
