/** What is counted and traced, read back. Each test has hosts of its own, and so tags of its own. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as Tunnel from "../../src/services/Tunnel.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const commands = {
  work: () => Effect.as(Effect.sleep("2 seconds"), 0),
  fail: () => Effect.succeed(3)
}

const world = (host: string) =>
  Layer.mergeAll(
    layer([host], { commands }),
    TaskRunner.layer().pipe(Layer.provide([ExecutionLog.layerNoop, NodeContext.layer])),
    NodeContext.layer
  )

/** `name` or `name{tag}`: what counts this host, by the other tags. */
const read = (host: string) =>
  Effect.map(Metric.snapshot, (pairs) => {
    const found: Record<string, number> = {}
    for (const { metricKey, metricState } of pairs) {
      const tags = metricKey.tags.map(({ key, value }) => [key, value] as const)
      if (!tags.some(([key, value]) => key === "host" && value === host)) continue
      const others = tags.filter(([key]) => key === "reason" || key === "direction").map(([, value]) => `{${value}}`)
      const name = `${metricKey.name.replace(/^lazycluster_/, "")}${others.join("")}`
      if (MetricState.isCounterState(metricState)) found[name] = Number(metricState.count)
      if (MetricState.isGaugeState(metricState)) found[name] = Number(metricState.value)
      if (MetricState.isHistogramState(metricState)) found[name] = metricState.sum
    }
    return found
  })

const settle = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.fork(effect).pipe(Effect.tap(() => TestClock.adjust("20 seconds")), Effect.flatMap(Fiber.join))

describe("metrics", () => {
  it.effect("count connections, tasks, tunnels and bytes, by host", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${directory}/data`, "x".repeat(1234))
      const scope = yield* Scope.make()
      const runtime = yield* Scope.extend(Runtime.make("counted"), scope)
      yield* Scope.extend(
        Tunnel.make({ from: runtime, at: { port: 0 }, to: runtime, target: { port: 9 } }),
        scope
      )
      const working = yield* Effect.fork(
        Runtime.execute(runtime, RuntimeTask.make("a").pipe(RuntimeTask.runCommand("work")))
      )
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* read("counted"), { connections_open: 1, tunnels_open: 1, tasks_running: 1 })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(working)
      yield* Effect.flip(Runtime.execute(runtime, RuntimeTask.make("b").pipe(RuntimeTask.runCommand("fail"))))
      yield* settle(
        Runtime.execute(
          runtime,
          RuntimeTask.make("c").pipe(
            RuntimeTask.sendFile(`${directory}/data`, "data"),
            RuntimeTask.getFile("data", `${directory}/back`)
          )
        )
      )
      yield* settle(Scope.close(scope, Exit.void))
      const counted = yield* read("counted")
      assert.deepInclude(counted, {
        connections_opened: 1,
        connections_open: 0,
        tunnels_open: 0,
        tasks_run: 3,
        tasks_running: 0,
        "tasks_failed{CommandFailed}": 1,
        "transferred_bytes{send}": 1234,
        "transferred_bytes{get}": 1234
      })
      assert.isAtLeast(counted["task_duration"] ?? 0, 2000)
      // Nothing was lost: closing a connection is no loss.
      assert.isUndefined(counted["connections_lost"])
    }).pipe(Effect.scoped, Effect.provide(world("counted"))))

  it.effect("count lost connections and leases that have run out", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      yield* Scope.extend(Runtime.make("lost", { lease: "5 seconds" }), scope)
      yield* hosts.reset("lost")
      yield* TestClock.adjust("3 seconds")
      assert.deepInclude(yield* read("lost"), { connections_opened: 2, connections_lost: 1, connections_open: 1 })
      yield* hosts.refuse("lost")
      yield* hosts.reset("lost")
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(yield* read("lost"), { connections_lost: 2, connections_open: 0, leases_expired: 1 })
      yield* settle(Scope.close(scope, Exit.void))
    }).pipe(Effect.provide(world("lost"))))
})

/** A tracer that keeps what it is given. */
const recorder = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        spanId: String(spans.length),
        traceId: "trace",
        name,
        parent,
        context,
        links,
        kind,
        sampled: true,
        status: { _tag: "Started", startTime },
        attributes,
        attribute: (key, value) => void attributes.set(key, value),
        event: () => undefined,
        addLinks: () => undefined,
        end: (endTime, exit) => {
          Object.assign(span, { status: { _tag: "Ended", startTime, endTime, exit } })
        }
      }
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  return { spans, tracer }
}

describe("spans", () => {
  it.effect("show what a program did, each under what it was done for, with its host", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
      const program = Effect.gen(function*() {
        const runtime = yield* Runtime.make("traced")
        yield* Tunnel.make({ from: runtime, at: { port: 0 }, to: runtime, target: { port: 9 } })
        yield* Runtime.execute(
          runtime,
          RuntimeTask.make("t").pipe(RuntimeTask.runCommand("work"), RuntimeTask.sendFile(directory, "there"))
        )
      }).pipe(Effect.scoped, Effect.withSpan("program"))
      yield* settle(Effect.withTracer(program, tracer))
      /** From the program down. */
      const path = (span: Tracer.Span): string =>
        Option.match(span.parent, {
          onNone: () => span.name,
          onSome: (parent) => `${parent._tag === "Span" ? path(parent) : "?"}/${span.name}`
        })
      const paths = new Set(spans.map(path))
      for (
        const expected of [
          "program/Runtime.make/Guardian.make/Ssh.connect/Ssh.open",
          "program/Tunnel.make",
          "program/Task.run/Runtime.exec",
          "program/Task.run/Transfer"
        ]
      ) {
        assert.isTrue(paths.has(expected), `${expected} is not among\n${[...paths].join("\n")}`)
      }
      const attributes = (name: string) =>
        Object.fromEntries(spans.find((span) => span.name === name)?.attributes ?? [])
      assert.deepInclude(attributes("Task.run"), { host: "traced", task: "t" })
      for (const name of ["Ssh.connect", "Ssh.open", "Runtime.make", "Transfer"]) {
        assert.deepInclude(attributes(name), { host: "traced" }, name)
      }
      for (const span of spans) {
        assert.strictEqual(span.status._tag, "Ended", span.name)
      }
    }).pipe(Effect.scoped, Effect.provide(world("traced"))))
})
