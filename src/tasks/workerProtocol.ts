/**
 * The manager's side of a worker's channel: starts its process, sends its bundle, and carries messages of @effect/rpc.
 *
 * @since 0.1.0
 */
import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import type { RpcClientError } from "@effect/rpc/RpcClientError"
import type { FromClientEncoded, FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as bounded from "../internal/bounded.ts"
import * as gzip from "../internal/gzip.ts"
import * as LogTail from "../internal/logTail.ts"
import * as messageLines from "../internal/messageLines.ts"
import { decodeText } from "../internal/outputText.ts"
import * as Programs from "../internal/programs.ts"
import { nodeInput, talkingNodeArgv } from "../internal/shipping.ts"
import { ExecutionLog } from "../services/ExecutionLog.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { RemoteWorker, StartOptions } from "./RemoteWorker.ts"
import { RemoteWorkerError } from "./RemoteWorkerError.ts"
import type { TaskTarget } from "./TaskTarget.ts"

/** Bytes of one message. */
const defaultLimit = 64 * 1_048_576

/** Requests that wait for the channel. */
const mostWaiting = 64

/** Answers that wait for their takers: a stream has one under way, the next follows when that is taken. */
const mostInHand = 1024

/** A process that has closed its channel is about to end, and its last words are under way. */
const ending = "5 seconds"

/** BigInt makes a number of it. */
const RequestId = Schema.String.pipe(Schema.pattern(/^\d{1,20}$/))

/** What a worker says. What is in the messages is decoded by the schemas of the group. */
const Said = Schema.parseJson(Schema.Union(
  Schema.TaggedStruct("Want", {}),
  Schema.TaggedStruct("Ready", { requests: Schema.Array(Schema.String) }),
  Schema.TaggedStruct("Chunk", { requestId: RequestId, values: Schema.NonEmptyArray(Schema.Unknown) }),
  Schema.TaggedStruct("Exit", { requestId: RequestId, exit: Schema.Unknown }),
  Schema.TaggedStruct("Defect", { defect: Schema.Unknown })
))

const decode = Schema.decode(Said)

/** RpcClient hands errors of its protocol on as they are. Its types know one class of them; tests hold it to ours. */
const asRpcError = (error: RemoteWorkerError): RpcClientError => error as unknown as RpcClientError

type Failure = ConstructorParameters<typeof RemoteWorkerError>[0]

/** How a worker has ended, from the exit of its process. */
const endOf = (
  code: number,
  signal: string | undefined,
  ready: boolean,
  interpreter: string
): Pick<Failure, "reason" | "detail" | "hint"> =>
  !ready && signal === undefined && (code === 126 || code === 127)
    ? {
      reason: "Interpreter",
      detail: `${interpreter} cannot run it on this host`,
      hint:
        "install Node 18 or newer on the host, or name its path with the option `interpreter`: sshd's PATH may lack it"
    }
    : !ready && signal === undefined
    ? {
      reason: "Load",
      detail: `its process ended with exit code ${code} before it was ready`,
      hint: "its module is loaded and its layer is built on the host, with what is there: the log says what failed"
    }
    : {
      reason: "Ended",
      detail: signal === undefined
        ? `its process ended with exit code ${code}`
        : `its process was ended by SIG${signal}`,
      hint: signal === "KILL" || code === 137
        ? "the host may have run out of memory"
        : "start it again; its log tells what it printed before"
    }

/**
 * A worker that is ready. Its process ends with the scope.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*<Rpcs extends Rpc.Any>(
  target: TaskTarget,
  worker: RemoteWorker<Rpcs>,
  options: StartOptions
) {
  const { interpreter = "node", messageLimit = defaultLimit, startTimeout = "1 minute" } = options
  const ready = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<never, RemoteWorkerError>()
  const failure = (more: Omit<Failure, "host" | "step" | "worker">) =>
    Effect.map(Deferred.isDone(ready), (isReady) =>
      new RemoteWorkerError({
        host: target.host.alias,
        step: isReady ? "call" : "start",
        worker: worker.name,
        ...more
      }))
  const fail = (more: Parameters<typeof failure>[0]) => Effect.flatMap(failure(more), Effect.fail)
  const ofLink = (cause: SshError) =>
    fail({ reason: "Link", detail: `${cause.step}, ${cause.reason}: ${cause.detail}`, hint: cause.hint, cause })

  const executionLog = yield* ExecutionLog
  const program = yield* Programs.load("worker", "node")
  const log = yield* executionLog.open({ host: target.host.alias, task: worker.name })
  const process: RemoteProcess = yield* target.exec({
    argv: talkingNodeArgv(program, interpreter),
    env: options.env,
    lasting: true
  }).pipe(Effect.catchAll(ofLink))

  const tail = LogTail.make()
  const printing = yield* process.stderr.pipe(
    Stream.tap((chunk) => Effect.sync(() => tail.push(chunk))),
    decodeText,
    Stream.runForEach((text) => log.output("stderr", text)),
    Effect.ignore,
    Effect.forkScoped
  )

  // One writer: a request that is interrupted on its way in must not leave half of itself there.
  const outgoing = yield* Queue.bounded<string | Uint8Array>(mostWaiting)
  yield* Queue.take(outgoing).pipe(
    Effect.flatMap(process.write),
    Effect.forever,
    // What cannot be written is told by how the process ends.
    Effect.ignore,
    Effect.zipRight(Effect.forever(Queue.take(outgoing))),
    Effect.forkScoped
  )
  const say = (message: object) => Effect.asVoid(Queue.offer(outgoing, `${JSON.stringify(message)}\n`))
  yield* Queue.offer(outgoing, nodeInput(program, [worker.name]))

  const sendBundle = Effect.gen(function*() {
    const { code, map } = yield* worker.bundle(worker.module, worker.layer).pipe(
      Effect.catchAll((refused) => fail({ reason: "Source", ...refused }))
    )
    const [codeBytes, mapBytes] = yield* Effect.all([gzip.pack(code), gzip.pack(map)])
    yield* say({ code: codeBytes.length, map: mapBytes.length })
    yield* Queue.offerAll(outgoing, [codeBytes, mapBytes])
  })

  const begin = (requests: ReadonlyArray<string>) => {
    const missing = [...worker.group.requests.keys()].filter((tag) => !requests.includes(tag))
    return missing.length === 0 ? Effect.asVoid(Deferred.succeed(ready, undefined)) : fail({
      reason: "Source",
      detail: `the group of its module lacks ${missing.join(", ")}`,
      hint: "export the same group from the module of the worker"
    })
  }

  const protocol = yield* RpcClient.Protocol.make(Effect.fnUntraced(function*(writeResponse) {
    const inHand = yield* FiberSet.make<void>()
    const places = yield* Effect.makeSemaphore(mostInHand)
    /** A stream that nobody reads holds up its own answers only. */
    const pass = (message: FromServerEncoded) =>
      Effect.zipRight(
        places.take(1),
        FiberSet.run(inHand, Effect.ensuring(writeResponse(message), places.release(1)))
      )
    const heard = Effect.fnUntraced(function*(line: string) {
      const message = yield* Effect.catchAll(decode(line), (cause) =>
        fail({
          reason: "Protocol",
          detail: `what it says cannot be read: ${cause.message.slice(0, 500)}`,
          hint: "does something else write to file descriptor 3 of the worker?"
        }))
      switch (message._tag) {
        case "Want":
          return yield* sendBundle
        case "Ready":
          return yield* begin(message.requests)
        case "Exit":
          // Its form is the business of the schema that decodes it.
          return yield* pass(message as FromServerEncoded)
        default:
          return yield* pass(message)
      }
    })
    const lifetime = process.stdout.pipe(
      messageLines.split(messageLimit),
      Stream.runForEach(heard),
      Effect.zipRight(Effect.flatMap(
        bounded.within(Effect.zipLeft(process.exit, Fiber.await(printing)), ending),
        Option.match({
          onNone: () => fail({ reason: "Protocol", detail: "it closed its channel and lives", log: tail.lines() }),
          onSome: ({ code, signal }) =>
            Effect.flatMap(
              Deferred.isDone(ready),
              (isReady) => fail({ ...endOf(code, signal, isReady, interpreter), exitCode: code, log: tail.lines() })
            )
        })
      )),
      Effect.catchTags({
        SshError: ofLink,
        LineTooLong: ({ limit }) =>
          fail({
            reason: "Protocol",
            detail: `it said a message of more than ${limit} bytes`,
            hint: "let it stream what is large, or raise `messageLimit`"
          })
      })
    )
    yield* lifetime.pipe(
      Effect.catchAll((error) =>
        Effect.zipRight(
          Deferred.fail(ended, error),
          writeResponse({ _tag: "ClientProtocolError", error: asRpcError(error) })
        )
      ),
      Effect.forkScoped
    )
    return {
      send: (message: FromClientEncoded) =>
        Effect.raceFirst(say(message), Deferred.await(ended)).pipe(
          Effect.unlessEffect(Deferred.isDone(ended)),
          Effect.zipRight(Effect.flatMap(Deferred.poll(ended), Option.getOrElse(() => Effect.void))),
          Effect.mapError(asRpcError)
        ),
      supportsAck: true,
      supportsTransferables: false
    }
  }))

  yield* Effect.raceFirst(Deferred.await(ready), Deferred.await(ended)).pipe(
    Effect.timeoutOption(startTimeout),
    Effect.flatMap(Option.match({
      onNone: () =>
        fail({
          reason: "NotReady",
          detail: "its layer does not stand within the deadline",
          log: tail.lines(),
          hint: "`startTimeout` waits longer"
        }),
      onSome: () => Effect.void
    }))
  )
  return protocol
})
