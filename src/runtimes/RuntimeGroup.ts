/**
 * Runtimes that belong together: taken into use in parallel, worked on with bounded concurrency, closed in parallel.
 *
 * @since 0.1.0
 */
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import type { Host } from "../services/Host.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import { type GroupError, missed } from "./GroupError.ts"
import { needed } from "./groupExecution.ts"
import { acquire, defaultConcurrency, holdsOf, once } from "./groupMembers.ts"
import type { HostRequirement } from "./HostFilter.ts"
import * as HostTable from "./HostTable.ts"
import type * as Runtime from "./Runtime.ts"

export { execute, fork, join, leastBusy, log, type Where } from "./groupBackground.ts"
export { broadcast, onEach, roundRobin } from "./groupExecution.ts"
export { leastLoaded } from "./groupLoad.ts"
export { add, contains, exclude, get, include, remove, replaceEnvironment, withEnvironment } from "./groupMembers.ts"
export { type Done, forEach, forEachEither, type QueueOptions, type Retry } from "./groupQueue.ts"
export { getFile, sendFile } from "./groupTransfer.ts"

/**
 * How many hosts must succeed: all, at least so many, or any number.
 *
 * @since 0.1.0
 * @category models
 */
export type Policy = "all" | "bestEffort" | { readonly quorum: number }

/**
 * What a group may be told; the options of Runtime are given to each member.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Runtime.Options {
  /** How many hosts are worked on at a time. Default 64. */
  readonly concurrency?: number | undefined
  /** Default `all`. */
  readonly policy?: Policy | undefined
  /** Hosts that lack something are closed again and kept as inactive; they count as failed. */
  readonly filter?: HostRequirement | undefined
}

/**
 * A host that is not in the group, and why.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inactive {
  readonly host: string
  readonly message: string
  /** The name under which the machine is in the group. */
  readonly sameAs?: string | undefined
}

/**
 * Runtimes in use, in the order of the hosts given.
 *
 * A group is a value: what changes its members gives another group, and whoever works on one sees the same members from
 * beginning to end. A host that ends meanwhile fails where it is used. Who needs members that come and go keeps a `Ref` of
 * a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface RuntimeGroup {
  readonly runtimes: ReadonlyArray<Runtime.Runtime>
  readonly inactive: ReadonlyArray<Inactive>
  readonly concurrency: number
  readonly policy: Policy
  /** For members to come: what the others were made with. */
  readonly options: Options
  /** The hold on the members that were taken into use by the group itself, by alias. */
  readonly holds: ReadonlyMap<string, Hold>
}

/**
 * What a group has of a member that it has taken into use: its scope, and a word to whoever works there when it is removed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hold {
  readonly scope: Scope.CloseableScope
  readonly removed: Deferred.Deferred<void>
}

/**
 * What became of an effect on each host.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome<A, E> {
  readonly host: string
  readonly result: Either.Either<A, E>
}

/**
 * A group of runtimes that stand already; their scopes stay as they are.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRuntimes = (runtimes: ReadonlyArray<Runtime.Runtime>, options: Options = {}): RuntimeGroup => ({
  runtimes,
  inactive: [],
  concurrency: options.concurrency ?? defaultConcurrency,
  policy: options.policy ?? "all",
  options,
  holds: new Map()
})

/**
 * Takes hosts into use; one that is given twice, once. Under `all` the first failure ends the others and is the error;
 * otherwise hosts that fail are kept as `inactive`. The scope closes all members, in parallel. Fails with `SshError`,
 * `SshConfigError`, `RuntimeError`, or `GroupError` when fewer hosts than the policy wants are left.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { RuntimeGroup, RuntimeTask } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const task = RuntimeTask.make("who").pipe(RuntimeTask.runCommand("hostname"))
 *
 * const names = Effect.gen(function*() {
 *   const group = yield* RuntimeGroup.make(["host-1", "host-2"], { workingDirectory: "~/experiment" })
 *   return yield* RuntimeGroup.broadcast(group, task)
 * }).pipe(Effect.scoped)
 */
export const make = Effect.fn("RuntimeGroup.make")(function*(
  hosts: ReadonlyArray<string | Host>,
  options: Options = {}
): Effect.fn.Return<RuntimeGroup, SshError | SshConfigError | RuntimeError | GroupError, Ssh | Scope.Scope> {
  // Too few hosts: those that stand are closed at once, not with the caller's scope.
  return yield* allOrNothing.make(assemble(hosts, options))
})

/**
 * The same, where machines that are known under several names are taken into use once, under the first of them.
 *
 * @internal
 */
export const makeOnce = (hosts: ReadonlyArray<string | Host>, options: Options) =>
  allOrNothing.make(assemble(hosts, options, once))

const assemble = Effect.fnUntraced(function*(
  hosts: ReadonlyArray<string | Host>,
  options: Options,
  sift: typeof once = Effect.succeed
) {
  const { asked, inactive, members } = yield* Effect.flatMap(acquire(hosts, options, "RuntimeGroup.make"), sift)
  const group = fromRuntimes(members.map(({ value }) => value), options)
  const wanted = needed(group.policy, asked)
  if (members.length < wanted) {
    return yield* missed("RuntimeGroup.make", wanted, group.runtimes.map(({ host }) => host.alias), inactive)
  }
  return { ...group, inactive, holds: yield* holdsOf(members) }
})

/**
 * The members with their facts, and the hosts that are inactive with the reason, to be printed.
 *
 * @since 0.1.0
 * @category printing
 */
export const table = ({ inactive, runtimes }: RuntimeGroup): string =>
  HostTable.render([
    ...runtimes.map(({ facts, host }) => ({ host: host.alias, facts })),
    // The first line says what is wrong, those below it what mends it.
    ...inactive.map(({ host, message }) => ({ host, note: `inactive: ${message.split("\n")[0]}` }))
  ])
