/** The program that is measured: hosts in use, a Dask cluster on them, the example, and the way back. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as process from "node:process"
import * as DaskCluster from "../src/clusters/DaskCluster.ts"
import * as Cleanup from "../src/runtimes/Cleanup.ts"
import * as RuntimeGroup from "../src/runtimes/RuntimeGroup.ts"
import { Progress } from "../src/services/Progress.ts"
import * as example from "./daskExample.ts"
import { Measurement } from "./Measurement.ts"
import * as processes from "./processes.ts"

interface Span {
  readonly label: string
  readonly from: number
  readonly to: number
}

/** From the first beginning to the last end of the steps with such a label. */
const lasting = (spans: ReadonlyArray<Span>, label: RegExp): number => {
  const some = spans.filter((span) => label.test(span.label))
  return some.length === 0 ? 0 : Math.max(...some.map(({ to }) => to)) - Math.min(...some.map(({ from }) => from))
}

const watching = (spans: Ref.Ref<ReadonlyArray<Span>>): Progress["Type"] => ({
  begin: (_, label) =>
    Effect.map(Clock.currentTimeMillis, (from) => ({
      said: () => Effect.void,
      over: () =>
        Effect.flatMap(Clock.currentTimeMillis, (to) => Ref.update(spans, (all) => [...all, { label, from, to }]))
    }))
})

/** One life of a cluster on hosts of the ssh config. */
export const run = Effect.fn("measure.run")(function*(hosts: ReadonlyArray<string>) {
  const spans = yield* Ref.make<ReadonlyArray<Span>>([])
  const begun = yield* Clock.currentTimeMillis
  const { exit, reports } = yield* Cleanup.collect(
    Effect.gen(function*() {
      const group = yield* RuntimeGroup.make(hosts)
      const connected = yield* Clock.currentTimeMillis
      const { client, cluster } = yield* DaskCluster.make(group)
      const ready = yield* Clock.currentTimeMillis
      const result = yield* example.run(client)
      const done = yield* Clock.currentTimeMillis
      const running = yield* processes.of({ process: process.pid, lease: cluster.manager.id })
      const environments = yield* Effect.forEach([cluster.manager.host.alias, ...hosts], cluster.environment)
      const pythons = environments.flatMap(Option.toArray)
      return {
        connect: connected - begun,
        example: done - ready,
        made: pythons.some(({ made }) => made),
        processes: running,
        result,
        schedulerPython: pythons[0]?.python ?? "",
        workerPython: pythons[1]?.python ?? "",
        // Looking at processes is no part of closing.
        closing: yield* Clock.currentTimeMillis
      }
    }).pipe(Effect.provideService(Progress, watching(spans)))
  )
  const now = yield* Clock.currentTimeMillis
  if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
  const steps = yield* Ref.get(spans)
  const { closing, connect, example: took, ...rest } = exit.value
  return Measurement.make({
    ...rest,
    clean: reports.filter((report) => report.clean).length,
    runtimes: reports.length,
    nodePeak: yield* processes.peak(process.pid),
    phases: {
      connect,
      environments: lasting(steps, /^Python environment$/),
      scheduler: lasting(steps, /^start scheduler$/),
      workers: lasting(steps, /^start worker-/),
      client: lasting(steps, /^connect the client$/),
      example: took,
      close: now - closing,
      whole: now - begun
    }
  })
})
