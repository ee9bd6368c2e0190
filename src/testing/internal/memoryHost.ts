/**
 * A host in memory: what it is made of and what has happened on it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { posix } from "node:path"
import { HostFacts } from "../../services/HostFacts.ts"
import type { Fault } from "../InMemoryFaults.ts"
import type { Commands, Entry, HostOptions, Match } from "../InMemoryHost.ts"
import * as memoryGate from "./memoryGate.ts"
import type { Guardian } from "./memoryGuardianState.ts"
import type { Lan } from "./memoryLan.ts"
import type { Link } from "./memoryLink.ts"
import type { Network } from "./memoryNetwork.ts"
import { bytesOf } from "./memoryPipe.ts"
import type { MemoryProcess } from "./memoryProcess.ts"
import * as memoryTree from "./memoryTree.ts"

type Omitted<A> = A extends unknown ? Omit<A, "at" | "host"> : never

/**
 * The fields that change are changed in one step each, inside `Effect.sync`.
 *
 * @internal
 */
export interface MemoryHost {
  readonly alias: string
  readonly options: HostOptions
  readonly commands: ReadonlyArray<Commands>
  readonly matches: ReadonlyArray<Match>
  readonly tree: memoryTree.Tree
  readonly env: Readonly<Record<string, string>>
  readonly home: string
  readonly temporary: string
  /** Where state directories of guardians are. */
  readonly state: string
  readonly network: Network
  /** What lies between it and others. */
  readonly lan: Lan
  /** What goes wrong with it now. */
  readonly standing: Set<Fault>
  /** Milliseconds of a packet, where no fault says otherwise. */
  readonly latency: number
  /** Processes outlive the connection that started them; only the end of the world ends them all. */
  readonly world: Scope.Scope
  readonly note: (entry: Omitted<Entry>) => Effect.Effect<void>
  /** Closed: packets to and from this host are dropped. */
  readonly gate: memoryGate.Gate
  readonly processes: Map<number, MemoryProcess>
  readonly links: Set<Link>
  /** By id; on the disk, so they survive a power cut. */
  readonly guardians: Map<string, Guardian>
  nextPid: number
  boots: number
  on: boolean
  accepted: number
  /** Connections on their way in. */
  arriving: number
  /** Connections that were made through it so far. */
  dialled: number
}

/** @internal */
export const bootId = (host: MemoryHost): string => {
  const machine = host.network.isManagers ? "manager" : host.alias
  return host.options.facts?.bootId ?? `boot-${machine}-${host.boots}`
}

/** @internal */
export const factsOf = (host: MemoryHost): HostFacts =>
  HostFacts.make({
    system: "Linux",
    os: "Debian GNU/Linux 12 (bookworm)",
    machine: "x86_64",
    libc: "glibc 2.36",
    hostname: host.alias,
    user: host.env["USER"] ?? "user",
    home: host.home,
    cache: posix.join(host.env["XDG_CACHE_HOME"] ?? posix.join(host.home, ".cache"), "lazycluster"),
    network: host.network.name,
    cpus: 4,
    memory: 8 * 1024 ** 3,
    gpus: [],
    python: "3.11.2",
    pythonPath: "/usr/bin/python3",
    executables: {},
    ...host.options.facts,
    bootId: bootId(host)
  })

/** @internal */
export const make = Effect.fnUntraced(function*(options: {
  readonly host: HostOptions
  readonly commands: ReadonlyArray<Commands>
  readonly matches: ReadonlyArray<Match>
  readonly network: Network
  readonly lan: Lan
  readonly world: Scope.Scope
  readonly entries: Array<Entry>
}) {
  const { alias } = options.host
  const user = options.host.facts?.user ?? "user"
  const home = options.host.facts?.home ?? `/home/${user}`
  const env = {
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: "/bin/sh",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ...options.host.env
  }
  const standing = new Set<Fault>()
  const tree = memoryTree.make(alias, home, () => [...standing].some(({ _tag }) => _tag === "FillDisk"))
  const host: MemoryHost = {
    alias,
    options: options.host,
    commands: options.commands,
    matches: options.matches,
    tree,
    env,
    home,
    temporary: options.host.env?.["TMPDIR"] ?? "/tmp",
    state: posix.join(options.host.env?.["XDG_STATE_HOME"] ?? posix.join(home, ".local/state"), "lazycluster"),
    network: options.network,
    lan: options.lan,
    standing,
    latency: Duration.toMillis(options.host.latency ?? 0),
    world: options.world,
    note: (entry) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Effect.sync(() => {
          options.entries.push({ at, host: alias, ...entry })
        })),
    gate: memoryGate.make(),
    processes: new Map(),
    links: new Set(),
    guardians: new Map(),
    nextPid: 1000,
    boots: 1,
    on: true,
    accepted: 0,
    arriving: 0,
    dialled: 0
  }
  options.lan.hosts.set(alias, host)
  yield* Effect.forEach([home, host.temporary], (path) => tree.makeDirectory(path), { discard: true })
  yield* Effect.forEach(
    Object.entries(options.host.files ?? {}),
    ([path, content]) =>
      path.endsWith("/") ? tree.makeDirectory(path) : Effect.zipRight(
        tree.makeDirectory(posix.dirname(tree.resolve(path))),
        tree.write(path, bytesOf(content))
      ),
    { discard: true }
  )
  return host
})
