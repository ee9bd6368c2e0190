/**
 * The worker's side of a channel: an RpcGroup served over lines. It is part of each worker's bundle, so it imports little, and
 * the worker in memory is the same.
 *
 * The line protocol, each line JSON. The manager says first `{"source", "words": [NAME]}`, which starts the program. The
 * worker says `{"_tag": "Want"}`, and gets `{"code": BYTES, "map": BYTES}` with so many bytes of gzip behind it: its bundle.
 * When its layer stands it says `{"_tag": "Ready", "requests": [TAG…]}`. Then both say messages of @effect/rpc. The end of its
 * input ends the worker.
 *
 * @since 0.1.0
 */
import type * as Rpc from "@effect/rpc/Rpc"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import type { FromClientEncoded } from "@effect/rpc/RpcMessage"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as messageLines from "./messageLines.ts"

/** What a manager says is as large as it likes. */
const limit = 511 * 1_048_576

const decode = Schema.decodeUnknown(Schema.parseJson())

/** @internal */
export interface Served<Rpcs extends Rpc.Any, E> {
  readonly group: RpcGroup.RpcGroup<Rpcs>
  readonly layer: Layer.Layer<Rpc.ToHandler<Rpcs> | Rpc.Middleware<Rpcs> | Rpc.Context<Rpcs>, E>
}

/**
 * Serves until the input ends, or fails with what the layer fails with. A defect of one handler is the answer to its request,
 * not the end of the others.
 *
 * @internal
 */
export const serve = <Rpcs extends Rpc.Any, E>(
  options: Served<Rpcs, E> & {
    readonly input: Stream.Stream<Uint8Array>
    /** Whole lines. */
    readonly write: (text: string) => Effect.Effect<void>
  }
): Effect.Effect<void, E> =>
  Effect.gen(function*() {
    const { group, input, layer, write } = options
    const say = (message: unknown) => write(`${JSON.stringify(message)}\n`)
    const context = yield* Layer.build(layer)
    const over = yield* Deferred.make<void>()
    const protocol = yield* RpcServer.Protocol.make(Effect.fnUntraced(function*(writeRequest) {
      yield* input.pipe(
        messageLines.split(limit),
        Stream.runForEach((line) =>
          Effect.flatMap(
            decode(line),
            // The manager is trusted: it is the same program.
            (message) => writeRequest(0, message as FromClientEncoded)
          )
        ),
        Effect.orDie,
        Effect.onExit((exit) => Deferred.done(over, exit)),
        Effect.forkScoped
      )
      return {
        disconnects: yield* Mailbox.make<number>(),
        send: (_, response) => say(response),
        end: () => Effect.void,
        clientIds: Effect.succeed(new Set([0])),
        initialMessage: Effect.succeedNone,
        supportsAck: true,
        supportsTransferables: false,
        supportsSpanPropagation: true
      }
    }))
    yield* say({ _tag: "Ready", requests: [...group.requests.keys()] })
    yield* RpcServer.make(group, { disableFatalDefects: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol),
      Effect.provide(context),
      Effect.raceFirst(Deferred.await(over))
    )
  }).pipe(Effect.scoped)
