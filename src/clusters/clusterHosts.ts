/**
 * The machines of a cluster: which are there, how their links are, and those that return after they were lost.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import type { GroupError } from "../runtimes/GroupError.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import * as RuntimeGroup from "../runtimes/RuntimeGroup.ts"
import type { Host } from "../services/Host.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import { HostStatus } from "./ClusterStatus.ts"

/** Not internal: the types of `Cluster` name it. */
export type TakeError = SshError | SshConfigError | RuntimeError | GroupError

interface Member {
  readonly runtime: Runtime
  readonly link: "up" | "away" | "gone"
  /** Of what the cluster itself has of it: its watch, and the runtime if the cluster took the host into use. */
  readonly scope: Scope.CloseableScope
}

/** @internal */
export interface Hosts {
  readonly manager: Runtime
  /** `undefined` for a stranger, and for a host that is lost. */
  readonly at: (alias: string) => Effect.Effect<Runtime | undefined>
  readonly isUp: (alias: string) => Effect.Effect<boolean>
  /** All but the manager that are not lost. */
  readonly there: Effect.Effect<ReadonlyArray<Runtime>>
  readonly group: Effect.Effect<RuntimeGroup.RuntimeGroup>
  readonly status: Effect.Effect<ReadonlyArray<HostStatus>>
  readonly has: (alias: string) => Effect.Effect<boolean>
  /** A host is taken into use as the others were; a runtime that stands already is used as it is. */
  readonly take: (
    given: string | Host | Runtime
  ) => Effect.Effect<allOrNothing.Held<Runtime>, TakeError, Ssh>
  /** From now on it is a member, and watched. */
  readonly join: (held: allOrNothing.Held<Runtime>) => Effect.Effect<void, never, Ssh>
  /** Forgets a host; one that the cluster took into use is closed. */
  readonly leave: (alias: string) => Effect.Effect<void>
}

/** For a host that was lost: soon at first, then every quarter of a minute. */
const returning = Schedule.exponential("1 second").pipe(Schedule.either(Schedule.spaced("15 seconds")))

/** Closed by whoever made it, and not lost: nobody wants it back. */
const wasLost = (runtime: Runtime): Effect.Effect<boolean> =>
  Effect.match(runtime.connection, {
    onFailure: ({ cause }) => Predicate.hasProperty(cause, "_tag"),
    onSuccess: () => false
  })

/**
 * Watches the machines of a group, and its manager, until the scope closes. Runtimes that were given stay as they are.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly manager: Runtime
  readonly group: RuntimeGroup.RuntimeGroup
  readonly emit: (event: ClusterEvent) => Effect.Effect<void>
  /** A host is lost, has left, or is back: what leads there must be seen to. */
  readonly changed: (alias: string, now: "gone" | "back") => Effect.Effect<void>
}): Effect.fn.Return<Hosts, never, Ssh | Scope.Scope> {
  const { changed, emit, group, manager } = options
  const scope = yield* Effect.acquireRelease(Scope.make(ExecutionStrategy.parallel), Scope.close)
  const members = yield* Ref.make<ReadonlyMap<string, Member>>(new Map())

  const set = (alias: string, change: (member: Member) => Member) =>
    Ref.update(members, (all) => {
      const member = all.get(alias)
      return member === undefined ? all : new Map([...all, [alias, change(member)]])
    })

  const take: Hosts["take"] = (given) =>
    (typeof given === "object" && "exec" in given
      ? Effect.succeed(given)
      : Effect.flatMap(
        RuntimeGroup.make([given], { ...group.options, policy: "all" }),
        // A group of policy `all` has each host that it was asked for.
        ({ runtimes: [runtime] }) =>
          runtime === undefined ? Effect.dieMessage("a group without its host") : Effect.succeed(runtime)
      )).pipe(
        (runtime) => allOrNothing.hold<Runtime, TakeError, Ssh | Scope.Scope>(runtime),
        Scope.extend(scope)
      )

  const returned = (alias: string, runtime: Runtime): Effect.Effect<void, never, Ssh> =>
    Effect.gen(function*() {
      // Until it is taken out of the cluster, or replaced.
      const wanted = Effect.map(Ref.get(members), (all) => all.get(alias)?.runtime === runtime)
      const held = yield* Effect.option(Effect.retry(take(runtime.host), { schedule: returning, while: () => wanted }))
      if (Option.isNone(held)) return
      if (!(yield* wanted)) return yield* Scope.close(held.value.scope, Exit.void)
      yield* leave(alias)
      yield* emit({ _tag: "HostReturned", host: alias })
      yield* join(held.value)
      yield* changed(alias, "back")
    })

  const join: Hosts["join"] = (held) =>
    Effect.gen(function*() {
      const runtime = held.value
      const alias = runtime.host.alias
      yield* Ref.update(members, (all) => new Map([...all, [alias, { runtime, link: "up", scope: held.scope }]]))
      const heard = (link: Member["link"]) =>
        Effect.gen(function*() {
          yield* set(alias, (member) => ({ ...member, link }))
          yield* emit({ _tag: "Link", host: alias, state: link })
          if (link !== "gone") return
          yield* changed(alias, "gone")
          // In the scope of all: the watch of this runtime ends with it.
          if (alias !== manager.host.alias && (yield* wasLost(runtime))) {
            yield* Effect.forkIn(returned(alias, runtime), scope)
          }
        })
      // A host may be taken in where nothing can be interrupted, and a fiber inherits that.
      yield* runtime.linkState.watch(heard).pipe(Effect.interruptible, Effect.forkIn(held.scope))
    })

  const leave: Hosts["leave"] = (alias) =>
    Effect.flatMap(
      Ref.modify(members, (all) => [all.get(alias), new Map([...all].filter(([name]) => name !== alias))]),
      (member) => member === undefined ? Effect.void : Scope.close(member.scope, Exit.void)
    )

  yield* Effect.forEach(
    [manager, ...group.runtimes],
    (runtime) =>
      Effect.flatMap(Scope.fork(scope, ExecutionStrategy.sequential), (scope) => join({ scope, value: runtime }))
  )
  const there = Effect.map(
    Ref.get(members),
    (all) =>
      [...all.values()].filter(({ link, runtime }) => link !== "gone" && runtime !== manager).map(({ runtime }) =>
        runtime
      )
  )
  return {
    manager,
    at: (alias) =>
      Effect.map(Ref.get(members), (all) => {
        const member = all.get(alias)
        return member === undefined || member.link === "gone" ? undefined : member.runtime
      }),
    isUp: (alias) => Effect.map(Ref.get(members), (all) => all.get(alias)?.link === "up"),
    has: (alias) => Effect.map(Ref.get(members), (all) => all.has(alias)),
    there,
    group: Effect.map(there, (runtimes) => ({
      ...group,
      runtimes,
      holds: new Map([...group.holds].filter(([alias]) => runtimes.some(({ host }) => host.alias === alias)))
    })),
    status: Effect.map(Ref.get(members), (all) => [...all].map(([host, { link }]) => HostStatus.make({ host, link }))),
    take,
    join,
    leave
  }
})
