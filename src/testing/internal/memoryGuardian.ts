/**
 * The guardian of a host in memory: the model of programs/guardian, held to the same protocol.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { unescapeLine } from "../../internal/words.ts"
import type { Refusal } from "../../services/GuardianProtocol.ts"
import * as memoryFactLines from "./memoryFactLines.ts"
import { endLinks, finish, type Guardian, sweep, writable } from "./memoryGuardianState.ts"
import { bootId, type MemoryHost } from "./memoryHost.ts"
import * as memoryJobs from "./memoryJobs.ts"
import type { Link } from "./memoryLink.ts"
import { bytesOf } from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"
import * as memorySetup from "./memorySetup.ts"

interface Refused {
  readonly reason: Refusal
  readonly detail: string
}

const refused = (reason: Refusal, detail: string): Refused => ({ reason, detail })

/** The grace of a lease that has run out: nobody is there to ask for another. */
const expiryGrace = 2000

/** What a line of setup that failed has left has so long, in milliseconds. */
const setupGrace = 500

/**
 * The talker: takes a runtime or makes one, then answers what the manager says until its end of the channel closes.
 *
 * @internal
 */
export const talk = (
  host: MemoryHost,
  link: Link | undefined,
  process: memoryProcess.MemoryProcess,
  words: ReadonlyArray<string>
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function*() {
    const [take, id = "", directory = "", lease = "30", seen = "0", ...others] = words
    const setting = (name: string) => others.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
    const setup = setting("setup")
    const cap = Number(setting("cap") ?? 16 * 1024 * 1024)
    const executables = others.filter((word) => !word.includes("="))
    process.argv = ["lazycluster-guardian", ...words]
    yield* host.note({ _tag: "Exec", pid: process.pid, argv: process.argv, env: {}, cwd: process.cwd })
    const lines = yield* Queue.unbounded<string>()
    const write = (): Effect.Effect<unknown> =>
      Effect.flatMap(Queue.takeBetween(lines, 1, 256), (some) => {
        const said = [...some].filter((line) => line !== "")
        const sent = process.io.stdout(bytesOf(said.map((line) => `${line}\n`).join("")))
        return said.length < some.length ? sent : Effect.zipRight(sent, Effect.suspend(write))
      })
    const writer = yield* Effect.forkScoped(write())
    const say = (line: string) => Queue.offer(lines, line)
    // What was said is on its way before the process ends.
    const leave = (code: number) => Effect.zipRight(say(""), Effect.as(Fiber.join(writer), code))

    if (take === "renew") {
      const runtime = host.guardians.get(id)
      if (runtime === undefined || runtime.ending) {
        yield* say(`refused gone ${host.state}/${id}`)
        return yield* leave(1)
      }
      runtime.beats += 1
      yield* say("renewed")
      return yield* leave(0)
    }
    const guardian = take === "resume"
      ? yield* resume(host, link, id)
      : yield* create(host, { id, directory, lease: Number(lease), setup, cap })
    if ("reason" in guardian) {
      yield* say(`refused ${guardian.reason} ${guardian.detail}`)
      return yield* leave(1)
    }
    if (link !== undefined) guardian.links.add(link)
    guardian.beats += 1
    yield* Effect.forEach(memoryFactLines.make(host, executables), say, { discard: true })
    yield* say(`ready ${guardian.state}\t${guardian.directory}`)
    // In one step: no event is missed, none comes twice.
    yield* Effect.sync(() => {
      guardian.events.slice(Number(seen)).forEach((event) => lines.unsafeOffer(`event ${event}`))
      guardian.talker = { process, lines }
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        if (guardian.talker?.process === process) guardian.talker = undefined
      })
    )
    while (true) {
      const line = yield* process.io.stdin.readLine
      if (Option.isNone(line)) return yield* leave(0)
      if (yield* answer(host, guardian, line.value, say)) return yield* leave(0)
    }
  })

const create = Effect.fnUntraced(function*(host: MemoryHost, asked: {
  readonly id: string
  readonly directory: string
  readonly lease: number
  readonly setup: string | undefined
  readonly cap: number
}) {
  const { id } = asked
  yield* sweep(host)
  const state = `${host.state}/${id}`
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(id)) {
    return refused("state", "an id is made of letters, digits, dots, dashes")
  }
  if (!Number.isInteger(asked.lease)) return refused("state", "the lease is a number of seconds")
  const temporary = asked.directory === ""
  const directory = temporary
    ? `${host.temporary}/lazycluster-${id}.memory`
    : host.tree.resolve(asked.directory.replace(/^~(?=\/|$)/, host.home))
  if (Option.isSome(yield* host.tree.stat(state))) return refused("state", `${state}: File exists`)
  const stateMade = yield* Effect.either(host.tree.makeDirectory(state, 0o700))
  if (stateMade._tag === "Left") return refused("state", stateMade.left.detail)
  const made = yield* Effect.either(host.tree.makeDirectory(directory, temporary ? 0o700 : 0o755))
  if (made._tag === "Left" || !(yield* writable(host, directory))) {
    yield* Effect.ignore(host.tree.remove(state))
    return refused("directory", made._tag === "Left" ? made.left.detail : `${directory}: Permission denied`)
  }
  const guardian: Guardian = {
    id,
    state,
    ledger: `${host.state}/${id}.json`,
    directory,
    temporary,
    lease: asked.lease,
    bootId: bootId(host),
    events: [],
    links: new Set(),
    cap: asked.cap,
    environment: {},
    jobs: new Map(),
    names: new Set(),
    beats: 0,
    quiet: 0,
    ending: false,
    talker: undefined,
    watchdog: undefined
  }
  host.guardians.set(id, guardian)
  if (asked.setup !== undefined) {
    const failed = yield* memorySetup.run(host, guardian, asked.setup)
    if (Option.isSome(failed)) {
      guardian.ending = true
      yield* finish(host, guardian, setupGrace)
      return refused("setup", failed.value)
    }
  }
  yield* Effect.ignore(host.tree.write(`${state}/sessions`, new Uint8Array(), 0o600))
  guardian.watchdog = yield* memoryProcess.spawn(host, {
    argv: ["lazycluster-watchdog", id],
    env: host.env,
    cwd: "/",
    io: yield* memoryJobs.silent,
    body: () => watch(host, guardian)
  })
  return guardian
})

const resume = Effect.fnUntraced(function*(host: MemoryHost, link: Link | undefined, id: string) {
  const guardian = host.guardians.get(id)
  if (guardian === undefined || guardian.ending || guardian.bootId !== bootId(host)) {
    return refused("gone", `${host.state}/${id} is not there, or its lease has run out`)
  }
  const before = guardian.talker
  guardian.talker = undefined
  yield* endLinks(host, guardian, link)
  if (before !== undefined) yield* memoryProcess.destroy(host, before.process)
  return guardian
})

/** Counts its own ticks: a host that was suspended has not used up the lease. */
const watch = Effect.fnUntraced(function*(host: MemoryHost, guardian: Guardian) {
  let last = -1
  while (host.guardians.get(guardian.id) === guardian) {
    guardian.quiet = guardian.beats === last ? guardian.quiet + 1 : 0
    last = guardian.beats
    if (guardian.quiet >= guardian.lease && !guardian.ending) {
      guardian.ending = true
      yield* finish(host, guardian, expiryGrace)
      const talker = guardian.talker
      yield* endLinks(host, guardian, undefined)
      if (talker !== undefined) yield* memoryProcess.destroy(host, talker.process)
      return 0
    }
    yield* Effect.sleep("1 second")
  }
  return 0
})

/** Gives whether that was the last word. */
const answer = Effect.fnUntraced(function*(
  host: MemoryHost,
  guardian: Guardian,
  line: string,
  say: (line: string) => Effect.Effect<unknown>
) {
  const [word = "", first = "", ...rest] = line.split(" ")
  const text = line.slice(word.length + 1)
  switch (word) {
    case "beat":
      guardian.beats += 1
      yield* say(`beat ${first}`)
      return false
    case "start":
      yield* memoryJobs.start(host, guardian, first, text.slice(first.length + 1))
      return false
    case "stop":
      yield* memoryJobs.stop(host, guardian, first, Number(rest[0] ?? 0) * 100)
      return false
    case "halt":
      yield* memoryJobs.halt(host, Number(first), rest[0] ?? "", Number(rest[1] ?? 0) * 100).pipe(
        Effect.zipRight(say(`halted ${first}`)),
        Effect.forkIn(host.world)
      )
      return false
    case "ledger":
      yield* Effect.ignore(host.tree.write(guardian.ledger, bytesOf(unescapeLine(text)), 0o600))
      return false
    case "end": {
      // The lease has claimed it: whoever came first does it.
      if (guardian.ending) return true
      guardian.ending = true
      const report = yield* finish(host, guardian, Number(first) * 100)
      yield* Effect.forEach(report, (entry) => say(`report ${entry}`), { discard: true })
      yield* say("ended")
      if (guardian.watchdog !== undefined) yield* memoryProcess.destroy(host, guardian.watchdog)
      return true
    }
    default:
      return false
  }
})
