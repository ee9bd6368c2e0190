/**
 * Where the time goes: each connection, task and transfer is a span. Here they are kept in memory and shown as a tree; with an
 * exporter for OTLP in its place they go to Jaeger, Tempo or Honeycomb.
 *
 *     npx tsx examples/opentelemetry.ts
 */
import { NodeSdk } from "@effect/opentelemetry"
import { NodeRuntime } from "@effect/platform-node"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Console, Effect, Layer, Metric } from "effect"
import { Lazycluster, Metrics, Runtime, RuntimeTask } from "lazycluster"

const exporter = new InMemorySpanExporter()

const telemetry = NodeSdk.layer(() => ({
  resource: { serviceName: "my-experiment" },
  spanProcessor: new SimpleSpanProcessor(exporter)
}))

const task = RuntimeTask.make("train").pipe(RuntimeTask.runCommand("sleep 0.1 && echo done"))

const work = Effect.gen(function*() {
  const runtime = yield* Runtime.make("host-1")
  yield* Effect.annotateCurrentSpan("cores", runtime.facts.cpus)
  yield* Runtime.execute(runtime, task)
}).pipe(Effect.scoped, Effect.withSpan("experiment"))

const show = (spans: ReadonlyArray<ReadableSpan>, parent?: string, indent = ""): Effect.Effect<void> =>
  Effect.forEach(
    spans.filter((span) => span.parentSpanContext?.spanId === parent),
    (span) => {
      const { host, task } = span.attributes
      const about = [host, task].filter((value) => value !== undefined).join(" ")
      return Console.log(`${indent}${span.name} ${about}`.trimEnd()).pipe(
        Effect.zipRight(show(spans, span.spanContext().spanId, `${indent}  `))
      )
    },
    { discard: true }
  )

const program = Effect.gen(function*() {
  yield* work
  yield* show(exporter.getFinishedSpans())
  const { count } = yield* Metric.value(Metric.tagged(Metrics.tasksRun, "host", "host-1"))
  yield* Console.log(`tasks on host-1: ${count}`)
})

program.pipe(Effect.provide(Layer.merge(Lazycluster.layer, telemetry)), NodeRuntime.runMain)
