/**
 * The scheduler of Dask in memory: workers register with it, drivers ask it.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import type { Process } from "../InMemoryHost.ts"
import * as Messages from "./memoryDaskMessages.ts"
import * as memoryDaskTasks from "./memoryDaskTasks.ts"
import type { Failure, Problem, Task, Tasks, Worker } from "./memoryDaskTasks.ts"
import * as memoryDaskWatch from "./memoryDaskWatch.ts"
import { ask } from "./memoryDaskWorker.ts"
import * as memoryLines from "./memoryLines.ts"

interface Scheduler {
  readonly self: Process
  readonly tasks: Tasks
  readonly versions: Readonly<Record<string, string>>
  readonly address: string
}

const problem = (kind: Problem["kind"], message: string, type = ""): Effect.Effect<never, Problem> =>
  Effect.fail({ kind, type, message })

const known = ({ tasks }: Tasks, key: string): Effect.Effect<Task, Problem> => {
  const task = tasks.get(key)
  return task === undefined
    ? problem("Unknown", `no future ${key} in this client: it was released, or it is of another one`)
    : Effect.succeed(task)
}

/** The text of a value, once it is there: fetched from a worker that holds it. */
const value = (scheduler: Scheduler, key: string): Effect.Effect<string, Failure> =>
  Effect.gen(function*() {
    const task = yield* known(scheduler.tasks, key)
    yield* Deferred.await(task.done)
    if (task.state === "erred") return yield* Effect.fail(task.error ?? memoryDaskTasks.cancelled(key))
    for (const address of task.holders) {
      const text = yield* ask(scheduler.self, address, key)
      if (Option.isSome(text)) return text.value
    }
    // Its holder goes: it is made again, which `done` then tells.
    yield* Effect.sleep("100 millis")
    return yield* value(scheduler, key)
  })

const enough = ({ tasks }: Scheduler, count: number) =>
  Effect.async<void>((resume) => {
    const look = () => {
      if (tasks.workers.size < count) return
      tasks.waitingForWorkers.delete(look)
      resume(Effect.void)
    }
    tasks.waitingForWorkers.add(look)
    look()
    return Effect.sync(() => tasks.waitingForWorkers.delete(look))
  })

/** Values that these workers alone hold go to others first. */
const retire = ({ tasks }: Scheduler, names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const going = [...tasks.workers.values()].filter(({ told }) => names.includes(told.name))
    going.forEach((worker) => {
      worker.retiring = true
    })
    const gone = new Set(going.map(({ told }) => told.address))
    const [other] = [...tasks.workers.values()].filter(({ retiring }) => !retiring)
    for (const task of tasks.tasks.values()) {
      const [from] = task.holders
      if (from === undefined || ![...task.holders].every((address) => gone.has(address))) continue
      if (other === undefined) {
        going.forEach((worker) => {
          worker.retiring = false
        })
        return yield* problem("Scheduler", `no other worker can take the values of ${names.join(", ")}`)
      }
      other.send({ fetch: task.key, from })
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => task.holders.has(other.told.address) })
    }
    going.forEach((worker) => {
      tasks.leave(worker, false)
      worker.close()
    })
    return null
  })

/** Of one client: how many of its futures have a key, and what it watches. */
interface Client {
  readonly held: Map<string, number>
  readonly watches: Map<number, memoryDaskWatch.Watch>
}

const hold = ({ held }: Client, key: string): string => {
  held.set(key, (held.get(key) ?? 0) + 1)
  return key
}

const keyOf = ({ tasks }: Scheduler, { calls, code, keys, options }: Messages.Submit, index: number): string => {
  const own = keys?.[index]
  if (own !== undefined) return own
  return `${code.name}-${
    options.pure === true ? tasks.pureKey(code.name, JSON.stringify(calls[index])) : tasks.nextKey()
  }`
}

const release = ({ tasks }: Scheduler, { held }: Client, key: string): void => {
  const left = (held.get(key) ?? 0) - 1
  if (left > 0) {
    held.set(key, left)
    return
  }
  held.delete(key)
  tasks.release(key)
}

const answer = (
  scheduler: Scheduler,
  request: Messages.Request,
  client: Client
): Effect.Effect<unknown, Failure, Scope.Scope> => {
  const { address, tasks, versions } = scheduler
  switch (request.op) {
    case "submit":
      return Effect.sync(() =>
        request.calls.map((call, index) => {
          const key = hold(client, keyOf(scheduler, request, index))
          const { priority = 0, resources = {}, retries = 0, workers } = request.options
          tasks.submit({ key, call, function: request.code.name, workers, priority, retries, resources })
          return key
        })
      )
    case "scatter":
      return Effect.suspend(() => {
        const key = `${request.name}-${tasks.nextKey()}`
        return tasks.scatter(key, request.name, request.value, request.options)
          ? Effect.as(value(scheduler, key), hold(client, key))
          : problem("Timeout", "No valid workers found", "TimeoutError")
      })
    case "finished":
      return Effect.as(Effect.forEach(request.keys, (key) => value(scheduler, key), { concurrency: "unbounded" }), null)
    case "watch":
      return Effect.gen(function*() {
        yield* Effect.forEach(request.keys, (key) => known(tasks, key))
        client.watches.set(
          request.id,
          yield* memoryDaskWatch.make(request.keys, (key) => Effect.either(value(scheduler, key)))
        )
        return request.id
      })
    case "next":
      return client.watches.get(request.watch)?.next(request.most, request.texts) ?? Effect.succeed([])
    case "unwatch":
      return Effect.suspend(() => {
        const watch = client.watches.get(request.watch)
        client.watches.delete(request.watch)
        return Effect.as(watch?.end ?? Effect.void, null)
      })
    case "result":
      return value(scheduler, request.key)
    case "gather":
      return Effect.forEach(request.keys, (key) => value(scheduler, key), { concurrency: "unbounded" })
    case "cancel":
      return Effect.as(Effect.sync(() => request.keys.forEach(tasks.cancel)), null)
    case "release":
      return Effect.as(Effect.sync(() => request.keys.forEach((key) => release(scheduler, client, key))), null)
    case "who_has":
      return Effect.map(
        Effect.forEach(request.keys, (key) => known(tasks, key)),
        (all) => Object.fromEntries(all.map(({ holders, key }) => [key, [...holders].map((at) => holder(tasks, at))]))
      )
    case "retire":
      return retire(scheduler, request.names)
    case "wanted":
      return Effect.sync(() => {
        const open = [...tasks.tasks.values()].filter(({ state }) => state === "waiting" || state === "running").length
        const [one] = tasks.workers.values()
        return Math.ceil(open / (one?.told.threads ?? 1))
      })
    case "info":
      return Effect.sync(() => ({
        scheduler: { address, versions },
        workers: [...tasks.workers.values()].map(({ told }) => ({ ...told, status: "running" }))
      }))
    case "wait_for_workers":
      return enough(scheduler, request.n).pipe(
        Effect.as(null),
        Effect.timeoutFail({
          duration: `${request.timeout} seconds`,
          onTimeout: (): Problem => ({
            kind: "Timeout",
            type: "TimeoutError",
            message: `Only ${tasks.workers.size}/${request.n} workers arrived after ${request.timeout} s`
          })
        })
      )
  }
}

const holder = (tasks: Tasks, address: string) => ({
  address,
  name: tasks.workers.get(address)?.told.name ?? address
})

const ofWorker = ({ tasks }: Scheduler, worker: Worker, received: Stream.Stream<string>) =>
  Effect.sync(() => tasks.join(worker)).pipe(
    Effect.zipRight(received.pipe(
      Stream.mapEffect(Schema.decode(Messages.Said)),
      Stream.runForEach((said) =>
        Effect.sync(() => {
          if ("finished" in said) tasks.held(worker, said.finished)
          else if ("failed" in said) tasks.failed(worker, said.failed, said.report)
          else tasks.missing(worker, said.missing, said.lacking)
        })
      )
    )),
    Effect.ignore,
    Effect.ensuring(Effect.sync(() => tasks.leave(worker, true)))
  )

const ofClient = (scheduler: Scheduler, lines: memoryLines.Lines, received: Stream.Stream<string>) =>
  Effect.gen(function*() {
    const client: Client = { held: new Map(), watches: new Map() }
    const running = yield* FiberMap.make<number>()
    lines.send({ event: "ready", version: 1 })
    yield* received.pipe(
      Stream.mapEffect(Schema.decode(Messages.Request)),
      Stream.runForEach((request) =>
        request.op === "drop"
          ? FiberMap.remove(running, request.target)
          : FiberMap.run(
            running,
            request.id,
            Effect.match(answer(scheduler, request, client), {
              onFailure: (error) => lines.send({ id: request.id, error }),
              onSuccess: (ok) => lines.send({ id: request.id, ok })
            })
          )
      ),
      Effect.ignore
    )
    client.held.forEach((_, key) => scheduler.tasks.cancel(key))
  }).pipe(Effect.scoped)

const connected = (scheduler: Scheduler, connection: Duplex) =>
  Effect.gen(function*() {
    const lines = memoryLines.over(connection)
    // One consumer: a connection is taken from its first line on, and none is lost between two.
    const [first, received] = yield* Stream.peel(lines.received, Sink.head())
    if (Option.isNone(first)) return
    const hello = yield* Schema.decode(Messages.Hello)(first.value)
    yield* "worker" in hello
      ? ofWorker(
        scheduler,
        { told: hello.worker, send: lines.send, close: lines.close, running: new Set(), retiring: false },
        received
      )
      : ofClient(scheduler, lines, received)
  }).pipe(Effect.scoped, Effect.ignore)

/** @internal */
export const run = (
  self: Process,
  versions: Readonly<Record<string, string>>
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function*() {
    const port = Number(Messages.option(self, "--port") ?? 8786)
    const listener = yield* self.listen({ port })
    const http = Messages.option(self, "--dashboard-address")
    if (http !== undefined) {
      yield* self.serveHttp({ port: Messages.portOf(http) }, ({ path }) =>
        Effect.succeed({ body: path === "/health" ? "ok" : "a scheduler in memory" }))
    }
    const address = `tcp://127.0.0.1:${port}`
    yield* self.stderr(`distributed.scheduler - INFO -   Scheduler at: ${address}\n`)
    const scheduler: Scheduler = { self, versions, address, tasks: memoryDaskTasks.make() }
    yield* Stream.runForEach(listener.connections, (connection) =>
      Effect.fork(connected(scheduler, connection)))
    return 0
  }).pipe(
    Effect.catchAll(({ detail }) =>
      Effect.as(self.stderr(`OSError: [Errno 98] Address already in use: ${detail}\n`), 1)
    )
  )
