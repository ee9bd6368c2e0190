/**
 * SSH hosts that exist only in memory: everything that runs on hosts runs on these, under the clock of a test, with faults
 * on demand and a record of all that happened.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { HostFacts } from "../services/HostFacts.ts"
import * as Ssh from "../services/Ssh.ts"
import type { Files } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type { Fault } from "./InMemoryFaults.ts"
import type { Commands, Entry, HostOptions, Match } from "./InMemoryHost.ts"
import * as memoryWorld from "./internal/memoryWorld.ts"
import { LeftBehindError } from "./LeftBehindError.ts"

/**
 * A process that runs on a host. `name` is the one that it was started under through a runtime.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running {
  readonly name: string | undefined
  readonly pid: number
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/**
 * The control panel of the hosts in memory. A host that does not exist is a mistake of the test: it dies.
 *
 * @since 0.1.0
 * @category tags
 */
export class InMemorySsh extends Context.Tag("lazycluster/InMemorySsh")<InMemorySsh, {
  /** A fault as data, as long as the scope is open. Fails only where the port of a `TakePort` is taken. */
  readonly inject: (fault: Fault) => Effect.Effect<void, SshError, Scope.Scope>
  /** Nothing listens on its port of SSH: further connects fail with `Refused`. */
  readonly refuse: (alias: string) => Effect.Effect<void>
  /** Further connects fail with `HostKeyChanged`. */
  readonly changeHostKey: (alias: string) => Effect.Effect<void>
  /** Further connects fail with `Authentication`. */
  readonly failAuthentication: (alias: string) => Effect.Effect<void>
  /** Packets are dropped in both directions: connects time out, what is open stalls. */
  readonly unreachable: (alias: string) => Effect.Effect<void>
  /** Each request, each chunk of output and of a connection takes so long. */
  readonly latency: (alias: string, duration: Duration.DurationInput) => Effect.Effect<void>
  /** Programs take so many times as long; bytes from and to the host pass at that rate. */
  readonly slow: (
    alias: string,
    how: { readonly times?: number; readonly bytesPerSecond?: number }
  ) => Effect.Effect<void>
  /** Takes back the faults above. */
  readonly restore: (alias: string) => Effect.Effect<void>
  /** Packets between the two are dropped, until `heal`. The machine of the test is `(manager)`. */
  readonly partition: (a: string, b: string) => Effect.Effect<void>
  readonly heal: (a: string, b: string) => Effect.Effect<void>
  /** Nothing more can be written there, until `freeDisk`. */
  readonly fillDisk: (alias: string) => Effect.Effect<void>
  readonly freeDisk: (alias: string) => Effect.Effect<void>
  /** The manager's ends of all connections are lost; the host's sshd does not notice, and keeps ports and channels. */
  readonly cut: (alias: string) => Effect.Effect<void>
  /** Both ends of all connections are lost. */
  readonly reset: (alias: string) => Effect.Effect<void>
  /** The host is off: processes and connections gone, its disk kept. Nothing answers until `boot`. */
  readonly powerCut: (alias: string) => Effect.Effect<void>
  readonly boot: (alias: string) => Effect.Effect<void>
  /** `kill -9`, by pid, by the name that a process was started under, or by that of its program. */
  readonly kill: (alias: string, process: string | number) => Effect.Effect<void>
  /** Another program listens on that port as long as the scope is open. */
  readonly takePort: (alias: string, port: number) => Effect.Effect<void, SshError, Scope.Scope>
  readonly processes: (alias: string) => Effect.Effect<ReadonlyArray<Running>>
  /** The host's disk, past every connection and fault. */
  readonly files: (alias: string) => Effect.Effect<Files>
  readonly facts: (alias: string) => Effect.Effect<HostFacts>
  /** TCP connections that its sshd has taken so far, and those that are open. */
  readonly connections: (alias: string) => Effect.Effect<{ readonly accepted: number; readonly open: number }>
  /** All that happened, in order. */
  readonly record: Effect.Effect<ReadonlyArray<Entry>>
  /** The argv of each command that was run there, in order. */
  readonly commandsOn: (alias: string) => Effect.Effect<ReadonlyArray<ReadonlyArray<string>>>
  /** What was brought to hosts and is still there: processes, directories, ports. Empty once all scopes are closed. */
  readonly leftovers: Effect.Effect<ReadonlyArray<string>>
}>() {}

/**
 * Fails if anything is left on any host, and says what.
 *
 * @since 0.1.0
 * @category execution
 */
export const nothingLeft: Effect.Effect<void, LeftBehindError, InMemorySsh> = Effect.flatMap(
  InMemorySsh,
  ({ leftovers }) =>
    Effect.flatMap(leftovers, (left) => left.length === 0 ? Effect.void : new LeftBehindError({ reason: "Left", left }))
)

/**
 * What holds for all hosts.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorldOptions {
  /** Programs of every host, the manager too. A host's own come first. */
  readonly commands?: Commands | undefined
  readonly matches?: ReadonlyArray<Match> | undefined
  /** The machine that the test seems to run on: one more host in memory. */
  readonly manager?: Omit<HostOptions, "alias"> | undefined
  /** What the live layer takes by default: 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** As of the live layer: how long a connection without users stays open. */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}

/**
 * Makes hosts in memory; gives their control panel and the `Ssh` that reaches them. They end with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  hosts: ReadonlyArray<string | HostOptions>,
  options: WorldOptions = {}
) {
  const world = yield* memoryWorld.make(hosts, options)
  const ssh = yield* Ssh.make({
    open: world.open,
    manager: world.manager,
    idleTimeToLive: options.idleTimeToLive
  })
  return { panel: InMemorySsh.of(world.panel), ssh }
})

/**
 * Hosts in memory in place of the network, and their control panel beside it. The scope of a test closes after the layers
 * that the test was given, and what it holds ends on these hosts: so nothing ends them, they are forgotten.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import { Effect } from "effect"
 * import { InMemorySsh } from "lazycluster/testing"
 *
 * const layer = InMemorySsh.layer(["host-1", "host-2"], {
 *   commands: { hostname: (process) => process.stdout(`${process.host}\n`).pipe(Effect.as(0)) }
 * })
 */
export const layer = (
  hosts: ReadonlyArray<string | HostOptions>,
  options: WorldOptions = {}
): Layer.Layer<InMemorySsh | Ssh.Ssh> =>
  Layer.effectContext(
    Scope.make().pipe(
      Effect.flatMap((forgotten) => Scope.extend(make(hosts, options), forgotten)),
      Effect.map(({ panel, ssh }) => Context.make(InMemorySsh, panel).pipe(Context.add(Ssh.Ssh, ssh)))
    )
  )

/**
 * How a checked test runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface CheckOptions extends WorldOptions {
  /**
   * How long what is left may take to go by itself: leases run out after faults. By the clock of the test, which must go on by
   * itself, as `VirtualTime` does. Default: not at all.
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * Runs a test on hosts in memory of its own, closes its scope, and fails if anything is left on them: a provided layer and
 * the check in one line. The error of a test that fails comes first.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { Runtime } from "lazycluster"
 * import { InMemorySsh } from "lazycluster/testing"
 * import { Effect } from "effect"
 *
 * // it.effect("leaves nothing", () =>
 * const test = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   yield* runtime.start("worker", { argv: ["sleep", "3600"] })
 * }).pipe(InMemorySsh.check(["host-1"]))
 */
export const check = (hosts: ReadonlyArray<string | HostOptions>, options: CheckOptions = {}) =>
<A, E, R>(
  test: Effect.Effect<A, E, R>
): Effect.Effect<A, E | LeftBehindError, Exclude<Exclude<R, Scope.Scope>, InMemorySsh | Ssh.Ssh>> =>
  Effect.scoped(Effect.flatMap(make(hosts, options), ({ panel, ssh }) => {
    const { patience = 0 } = options
    const gone = Duration.toMillis(patience) === 0
      ? nothingLeft
      : Effect.retry(nothingLeft, Schedule.spaced("1 second").pipe(Schedule.upTo(patience)))
    return Effect.scoped(test).pipe(
      Effect.zipLeft(gone),
      Effect.provide(Context.make(InMemorySsh, panel).pipe(Context.add(Ssh.Ssh, ssh)))
    )
  }))
