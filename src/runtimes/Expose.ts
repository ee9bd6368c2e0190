/**
 * Services of one machine on the loopback of another: of the manager on runtimes, of a runtime on the manager or on the rest of
 * its group. All goes over the connections that stand; nothing listens elsewhere than on loopback.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as socketPath from "../internal/socketPath.ts"
import type { Host } from "../services/Host.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { Address, SocketAddress, TcpAddress } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import type * as Tunnel from "../services/Tunnel.ts"
import type { ExposeError } from "./ExposeError.ts"
import * as exposeManager from "./exposeManager.ts"
import * as exposeRoutes from "./exposeRoutes.ts"
import type { GroupError } from "./GroupError.ts"
import type { Runtime } from "./Runtime.ts"
import * as RuntimeGroup from "./RuntimeGroup.ts"

/**
 * Consecutive ports, taken as a whole or not at all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly first: number
  readonly count: number
}

/**
 * The ports from `first` to `last`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const range = (first: number, last: number): Range => ({ first, count: Math.max(0, last - first + 1) })

/**
 * What is exposed: a port of 127.0.0.1, an address as its machine sees it, a Unix socket, or a range of ports. A relative path
 * is taken from the runtime's working directory.
 *
 * @since 0.1.0
 * @category models
 */
export type Service = number | TcpAddress | SocketAddress | Range

/**
 * What an exposure may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Tunnel.Options {
  /**
   * Where it is reached: a number, the first of several that is free on all hosts, `"any"`, or a Unix socket. For a range, the
   * number of its first port. Default: the service's own number, `"any"` for a socket.
   */
  readonly at?: number | "any" | ReadonlyArray<number> | SocketAddress | undefined
}

/**
 * What an exposure to a group may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupOptions extends Options {
  /** Members that are left out, by alias. */
  readonly exclude?: ReadonlyArray<string> | undefined
}

/**
 * What leads where: `at` on `from` reaches `target` as `to` sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  readonly from: Host
  readonly at: Address
  readonly to: Host
  readonly target: Address
  /** `None` where both ends share a network: it is the same port. Hosts of one network share one tunnel. */
  readonly tunnel: Option.Option<Tunnel.Tunnel>
}

/**
 * A service that is exposed: the same number on all hosts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exposed {
  /** The first number; 0 where it is reached by Unix sockets. */
  readonly port: number
  /** All numbers, in order: several for a range. */
  readonly ports: ReadonlyArray<number>
  readonly routes: ReadonlyArray<Route>
}

/**
 * Makes a service of the manager reachable on a runtime. It listens when this succeeds, and no longer when the scope is
 * closed. Fails with `SshError` `PortInUse` when the one number is taken on the host that the error names, with `ExposeError`
 * `NoPort` when all of several are.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Expose, Runtime } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   // A database of this machine, on port 5432 of host-1.
 *   yield* Expose.toRuntime(runtime, 5432)
 *   // A notebook of host-1, on any free port of this machine.
 *   const { port } = yield* Expose.fromRuntime(runtime, 8888, { at: "any" })
 *   return `http://127.0.0.1:${port}`
 * }).pipe(Effect.scoped)
 */
export const toRuntime = Effect.fn("Expose.toRuntime")(function*(
  runtime: Runtime,
  service: Service,
  options: Options = {}
): Effect.fn.Return<Exposed, ExposeError | SshError, Ssh | Scope.Scope> {
  const to = yield* exposeManager.member
  return yield* exposeRoutes.make({ step: "Expose.toRuntime", to, service, members: [runtime], options })
})

/**
 * Makes a service of a runtime reachable on the manager. It listens when this succeeds, and no longer when the scope is
 * closed. Fails as `toRuntime`, naming the manager.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRuntime = Effect.fn("Expose.fromRuntime")(function*(
  runtime: Runtime,
  service: Service,
  options: Options = {}
): Effect.fn.Return<Exposed, ExposeError | SshError, Ssh | Scope.Scope> {
  const manager = yield* exposeManager.member
  return yield* exposeRoutes.make({ step: "Expose.fromRuntime", to: runtime, service, members: [manager], options })
})

/** All or none; the next number where one member refuses. */
const toMembers = Effect.fnUntraced(function*(
  step: string,
  group: RuntimeGroup.RuntimeGroup,
  to: exposeRoutes.Member,
  service: Service,
  { exclude = [], ...options }: GroupOptions
) {
  const { runtimes } = yield* RuntimeGroup.exclude(group, exclude)
  return yield* exposeRoutes.make({ step, to, service, members: runtimes.filter((member) => member !== to), options })
})

/**
 * Makes a service of the manager reachable on every member of a group, on the same number everywhere or nowhere. Fails as
 * `toRuntime`, or with `GroupError` when a host to exclude is no member.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toGroup = Effect.fn("Expose.toGroup")(function*(
  group: RuntimeGroup.RuntimeGroup,
  service: Service,
  options: GroupOptions = {}
): Effect.fn.Return<Exposed, ExposeError | SshError | GroupError, Ssh | Scope.Scope> {
  return yield* toMembers("Expose.toGroup", group, yield* exposeManager.member, service, options)
})

/**
 * Makes a service of one member reachable on the others, on the same number everywhere or nowhere. The bytes go through this
 * program, over the connections that stand: the hosts need not reach each other, and the manager needs no port. Fails as
 * `toRuntime`, or with `GroupError` when a host that is named is no member.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRuntimeToGroup = Effect.fn("Expose.fromRuntimeToGroup")(function*(
  group: RuntimeGroup.RuntimeGroup,
  host: string,
  service: Service,
  options: GroupOptions = {}
): Effect.fn.Return<Exposed, ExposeError | SshError | GroupError, Scope.Scope> {
  const to = yield* RuntimeGroup.get(group, host)
  return yield* toMembers("Expose.fromRuntimeToGroup", group, to, service, options)
})

/**
 * The states of all tunnels of an exposure, as they change.
 *
 * @since 0.1.0
 * @category combinators
 */
export const states = (
  exposed: Exposed
): Stream.Stream<{ readonly tunnel: Tunnel.Tunnel; readonly state: Tunnel.State }> => {
  const tunnels = new Set(exposed.routes.flatMap(({ tunnel }) => Option.toArray(tunnel)))
  return Stream.mergeAll(
    [...tunnels].map((tunnel) => Stream.map(tunnel.states, (state) => ({ tunnel, state }))),
    { concurrency: "unbounded" }
  )
}

/**
 * What leads where, a line a route, to be read by people.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (exposed: Exposed): string =>
  exposed.routes.map(({ at, from, target, to, tunnel }) =>
    `${from.alias} ${socketPath.render(at)} -> ${to.alias} ${socketPath.render(target)}${
      Option.isNone(tunnel) ? " (one network, no tunnel)" : ""
    }`
  ).join("\n")
