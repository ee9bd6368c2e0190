/**
 * The runs of a cluster's processes, one after the other, and their output as one stream.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Observable from "../internal/observable.ts"
import { decodeText, linesOf } from "../internal/outputText.ts"
import type { Service } from "../runtimes/Runtime.ts"
import type { Line, Options } from "./ClusterLog.ts"

/** @internal */
export interface Run {
  readonly process: string
  readonly host: string
  readonly service: Service
}

/** @internal */
export interface Runs {
  readonly note: (run: Run) => Effect.Effect<void>
  readonly logs: (options?: Options) => Stream.Stream<Line>
}

interface State {
  /** How many there were in all. */
  readonly count: number
  readonly last: ReadonlyArray<Run>
  readonly over: boolean
}

/** So many are remembered: what those before them printed is read by those who read already. */
const most = 256

const printedBy = (run: Run, from: "out" | "err", onlyNew: boolean): Stream.Stream<Line> =>
  Stream.unwrap(
    Effect.map(onlyNew ? run.service.printed(from) : Effect.succeed(0), (offset) =>
      run.service.output(from, offset).pipe(
        decodeText,
        linesOf,
        Stream.map((line): Line => ({ process: run.process, host: run.host, from, line }))
      ))
  ).pipe(
    // What a lost host has not told is lost; the events say that it is.
    Stream.catchAll(() => Stream.empty)
  )

/**
 * Empty; the logs end when the scope closes and all is read.
 *
 * @internal
 */
export const make: Effect.Effect<Runs, never, Scope.Scope> = Effect.gen(function*() {
  const state = yield* Observable.make<State>({ count: 0, last: [], over: false })
  yield* Effect.addFinalizer(() => state.update((all) => ({ ...all, over: true })))
  return {
    note: (run) =>
      state.update(({ count, last, over }) => ({ count: count + 1, last: [...last, run].slice(-most), over })),
    logs: ({ processes, since = "beginning" } = {}) =>
      state.changes.pipe(
        Stream.takeUntil(({ over }) => over),
        Stream.mapAccum(-1, (seen, { count, last }) => [
          count,
          last.slice(Math.max(0, last.length - (count - Math.max(0, seen)))).map((run) => ({
            run,
            onlyNew: seen < 0 && since === "now"
          }))
        ]),
        Stream.mapConcat((runs) => runs),
        Stream.filter(({ run }) => processes === undefined || processes.includes(run.process)),
        // No more than there are processes, two each, and those that have just ended.
        Stream.flatMap(
          ({ onlyNew, run }) => Stream.merge(printedBy(run, "out", onlyNew), printedBy(run, "err", onlyNew)),
          {
            concurrency: "unbounded"
          }
        )
      )
  }
})
