/**
 * All hosts in memory of one test, and what a test does to them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { type Host, isManager, manager } from "../../services/Host.ts"
import { SshError } from "../../services/SshError.ts"
import type { Fault } from "../InMemoryFaults.ts"
import type { Entry, HostOptions } from "../InMemoryHost.ts"
import type { WorldOptions } from "../InMemorySsh.ts"
import * as memoryFaults from "./memoryFaults.ts"
import * as memoryFiles from "./memoryFiles.ts"
import * as memoryHost from "./memoryHost.ts"
import * as memoryLan from "./memoryLan.ts"
import * as memoryLeftovers from "./memoryLeftovers.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryProcess from "./memoryProcess.ts"
import * as memoryTransport from "./memoryTransport.ts"

/** As of the live layer. */
const connectTimeout = Duration.seconds(10)

/** @internal */
export const make = Effect.fnUntraced(function*(hosts: ReadonlyArray<string | HostOptions>, options: WorldOptions) {
  const world = yield* Effect.scope
  const entries: Array<Entry> = []
  const run = yield* FiberSet.makeRuntime<never>()
  const lan = memoryLan.make((effect) => void run(effect))
  const managerOptions: HostOptions = { ...options.manager, alias: manager.alias }
  const managerNetwork = memoryNetwork.make(managerOptions.facts?.network ?? "net:[manager]", true)
  const networks = new Map([[managerNetwork.name, managerNetwork]])
  const networkOf = (host: HostOptions) => {
    if (host.sharesManagerNetwork === true || isManagerName(host.alias)) return managerNetwork
    const name = host.facts?.network ?? `net:[${host.alias}]`
    const network = networks.get(name) ?? memoryNetwork.make(name)
    networks.set(name, network)
    return network
  }
  const makeHost = (host: HostOptions) =>
    memoryHost.make({
      host,
      commands: [host.commands ?? {}, options.commands ?? {}],
      matches: [...(host.matches ?? []), ...(options.matches ?? [])],
      network: networkOf(host),
      lan,
      world,
      entries
    })
  const all = yield* Effect.forEach(
    [managerOptions, ...hosts.map((host) => typeof host === "string" ? { alias: host } : host)],
    // Files that cannot be written are a mistake of the test.
    (host) => Effect.orDie(makeHost(host))
  )
  yield* Effect.addFinalizer(() =>
    Effect.forEach(
      all,
      (host) => Effect.forEach([...host.processes.values()], (process) => memoryProcess.destroy(host, process))
    )
  )
  const byAlias = lan.hosts

  /** A test that names a host that is none has a mistake in it. */
  const the = (alias: string): Effect.Effect<memoryHost.MemoryHost> => {
    const host = byAlias.get(alias)
    return host === undefined
      ? Effect.dieMessage(`InMemorySsh: there is no host ${alias}, only ${[...byAlias.keys()].join(", ")}`)
      : Effect.succeed(host)
  }
  const impose = (fault: Fault) => Effect.flatMap(the(fault.host), (host) => memoryFaults.impose(host, fault))
  /** Without an end of its own: for all faults but that of a port, which cannot fail. */
  const fault = (fault: Fault) => Effect.asVoid(Effect.orDie(impose(fault)))
  const mend = (alias: string, which: (fault: Fault) => boolean) =>
    Effect.flatMap(the(alias), (host) => memoryFaults.mend(host, which))
  const inject = (fault: Fault) => Effect.asVoid(Effect.acquireRelease(known(fault), (takeBack) => takeBack))
  const known = (fault: Fault) =>
    fault._tag === "Partition" ? Effect.zipRight(the(fault.from), impose(fault)) : impose(fault)
  const between = (a: string, b: string) => (fault: Fault) =>
    fault._tag === "Partition" && ((fault.host === a && fault.from === b) || (fault.host === b && fault.from === a))

  const open = (name: Host) =>
    Effect.suspend(() => {
      const host = byAlias.get(name.alias)
      return host === undefined || isManager(name)
        ? new SshError({
          reason: "NameUnknown",
          host: name.alias,
          step: "connect",
          detail: `${name.alias} does not resolve`,
          hint: `the hosts in memory are ${
            hosts.map((host) => typeof host === "string" ? host : host.alias).join(", ")
          }`
        })
        : memoryTransport.open(host, name, options.connectTimeout ?? connectTimeout)
    })

  return {
    open,
    manager: memoryTransport.manager(yield* the(manager.alias), manager),
    panel: {
      inject,
      refuse: (alias: string) => fault({ _tag: "Refuse", host: alias }),
      changeHostKey: (alias: string) => fault({ _tag: "ChangeHostKey", host: alias }),
      failAuthentication: (alias: string) => fault({ _tag: "FailAuthentication", host: alias }),
      unreachable: (alias: string) => fault({ _tag: "Unreachable", host: alias }),
      latency: (alias: string, duration: Duration.DurationInput) =>
        fault({ _tag: "Latency", host: alias, millis: Duration.toMillis(duration) }),
      slow: (alias: string, how: { readonly times?: number; readonly bytesPerSecond?: number }) =>
        fault({ _tag: "Slow", host: alias, ...how }),
      restore: (alias: string) => mend(alias, ({ _tag }) => restored.has(_tag)),
      partition: (a: string, b: string) => Effect.asVoid(Effect.orDie(known({ _tag: "Partition", host: a, from: b }))),
      heal: (a: string, b: string) => Effect.zipRight(mend(a, between(a, b)), mend(b, between(a, b))),
      fillDisk: (alias: string) => fault({ _tag: "FillDisk", host: alias }),
      freeDisk: (alias: string) => mend(alias, ({ _tag }) => _tag === "FillDisk"),
      cut: (alias: string) => fault({ _tag: "Cut", host: alias }),
      reset: (alias: string) => fault({ _tag: "Reset", host: alias }),
      powerCut: (alias: string) => fault({ _tag: "PowerCut", host: alias }),
      boot: (alias: string) => mend(alias, ({ _tag }) => _tag === "PowerCut"),
      kill: (alias: string, which: string | number) =>
        Effect.flatMap(the(alias), (host) =>
          memoryFaults.meant(host, which).length === 0
            ? Effect.dieMessage(`InMemorySsh: no process ${which} runs on ${alias}`)
            : fault({ _tag: "Kill", host: alias, process: which })),
      takePort: (alias: string, port: number) => inject({ _tag: "TakePort", host: alias, port }),
      processes: (alias: string) =>
        Effect.map(
          the(alias),
          (host) =>
            memoryFaults.processesOf(host).map(({ name, process: { argv, cwd, env, pid } }) => ({
              name,
              pid,
              argv,
              env,
              cwd
            }))
        ),
      files: (alias: string) => Effect.map(the(alias), (host) => memoryFiles.make(host, host.home)),
      facts: (alias: string) => Effect.map(the(alias), memoryHost.factsOf),
      connections: (alias: string) =>
        Effect.map(the(alias), (host) => ({
          accepted: host.accepted,
          open: [...host.links].filter((link) => link.clientOpen).length
        })),
      record: Effect.sync(() => [...entries]),
      commandsOn: (alias: string) =>
        Effect.sync(() =>
          entries.flatMap((entry) =>
            entry._tag === "Exec" && entry.host === alias && !isOwn(entry.argv) ? [entry.argv] : []
          )
        ),
      leftovers: Effect.map(Effect.forEach(all, memoryLeftovers.of), (each) => each.flat())
    }
  }
})

const isManagerName = (alias: string) => alias === manager.alias

/** Guardians and what belongs to them. */
const isOwn = (argv: ReadonlyArray<string>) =>
  /^lazycluster-(guardian|watchdog|anchor|holder|network|socket)$/.test(argv[0] ?? "")

/** What `restore` takes back. */
const restored: ReadonlySet<Fault["_tag"]> = new Set([
  "Refuse",
  "ChangeHostKey",
  "FailAuthentication",
  "Unreachable",
  "Latency",
  "Slow"
])
