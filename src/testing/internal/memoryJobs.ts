/**
 * The processes that a guardian of a host in memory starts and stops.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { splitWords, unescapeLine } from "../../internal/words.ts"
import * as memoryExec from "./memoryExec.ts"
import { emit, type Guardian } from "./memoryGuardianState.ts"
import { bootId, type MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"
import * as memoryPipe from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"

/**
 * Standard input at its end, output to nowhere.
 *
 * @internal
 */
export const silent: Effect.Effect<memoryProcess.Io> = Effect.gen(function*() {
  const stdin = yield* memoryPipe.make
  yield* stdin.end
  const nowhere = () => Effect.succeed(true)
  return { stdin, stdout: nowhere, stderr: nowhere }
})

const toFile = (host: MemoryHost, guardian: Guardian, name: string, stream: "out" | "err"): memoryProcess.Sink => {
  const path = `${guardian.state}/${name}.${stream}`
  return Effect.fnUntraced(function*(bytes: Uint8Array) {
    const size = Option.match(yield* host.tree.stat(path), { onNone: () => 0, onSome: (stat) => stat.size })
    if (size + bytes.length > guardian.cap) {
      yield* Effect.ignore(host.tree.write(path, new Uint8Array(), 0o600))
      yield* emit(host, guardian, `cut ${name} ${stream} ${size + bytes.length}`)
      return true
    }
    yield* Effect.ignore(host.tree.append(path, bytes, 0o600))
    return true
  })
}

/** @internal */
export const start = Effect.fnUntraced(function*(host: MemoryHost, guardian: Guardian, name: string, text: string) {
  if (guardian.names.has(name) || !/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)) return
  guardian.names.add(name)
  const [directory = "", , ...words] = splitWords(unescapeLine(text))
  const end = words.indexOf("--")
  const io: memoryProcess.Io = {
    ...(yield* silent),
    stdout: toFile(host, guardian, name, "out"),
    stderr: toFile(host, guardian, name, "err")
  }
  yield* Effect.forEach(
    ["out", "err"],
    (stream) => Effect.ignore(host.tree.append(`${guardian.state}/${name}.${stream}`, new Uint8Array(), 0o600))
  )
  const cwd = directory === "" ? guardian.directory : host.tree.resolve(directory)
  const told = yield* Deferred.make<void>()
  const job = yield* memoryProcess.spawn(host, {
    argv: words.slice(end + 1),
    env: {
      ...host.env,
      ...guardian.environment,
      ...Object.fromEntries(words.slice(0, end).map(memoryExec.assignment)),
      LAZYCLUSTER_LEASE: guardian.id
    },
    cwd,
    io,
    body: Effect.fnUntraced(function*(process: memoryProcess.MemoryProcess) {
      yield* Deferred.await(told)
      if (Option.exists(yield* host.tree.stat(cwd), (found) => found.type === "directory")) {
        return yield* memoryExec.exec(host, process)
      }
      yield* io.stderr(bytesOf(`lazycluster-run: 1: cd: can't cd to ${directory}\n`))
      return 125
    })
  })
  guardian.jobs.set(name, job)
  yield* Effect.ignore(host.tree.append(`${guardian.state}/sessions`, bytesOf(`${job.pid} ${job.start}\n`)))
  yield* emit(host, guardian, `started ${name} ${job.pid} ${job.start}`)
  yield* Effect.forkIn(wrap(host, guardian, name, job), host.world)
  yield* Deferred.succeed(told, undefined)
})

/** What the process leaves behind in its session has this long, in milliseconds. */
const restGrace = 2000

/** Waits for a process, ends what is left of its session, says how it ended. */
const wrap = Effect.fnUntraced(function*(
  host: MemoryHost,
  guardian: Guardian,
  name: string,
  job: memoryProcess.MemoryProcess
) {
  const status = yield* Deferred.await(job.exit)
  // After a power cut there is nobody to say anything.
  if (guardian.bootId !== bootId(host) || !host.on) return
  yield* endSession(host, job.session, restGrace)
  guardian.jobs.delete(name)
  yield* emit(host, guardian, `exited ${name} ${memoryProcess.codeOf(status)}`)
})

const endSession = (host: MemoryHost, session: number, graceMillis: number) =>
  Effect.suspend(() => {
    const left = [...host.processes.values()].filter((process) => process.session === session)
    return left.length === 0 ? Effect.void : Effect.asVoid(memoryProcess.end(host, left, graceMillis))
  })

/** TERM to the one; to the rest of its session once it has gone; KILL to all after the grace. */
const endJob = (host: MemoryHost, process: memoryProcess.MemoryProcess, graceMillis: number) =>
  memoryProcess.end(host, [process], graceMillis).pipe(
    Effect.zipRight(endSession(host, process.session, graceMillis))
  )

/** @internal */
export const stop = (host: MemoryHost, guardian: Guardian, name: string, graceMillis: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const job = guardian.jobs.get(name)
    return job === undefined ? Effect.void : Effect.asVoid(Effect.forkIn(endJob(host, job, graceMillis), host.world))
  })

/** @internal */
export const halt = (host: MemoryHost, pid: number, start: string, graceMillis: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const leader = host.processes.get(pid)
    if (leader === undefined) return endSession(host, pid, graceMillis)
    return leader.start === start ? Effect.asVoid(endJob(host, leader, graceMillis)) : Effect.void
  })
