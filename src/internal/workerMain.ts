/**
 * What a worker's bundle does on its host. It is the main of a program of its own, so it runs an effect, as bin.ts does.
 *
 * @since 0.1.0
 */
import type * as Rpc from "@effect/rpc/Rpc"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Stream from "effect/Stream"
import process from "node:process"
import type { Readable, Writable } from "node:stream"
import { serve, type Served } from "./workerServer.ts"

/** What programs/worker.mjs has opened. `rest` was read already. */
interface Io {
  readonly input: Readable
  readonly rest: Uint8Array
  readonly output: Writable
}

/**
 * Serves until its input ends or TERM comes: then the handlers are interrupted and the layer is released. A second TERM waits
 * for nothing; KILL comes anyway.
 *
 * @internal
 */
export const run = <Rpcs extends Rpc.Any, E>(served: Served<Rpcs, E>, { input, output, rest }: Io): void => {
  const heard = Stream.concat(
    Stream.make(rest),
    // A channel that breaks is one that ends.
    Stream.orElse(Stream.fromAsyncIterable<Uint8Array, unknown>(input, (cause) => cause), () => Stream.empty)
  )
  const write = (text: string) => Effect.async<void>((resume) => void output.write(text, () => resume(Effect.void)))
  const fiber = Effect.runFork(serve({ ...served, input: heard, write }))
  let signalled = 0
  const signal = (code: number) => () => {
    if (signalled > 0) process.exit(code)
    signalled = code
    fiber.unsafeInterruptAsFork(FiberId.none)
  }
  process.on("SIGTERM", signal(143))
  process.on("SIGINT", signal(130))
  process.on("SIGHUP", signal(129))
  fiber.addObserver((exit) => {
    const failed = Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)
    if (failed) process.stderr.write(`${Cause.pretty(exit.cause, { renderErrorCause: true })}\n`)
    output.end(() => process.exit(signalled > 0 ? signalled : failed ? 1 : 0))
  })
}
