/**
 * What a guardian of a host in memory keeps on the disk, what is its own, and how it ends.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Queue from "effect/Queue"
import { bootId, type MemoryHost } from "./memoryHost.ts"
import { closeServer, type Link } from "./memoryLink.ts"
import { bytesOf } from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"

/** @internal */
export interface Guardian {
  readonly id: string
  /** Its state directory. */
  readonly state: string
  readonly ledger: string
  readonly directory: string
  /** Whether the working directory goes with it. */
  readonly temporary: boolean
  /** Seconds. */
  readonly lease: number
  readonly bootId: string
  /** Bytes of each output that are kept: a file over it is emptied, as on a host that can make no holes in files. */
  readonly cap: number
  /** What its line of setup has left. */
  environment: Readonly<Record<string, string>>
  /** In order; their numbers are their places. */
  readonly events: Array<string>
  /** Of connections that a talker or an anchor was on. */
  readonly links: Set<Link>
  /** By name, those that run. */
  readonly jobs: Map<string, memoryProcess.MemoryProcess>
  /** A name is used once: a manager may say the same start again. */
  readonly names: Set<string>
  beats: number
  /** Seconds without a beat, as its watchdog counts them. */
  quiet: number
  /** Claimed by whoever ends it: its talker or the lease. */
  ending: boolean
  talker: { readonly process: memoryProcess.MemoryProcess; readonly lines: Queue.Enqueue<string> } | undefined
  watchdog: memoryProcess.MemoryProcess | undefined
}

/**
 * Says an event to whoever listens and keeps it for whoever takes over.
 *
 * @internal
 */
export const emit = (host: MemoryHost, guardian: Guardian, event: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    guardian.events.push(event)
    guardian.talker?.lines.unsafeOffer(`event ${event}`)
    return Effect.ignore(host.tree.append(`${guardian.state}/events`, bytesOf(`${event}\n`)))
  })

/** The leaders that `run` and `start` have recorded. */
const sessions = (host: MemoryHost, guardian: Guardian) =>
  host.tree.read(`${guardian.state}/sessions`).pipe(
    Effect.map((bytes) =>
      new TextDecoder().decode(bytes).split("\n").filter((line) => line !== "").map((line) => line.split(" "))
    ),
    Effect.orElseSucceed((): Array<Array<string>> => []),
    Effect.map((lines) =>
      new Set(
        lines.map(([pid, start]) => ({ pid: Number(pid), start }))
          // A number that was given again belongs to somebody else.
          .filter(({ pid, start }) => (host.processes.get(pid)?.start ?? start) === start)
          .map(({ pid }) => pid)
      )
    )
  )

/**
 * What is the guardian's to end: what carries its lease, sessions that were recorded, and the descendants of both.
 *
 * @internal
 */
export const ours = (host: MemoryHost, guardian: Guardian) =>
  Effect.map(sessions(host, guardian), (recorded) => {
    const all = [...host.processes.values()].filter((process) =>
      process !== guardian.watchdog && process !== guardian.talker?.process
    )
    const found = new Set(
      all.filter((process) => process.env["LAZYCLUSTER_LEASE"] === guardian.id || recorded.has(process.session))
    )
    const pids = new Set([...found].map(({ pid }) => pid))
    // A child has a higher number than its parent.
    for (const process of all) {
      if (!pids.has(process.parent)) continue
      found.add(process)
      pids.add(process.pid)
    }
    return all.filter((process) => found.has(process))
  })

/** What is still young when others are ended starts more: looked again so many times. */
const rounds = 5

/**
 * Ends what is left, removes what was made. Gives the report's lines.
 *
 * @internal
 */
export const finish = Effect.fnUntraced(function*(host: MemoryHost, guardian: Guardian, graceMillis: number) {
  let ended = 0
  let killed = 0
  let left: ReadonlyArray<memoryProcess.MemoryProcess> = []
  for (let round = 0; round < rounds; round++) {
    const alive = yield* ours(host, guardian)
    if (alive.length === left.length) break
    const result = yield* memoryProcess.end(host, alive, graceMillis)
    ended += result.ended
    killed += result.killed
    left = result.left
  }
  const directory = guardian.temporary
    ? yield* Effect.match(host.tree.remove(guardian.directory), {
      onFailure: () => `stuck ${guardian.directory}`,
      onSuccess: () => `removed ${guardian.directory}`
    })
    : `kept ${guardian.directory}`
  yield* forget(host, guardian)
  return [
    ...left.map((process) => `left ${process.pid} ${process.argv.join(" ")}`),
    `ended ${ended}`,
    `killed ${killed}`,
    directory
  ]
})

const forget = (host: MemoryHost, guardian: Guardian) =>
  Effect.all([
    Effect.sync(() => host.guardians.delete(guardian.id)),
    Effect.ignore(host.tree.remove(guardian.state)),
    Effect.ignore(host.tree.remove(guardian.ledger))
  ], { discard: true })

/**
 * What runtimes of an earlier boot have left on the disk.
 *
 * @internal
 */
export const sweep = (host: MemoryHost): Effect.Effect<void> =>
  Effect.forEach(
    [...host.guardians.values()].filter((guardian) => guardian.bootId !== bootId(host)),
    (guardian) =>
      Effect.zipRight(
        guardian.temporary ? Effect.ignore(host.tree.remove(guardian.directory)) : Effect.void,
        forget(host, guardian)
      ),
    { discard: true }
  )

/**
 * sshd sees no cut: its processes for dead connections, and the ports that they hold, stay until somebody ends them.
 *
 * @internal
 */
export const endLinks = (host: MemoryHost, guardian: Guardian, except: Link | undefined): Effect.Effect<void> =>
  Effect.forEach([...guardian.links].filter((link) => link !== except), (link) => {
    guardian.links.delete(link)
    return closeServer(host, link)
  }, { discard: true })

/**
 * Whether there is something at that path that can be written into.
 *
 * @internal
 */
export const writable = (host: MemoryHost, path: string): Effect.Effect<boolean> =>
  Effect.map(host.tree.stat(path), Option.exists(({ mode, type }) => type === "directory" && (mode & 0o200) !== 0))
