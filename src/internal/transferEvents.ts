/**
 * A transfer that tells what happens.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Event, Progress, Transfer } from "../services/FileTransfer.ts"
import type { Plan } from "../services/FileTransferPlan.ts"
import type { Asked, Failure } from "./transferRun.ts"

/** Progress is told as long as no more than this wait to be heard: what comes later tells what was left out. */
const waiting = 64

/** @internal */
export const streamed = (
  asked: Asked,
  start: (asked: Asked, planned: (plan: Plan) => Effect.Effect<void>) => Transfer
): Stream.Stream<Event, Failure> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* Queue.unbounded<Event | undefined>()
    const offer = (event: Event | undefined) => Effect.asVoid(Queue.offer(events, event))
    const onProgress = (progress: Progress) =>
      Effect.flatMap(Queue.size(events), (size) => size < waiting ? offer({ _tag: "Copied", progress }) : Effect.void)
        .pipe(Effect.zipRight(asked.options.onProgress?.(progress) ?? Effect.void))
    const running = yield* start(
      { ...asked, options: { ...asked.options, onProgress } },
      (plan) => offer({ _tag: "Planned", plan })
    ).pipe(Effect.ensuring(offer(undefined)), Effect.forkScoped)
    const done = Effect.map(Fiber.join(running), (transferred): Event => ({ _tag: "Done", transferred }))
    return Stream.concat(
      Stream.filter(
        Stream.takeWhile(Stream.fromQueue(events), (event) => event !== undefined),
        Predicate.isNotUndefined
      ),
      Stream.fromEffect(done)
    )
  }))
