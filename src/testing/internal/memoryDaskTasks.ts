/**
 * The tasks of Dask's scheduler in memory: what runs where, what is held by whom, what is lost with a worker.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { type Call, type Joined, needs, type Report } from "./memoryDaskMessages.ts"

/** How a task can fail, in the words of `driver.py`. */
export interface Problem {
  readonly kind: "WorkerKilled" | "Cancelled" | "Timeout" | "Scheduler" | "Unknown"
  readonly type: string
  readonly message: string
}

/** @internal */
export type Failure = Problem | Report

/** @internal */
export interface Worker {
  readonly told: typeof Joined.Type
  readonly send: (message: unknown) => void
  readonly close: () => void
  readonly running: Set<string>
  /** It gets no more work. */
  retiring: boolean
}

/** @internal */
export interface Task {
  readonly key: string
  readonly function: string
  readonly call: Call
  readonly needs: ReadonlyArray<string>
  readonly workers: ReadonlyArray<string> | undefined
  readonly priority: number
  readonly resources: Readonly<Record<string, number>>
  /** No function made it: it cannot be made again. */
  readonly scattered: boolean
  readonly holders: Set<string>
  state: "waiting" | "running" | "memory" | "erred"
  error: Failure | undefined
  retries: number
  /** Workers that went while they ran it. */
  deaths: number
  /** Done when it is in memory or has failed; a lost value begins anew. */
  done: Deferred.Deferred<void>
}

/** So many workers may die of a task, as Dask allows. */
const allowedDeaths = 3

const fresh = () => Deferred.unsafeMake<void>(FiberId.none)

/** @internal */
export const make = () => {
  const workers = new Map<string, Worker>()
  const tasks = new Map<string, Task>()
  const waitingForWorkers = new Set<() => void>()
  const pure = new Map<string, Map<string, string>>()
  let keys = 0

  const settle = (task: Task, state: "memory" | "erred", error?: Failure) => {
    task.state = state
    task.error = error
    Deferred.unsafeDone(task.done, Effect.void)
  }
  const again = (task: Task) => {
    if (task.state === "memory") task.done = fresh()
    task.state = "waiting"
  }

  const free = ({ running, told }: Worker, name: string) =>
    [...running].reduce((left, key) => left - (tasks.get(key)?.resources[name] ?? 0), told.resources[name] ?? 0)

  const isNamed = ({ told }: Worker, names: ReadonlyArray<string> | undefined) =>
    names === undefined || names.includes(told.name) || names.includes(told.address)

  const lost = (task: Task) => task.scattered ? settle(task, "erred", cancelled(task.key)) : again(task)

  const dispatch = () => {
    const waiting = [...tasks.values()].filter(({ state }) => state === "waiting")
      .sort((a, b) => b.priority - a.priority)
    for (const task of waiting) {
      const needed = task.needs.flatMap((key) => tasks.get(key) ?? [])
      const wrong = needed.find(({ state }) => state === "erred")
      if (wrong !== undefined || needed.length < task.needs.length) {
        settle(task, "erred", wrong?.error ?? cancelled(task.key))
        continue
      }
      if (needed.some(({ state }) => state !== "memory")) continue
      const [worker] = [...workers.values()]
        .filter((worker) =>
          !worker.retiring && worker.running.size < worker.told.threads && isNamed(worker, task.workers) &&
          Object.entries(task.resources).every(([name, amount]) => free(worker, name) >= amount)
        )
        .sort((a, b) => a.running.size / a.told.threads - b.running.size / b.told.threads)
      if (worker === undefined) continue
      task.state = "running"
      worker.running.add(task.key)
      worker.send({
        run: task.key,
        function: task.function,
        call: task.call,
        from: Object.fromEntries(needed.map(({ holders, key }) => [key, [...holders][0] ?? ""]))
      })
    }
  }

  const join = (worker: Worker) => {
    workers.set(worker.told.address, worker)
    dispatch()
    waitingForWorkers.forEach((look) => look())
  }

  /** What it ran is run elsewhere, what it alone held is made again. */
  const leave = (worker: Worker, isDeath: boolean) => {
    const { address } = worker.told
    if (workers.get(address) !== worker) return
    workers.delete(address)
    for (const task of tasks.values()) {
      if (task.holders.delete(address) && task.holders.size === 0 && task.state === "memory") lost(task)
      if (!worker.running.has(task.key) || task.state !== "running") continue
      again(task)
      task.deaths += isDeath ? 1 : 0
      if (task.deaths > allowedDeaths) {
        settle(task, "erred", {
          kind: "WorkerKilled",
          type: "KilledWorker",
          message:
            `Attempted to run task '${task.key}' on ${task.deaths} different workers, but all those workers died ` +
            `while running it. The last worker that attempt to run the task was ${address}.`
        })
      }
    }
    dispatch()
  }

  const held = (worker: Worker, key: string) => {
    worker.running.delete(key)
    const task = tasks.get(key)
    if (task === undefined) worker.send({ forget: [key] })
    else {
      task.holders.add(worker.told.address)
      if (task.state !== "memory") settle(task, "memory")
    }
    dispatch()
  }

  const failed = (worker: Worker, key: string, report: Report) => {
    worker.running.delete(key)
    const task = tasks.get(key)
    if (task?.state === "running") {
      if (task.retries > 0) {
        task.retries -= 1
        again(task)
      } else settle(task, "erred", report)
    }
    dispatch()
  }

  const missing = (worker: Worker, key: string, lacking: string) => {
    worker.running.delete(key)
    const away = tasks.get(lacking)
    if (away?.state === "memory" && ![...away.holders].some((address) => workers.has(address))) lost(away)
    const task = tasks.get(key)
    if (task?.state === "running") again(task)
    dispatch()
  }

  type Made = Pick<Task, "key" | "function" | "call" | "workers" | "priority" | "retries" | "resources">

  const add = (task: Made, state: Task["state"], scattered: boolean) =>
    tasks.set(task.key, {
      ...task,
      scattered,
      needs: needs(task.call),
      holders: new Set(),
      state,
      error: undefined,
      deaths: 0,
      done: fresh()
    })

  /** What has one key is one task. */
  const submit = (task: Made) => {
    if (!tasks.has(task.key)) add(task, "waiting", false)
    dispatch()
  }

  /** A value to one worker or to all; `false` where there is none. */
  const scatter = (key: string, name: string, value: unknown, options: {
    readonly workers?: ReadonlyArray<string> | undefined
    readonly broadcast?: boolean | undefined
  }): boolean => {
    const fitting = [...workers.values()].filter((worker) => !worker.retiring && isNamed(worker, options.workers))
    const call = { values: {}, inputs: {} }
    const text = JSON.stringify(value)
    add({ key, function: name, call, workers: undefined, priority: 0, retries: 0, resources: {} }, "running", true)
    fitting.slice(0, options.broadcast === true ? undefined : 1).forEach(({ send }) => send({ put: key, text }))
    return fitting.length > 0
  }

  /** One that runs goes on; its value is forgotten. */
  const cancel = (key: string) => {
    const task = tasks.get(key)
    if (task === undefined) return
    tasks.delete(key)
    task.holders.forEach((address) => workers.get(address)?.send({ forget: [key] }))
    settle(task, "erred", cancelled(key))
    dispatch()
  }

  /** What others need is kept until they have it. */
  const release = (key: string) => {
    const task = tasks.get(key)
    const needed = [...tasks.values()].some((other) =>
      other.needs.includes(key) && other.state !== "memory" && other.state !== "erred"
    )
    if (task !== undefined && !needed) cancel(key)
  }

  /** Counted, so that every run has the same. */
  const nextKey = () => (++keys).toString(16).padStart(32, "0")

  /** The key of a call that is pure. */
  const pureKey = (name: string, text: string) => {
    const all = pure.get(name) ?? new Map<string, string>()
    pure.set(name, all)
    const key = all.get(text) ?? nextKey()
    all.set(text, key)
    return key
  }

  return {
    workers,
    tasks,
    nextKey,
    pureKey,
    waitingForWorkers,
    join,
    leave,
    held,
    failed,
    missing,
    submit,
    scatter,
    cancel,
    release
  }
}

/** @internal */
export type Tasks = ReturnType<typeof make>

/** @internal */
export const cancelled = (key: string): Problem => ({ kind: "Cancelled", type: "", message: `${key} was cancelled` })
