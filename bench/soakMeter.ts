/** What this process holds, and what its hosts hold for it: counted, to be compared later. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as process from "node:process"

const Counts = Schema.Record({ key: Schema.String, value: Schema.Int })

export class Snapshot extends Schema.Class<Snapshot>("bench/Snapshot")({
  /** Open file descriptors by kind. */
  descriptors: Counts,
  /** What keeps Node's loop awake, by kind: sockets, servers, timers, processes. */
  resources: Counts,
  /** Bytes after garbage collection. */
  heap: Schema.Number,
  resident: Schema.Number,
  /** Processes of this machine that carry the lease of a runtime. */
  processes: Schema.Int,
  /** Files and directories below the homes of the hosts and the manager, the execution log left out. */
  files: Schema.Int
}) {}

const tally = (kinds: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

const descriptors = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const numbers = yield* fs.readDirectory("/proc/self/fd")
  const kinds = yield* Effect.forEach(numbers, (number) =>
    fs.readLink(`/proc/self/fd/${number}`).pipe(
      Effect.map((target) => /^(\w+):/.exec(target)?.[1] ?? "file"),
      // That of the directory itself has gone.
      Effect.option
    ))
  return tally(kinds.flatMap((kind) => kind._tag === "Some" ? [kind.value] : []))
})

/** Young things die in the first collections, and what waits for them in the next. */
const collect = Effect.gen(function*() {
  const { gc } = globalThis
  if (gc === undefined) return yield* Effect.dieMessage("run node with --expose-gc")
  for (let round = 0; round < 5; round++) {
    yield* Effect.sleep("20 millis")
    yield* Effect.sync(() => void gc())
  }
})

const leased = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const pids = (yield* fs.readDirectory("/proc")).filter((name) => /^\d+$/.test(name))
  const found = yield* Effect.filter(pids, (pid) =>
    fs.readFileString(`/proc/${pid}/environ`).pipe(
      Effect.map((text) => text.includes("LAZYCLUSTER_LEASE=") && text.includes("LAZYCLUSTER_SOAK=1")),
      Effect.orElseSucceed(() => false)
    ))
  return found.length
})

const below = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fs.readDirectory(directory, { recursive: true }), () => [])
  return names.filter((name) => !name.includes("execution_log")).length
})

/** `directory`: what the hosts and the manager write to is below it. */
export const take = Effect.fn("soakMeter.take")(function*(directory: string) {
  yield* collect
  const { heapUsed, rss } = process.memoryUsage()
  return Snapshot.make({
    descriptors: yield* descriptors,
    resources: tally(process.getActiveResourcesInfo()),
    heap: heapUsed,
    resident: rss,
    processes: yield* leased,
    files: yield* below(directory)
  })
})

/** What there is more of than before, and the heap where it grew by more than `heap` bytes: in words. */
export const gained = (before: Snapshot, after: Snapshot, heap: number): ReadonlyArray<string> => {
  const more = (what: string, from: number, to: number) =>
    to > from ? [`${to - from} more ${what} (${from}, ${to})`] : []
  const each = (what: string, from: Readonly<Record<string, number>>, to: Readonly<Record<string, number>>) =>
    Object.entries(to).flatMap(([kind, count]) => more(`${what} ${kind}`, from[kind] ?? 0, count))
  return [
    ...each("descriptor", before.descriptors, after.descriptors),
    // Timers and requests come and go.
    ...each(
      "resource",
      before.resources,
      Object.fromEntries(Object.entries(after.resources).filter(([kind]) => /Wrap|Socket|Pipe|Process/.test(kind)))
    ),
    ...more("processes", before.processes, after.processes),
    ...more("files", before.files, after.files),
    ...(after.heap - before.heap > heap ? more("bytes of heap", before.heap, after.heap) : [])
  ]
}
