/**
 * What faults do to hosts in memory, and how they are taken back.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Match from "effect/Match"
import { posix } from "node:path"
import type { SshError } from "../../services/SshError.ts"
import type { Fault } from "../InMemoryFaults.ts"
import { stands } from "./memoryConditions.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { gateBetween } from "./memoryLan.ts"
import * as memoryLink from "./memoryLink.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryProcess from "./memoryProcess.ts"

type Of<Tag extends Fault["_tag"]> = Extract<Fault, { readonly _tag: Tag }>

const note = (host: MemoryHost, _tag: "Fault" | "Mended", fault: Fault) => host.note({ _tag, fault })

/** Gates follow what stands; whoever could not be told of an end meanwhile hears of it. */
const refresh = (host: MemoryHost): Effect.Effect<void> =>
  Effect.gen(function*() {
    const shut = stands(host, "Unreachable") || !host.on
    yield* shut ? host.gate.close : host.gate.open
    yield* Effect.forEach(host.lan.hosts.values(), memoryLink.heard, { discard: true })
  })

const separate = (host: MemoryHost, { from }: Of<"Partition">): Effect.Effect<void> =>
  Effect.gen(function*() {
    const gate = gateBetween(host.lan, host.alias, from)
    const apart = [...host.lan.hosts.values()].some((each) =>
      [...each.standing].some((fault) =>
        fault._tag === "Partition" &&
        ((fault.host === host.alias && fault.from === from) || (fault.host === from && fault.from === host.alias))
      )
    )
    yield* apart ? gate.close : gate.open
    yield* Effect.forEach(host.lan.hosts.values(), memoryLink.heard, { discard: true })
  })

const turnOff = (host: MemoryHost): Effect.Effect<void> =>
  Effect.gen(function*() {
    host.on = false
    yield* refresh(host)
    yield* Effect.forEach([...host.processes.values()], (process) => memoryProcess.destroy(host, process))
    yield* Effect.forEach(
      [...host.links],
      (link) => Effect.zipRight(memoryLink.closeServer(host, link), memoryLink.closeClient(host, link, true))
    )
  })

const turnOn = (host: MemoryHost): Effect.Effect<void> =>
  Effect.suspend(() => {
    host.on = true
    host.boots += 1
    return refresh(host)
  })

/** What follows from what stands now. */
const settle = (host: MemoryHost, fault: Fault): Effect.Effect<void> => {
  switch (fault._tag) {
    case "Unreachable":
      return refresh(host)
    case "Partition":
      return separate(host, fault)
    case "PowerCut":
      return Effect.suspend(() => {
        const on = !stands(host, "PowerCut")
        return on === host.on ? Effect.void : on ? turnOn(host) : turnOff(host)
      })
    default:
      return Effect.void
  }
}

/**
 * Takes back faults that stand.
 *
 * @internal
 */
export const mend = (host: MemoryHost, which: (fault: Fault) => boolean): Effect.Effect<void> =>
  Effect.forEach(
    [...host.standing].filter(which),
    (fault) =>
      Effect.suspend(() => {
        host.standing.delete(fault)
        return Effect.zipRight(note(host, "Mended", fault), settle(host, fault))
      }),
    { discard: true }
  )

/** Each that stands is one of its own, even where two are alike. */
const stand = (host: MemoryHost, asked: Fault) =>
  Effect.suspend(() => {
    const fault = { ...asked }
    host.standing.add(fault)
    return Effect.as(settle(host, fault), mend(host, (each) => each === fault))
  })

const takePort = (host: MemoryHost, fault: Of<"TakePort">) =>
  Effect.map(
    memoryNetwork.bind(host.network, { port: fault.port }, host.alias, "another program"),
    (bound) => Effect.zipRight(memoryNetwork.close(host.network, bound), note(host, "Mended", fault))
  )

/**
 * With the names that guardians know them by.
 *
 * @internal
 */
export const processesOf = (host: MemoryHost) => {
  const names = new Map(
    [...host.guardians.values()].flatMap((guardian) =>
      [...guardian.jobs].map(([name, job]) => [job.pid, name] as const)
    )
  )
  return [...host.processes.values()].map((process) => ({ name: names.get(process.pid), process }))
}

/**
 * The processes that a fault or a test means; without a name the youngest in which a program runs.
 *
 * @internal
 */
export const meant = (
  host: MemoryHost,
  which: string | number | undefined
): ReadonlyArray<memoryProcess.MemoryProcess> => {
  const all = processesOf(host)
  if (which === undefined) {
    return all.map(({ process }) => process).filter(({ argv }) => !argv[0]?.startsWith("lazycluster-")).slice(-1)
  }
  return all.filter(({ name, process }) =>
    which === process.pid || which === name || which === posix.basename(process.argv[0] ?? "") ||
    // As the runtime was told it; it numbers its processes.
    which === name?.replace(/\.\d+$/, "")
  ).map(({ process }) => process)
}

/**
 * Does what a fault does; gives what takes it back.
 *
 * @internal
 */
export const impose = (host: MemoryHost, fault: Fault): Effect.Effect<Effect.Effect<void>, SshError> =>
  Effect.zipRight(
    note(host, "Fault", fault),
    Match.value(fault).pipe(
      Match.tag("TakePort", (fault) => takePort(host, fault)),
      Match.tag(
        "Cut",
        () =>
          Effect.as(Effect.forEach([...host.links], (link) => memoryLink.closeClient(host, link, true)), Effect.void)
      ),
      Match.tag(
        "Reset",
        () => Effect.as(Effect.forEach([...host.links], (link) => memoryLink.hangUp(host, link, true)), Effect.void)
      ),
      Match.tag("Kill", ({ process }) =>
        Effect.as(
          Effect.forEach(meant(host, process), (found) => memoryProcess.signal(host, found, "KILL")),
          Effect.void
        )),
      Match.orElse((fault) => stand(host, fault))
    )
  )
