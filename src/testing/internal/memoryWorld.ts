/**
 * All hosts in memory of one test, and what a test does to them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { posix } from "node:path"
import { type Host, isManager, manager } from "../../services/Host.ts"
import { SshError } from "../../services/SshError.ts"
import type { Entry, HostOptions } from "../InMemoryHost.ts"
import type { WorldOptions } from "../InMemorySsh.ts"
import * as memoryFiles from "./memoryFiles.ts"
import * as memoryHost from "./memoryHost.ts"
import * as memoryLeftovers from "./memoryLeftovers.ts"
import * as memoryLink from "./memoryLink.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryProcess from "./memoryProcess.ts"
import * as memoryTransport from "./memoryTransport.ts"

/** As of the live layer. */
const connectTimeout = Duration.seconds(10)

/** @internal */
export const make = Effect.fnUntraced(function*(hosts: ReadonlyArray<string | HostOptions>, options: WorldOptions) {
  const world = yield* Effect.scope
  const entries: Array<Entry> = []
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
  const byAlias = new Map(all.map((host) => [host.alias, host]))

  /** A test that names a host that is none has a mistake in it. */
  const the = (alias: string): Effect.Effect<memoryHost.MemoryHost> => {
    const host = byAlias.get(alias)
    return host === undefined
      ? Effect.dieMessage(`InMemorySsh: there is no host ${alias}, only ${[...byAlias.keys()].join(", ")}`)
      : Effect.succeed(host)
  }
  const fault = (name: string, alias: string, act: (host: memoryHost.MemoryHost) => Effect.Effect<unknown>) =>
    Effect.flatMap(
      the(alias),
      (host) => Effect.zipRight(host.note({ _tag: "Fault", fault: name }), Effect.asVoid(act(host)))
    )
  const refuse = (name: string, alias: string, refusal: memoryHost.Refusal) =>
    fault(name, alias, (host) =>
      Effect.sync(() => {
        host.refusal = refusal
      }))
  const reopen = (host: memoryHost.MemoryHost) =>
    Effect.zipRight(
      host.gate.open,
      // What the server closed meanwhile, the client hears now.
      Effect.forEach([...host.links].filter((link) => !link.serverOpen), (link) =>
        memoryLink.closeClient(host, link, true))
    )

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
      refuse: (alias: string) =>
        refuse("refuse", alias, {
          reason: "Refused",
          detail: `nothing listens on ${alias}:22`,
          hint: "is sshd running there, and is it this port (Port in the ssh config)?"
        }),
      changeHostKey: (alias: string) =>
        refuse("changeHostKey", alias, {
          reason: "HostKeyChanged",
          detail: `the key of ${alias} is not the one in known_hosts`,
          hint: `if the host was set up anew: ssh-keygen -R ${alias}`
        }),
      failAuthentication: (alias: string) =>
        refuse("failAuthentication", alias, {
          reason: "Authentication",
          detail: "no key was accepted",
          hint: `try \`ssh -v ${alias}\``
        }),
      unreachable: (alias: string) => fault("unreachable", alias, (host) => host.gate.close),
      latency: (alias: string, duration: Duration.DurationInput) =>
        fault("latency", alias, (host) =>
          Effect.sync(() => {
            host.latency = Duration.decode(duration)
          })),
      restore: (alias: string) =>
        fault("restore", alias, (host) =>
          Effect.suspend(() => {
            host.refusal = undefined
            host.latency = Duration.decode(host.options.latency ?? 0)
            return host.on ? reopen(host) : Effect.void
          })),
      cut: (alias: string) =>
        fault(
          "cut",
          alias,
          (host) => Effect.forEach([...host.links], (link) => memoryLink.closeClient(host, link, true))
        ),
      reset: (alias: string) =>
        fault("reset", alias, (host) => Effect.forEach([...host.links], (link) => memoryLink.hangUp(host, link, true))),
      powerCut: (alias: string) =>
        fault("powerCut", alias, (host) =>
          Effect.gen(function*() {
            host.on = false
            yield* host.gate.close
            yield* Effect.forEach([...host.processes.values()], (process) => memoryProcess.destroy(host, process))
            yield* Effect.forEach(
              [...host.links],
              (link) => Effect.zipRight(memoryLink.closeServer(host, link), memoryLink.closeClient(host, link, true))
            )
          })),
      boot: (alias: string) =>
        fault("boot", alias, (host) =>
          Effect.suspend(() => {
            if (host.on) return Effect.void
            host.on = true
            host.boots += 1
            return reopen(host)
          })),
      kill: (alias: string, which: string | number) =>
        Effect.flatMap(the(alias), (host) => {
          const found = processesOf(host).filter(({ name, process }) =>
            which === process.pid || which === name || which === posix.basename(process.argv[0] ?? "")
          )
          return found.length === 0
            ? Effect.dieMessage(`InMemorySsh: no process ${which} runs on ${alias}`)
            : Effect.forEach(found, ({ process }) => memoryProcess.signal(host, process, "KILL"), { discard: true })
        }),
      takePort: (alias: string, port: number) =>
        Effect.flatMap(the(alias), (host) =>
          Effect.asVoid(Effect.acquireRelease(
            memoryNetwork.bind(host.network, { port }, alias, "another program"),
            (bound) => memoryNetwork.close(host.network, bound)
          ))),
      processes: (alias: string) =>
        Effect.map(
          the(alias),
          (host) =>
            processesOf(host).map(({ name, process: { argv, cwd, env, pid } }) => ({ name, pid, argv, env, cwd }))
        ),
      files: (alias: string) => Effect.map(the(alias), (host) => memoryFiles.make(host, host.home, Effect.void)),
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

/** With the names that guardians know them by. */
const processesOf = (host: memoryHost.MemoryHost) => {
  const names = new Map(
    [...host.guardians.values()].flatMap((guardian) =>
      [...guardian.jobs].map(([name, job]) => [job.pid, name] as const)
    )
  )
  return [...host.processes.values()].map((process) => ({ name: names.get(process.pid), process }))
}
