/**
 * Workers for hosts in memory: what a worker serves there, by a layer of handlers in this program.
 *
 * @since 0.1.0
 */
import type * as Rpc from "@effect/rpc/Rpc"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { serve } from "../internal/workerServer.ts"
import type { RemoteWorker } from "../tasks/RemoteWorker.ts"
import type { Commands, Handler } from "./InMemoryHost.ts"

/**
 * A worker by its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface InMemoryWorker {
  readonly name: string
  readonly run: Handler
}

/**
 * What a worker does on hosts in memory: nothing is bundled, and no Node is needed. Each one that is started builds the
 * layer anew; one that fails ends its process with what failed on its standard error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = <Rpcs extends Rpc.Any, E>(
  worker: RemoteWorker<Rpcs>,
  layer: Layer.Layer<Rpc.ToHandler<Rpcs> | Rpc.Middleware<Rpcs>, E>
): InMemoryWorker => ({
  name: worker.name,
  run: ({ stderr, stdin, stdout }) =>
    serve({ group: worker.group, layer, input: stdin, write: stdout }).pipe(
      Effect.as(0),
      Effect.catchAllCause((cause) =>
        Cause.isInterruptedOnly(cause)
          ? Effect.interrupt
          : Effect.as(stderr(`${Cause.pretty(cause, { renderErrorCause: true })}\n`), 1)
      )
    )
})

/**
 * Commands of a host in memory that are these workers, by name.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Rpc, RpcGroup } from "@effect/rpc"
 * import { RemoteWorker } from "lazycluster"
 * import { InMemorySsh, InMemoryWorker } from "lazycluster/testing"
 * import { Effect, Schema } from "effect"
 *
 * class Sums extends RpcGroup.make(
 *   Rpc.make("add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number })
 * ) {}
 *
 * const worker = RemoteWorker.make({ group: Sums, module: "./worker.ts" })
 * const handlers = Sums.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })
 *
 * const hosts = InMemorySsh.layer(["host-1"], {
 *   commands: InMemoryWorker.commands([InMemoryWorker.of(worker, handlers)])
 * })
 */
export const commands = (workers: ReadonlyArray<InMemoryWorker>): Commands => ({
  "lazycluster-worker": (process) => {
    const [, name] = process.argv
    const worker = workers.find((each) => each.name === name)
    return worker === undefined
      ? Effect.as(process.stderr(`no worker ${name} was given to InMemoryWorker.commands\n`), 1)
      : worker.run(process)
  }
})
