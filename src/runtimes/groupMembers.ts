/**
 * Who is in a group: hosts taken into use, added, removed, left out.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import * as parallelScopes from "../internal/parallelScopes.ts"
import * as Host from "../services/Host.ts"
import { sameMachine } from "../services/HostIdentity.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import { GroupError } from "./GroupError.ts"
import { check } from "./HostFilter.ts"
import * as Runtime from "./Runtime.ts"
import type { Hold, Inactive, Options, RuntimeGroup } from "./RuntimeGroup.ts"

type Given = string | Host.Host

const listOf = <A>(given: A | ReadonlyArray<A>): ReadonlyArray<A> => [given].flat() as ReadonlyArray<A>

const aliases = (group: RuntimeGroup): ReadonlyArray<string> => group.runtimes.map(({ host }) => host.alias)

const duplicate = (step: string, alias: string): GroupError =>
  new GroupError({
    reason: "Duplicate",
    step,
    detail: `${alias} is in the group already`,
    hint: "a group has one runtime for each name: give another alias of the ssh config for a second one"
  })

/** A host that is given twice is taken once. */
const distinct = (hosts: ReadonlyArray<Given>, step: string, members: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const named = new Map<string, Given>()
    for (const given of hosts) {
      // A name that cannot be read fails where it is used, and counts as one host that failed.
      const host = typeof given === "string" ? Either.getOrElse(Host.parse(given), () => given) : given
      const alias = String(host)
      const known = named.get(alias)
      if (members.includes(alias) || (known !== undefined && !Equal.equals(known, host))) {
        return yield* duplicate(step, alias)
      }
      named.set(alias, host)
    }
    return [...named.values()]
  })

interface Acquired {
  readonly members: ReadonlyArray<allOrNothing.Held<Runtime.Runtime>>
  readonly inactive: ReadonlyArray<Inactive>
  /** How many hosts were asked for, each counted once. */
  readonly asked: number
}

/**
 * Takes hosts into use, side by side, each in a scope of its own. What a host lacks closes it again.
 *
 * @internal
 */
export const acquire = Effect.fnUntraced(function*(
  given: ReadonlyArray<Given>,
  options: Options,
  step: string,
  members: ReadonlyArray<string> = []
): Effect.fn.Return<Acquired, SshError | SshConfigError | RuntimeError | GroupError, Ssh | Scope.Scope> {
  const { concurrency, filter = {}, policy, ...rest } = options
  const executables = [...(rest.executables ?? []), ...(filter.installedExecutables ?? [])]
  const hosts = yield* distinct(given, step, members)
  const member = (host: Given) =>
    Effect.flatMap(
      Runtime.make(host, { ...rest, executables }),
      (runtime) =>
        Effect.flatMap(check(runtime, filter), (lacking) =>
          lacking.length === 0
            ? Effect.succeed(runtime)
            : Effect.fail({ _tag: "Lacking" as const, message: lacking.join(", ") }))
    )
  const failed = yield* Ref.make<ReadonlyArray<Inactive & { readonly index: number }>>([])
  const acquired = yield* parallelScopes.forEach(
    hosts,
    (host, index) =>
      allOrNothing.hold(member(host)).pipe(
        Effect.tapError(({ message }) => Ref.update(failed, (all) => [...all, { host: String(host), message, index }])),
        Effect.asSome
      ),
    {
      concurrency: concurrency ?? defaultConcurrency,
      recover: (error) =>
        (policy ?? "all") === "all" && error._tag !== "Lacking"
          ? Effect.fail(error)
          : Effect.succeed(Option.none<allOrNothing.Held<Runtime.Runtime>>())
    }
  )
  const inactive = (yield* Ref.get(failed)).toSorted((a, b) => a.index - b.index)
    .map(({ host, message }): Inactive => ({ host, message }))
  return { members: acquired.flatMap(Option.toArray), inactive, asked: hosts.length }
})

/**
 * Closes all but the first of those that are one machine, and one user there, under several names.
 *
 * @internal
 */
export const once = Effect.fnUntraced(function*(acquired: Acquired): Effect.fn.Return<Acquired> {
  const named = yield* Effect.forEach(
    acquired.members,
    (member) =>
      member.value.connection.pipe(
        Effect.flatMap((connection) => connection.identity),
        // A host that was lost again meanwhile is like no other.
        Effect.option,
        Effect.map((identity) => ({ member, identity }))
      ),
    { concurrency: "unbounded" }
  )
  const same = Option.getEquivalence(sameMachine)
  const firsts = named.map(({ identity }) =>
    named.find((one) => Option.isSome(identity) && same(one.identity, identity))
  )
  const members = named.filter((one, index) => (firsts[index] ?? one) === one).map(({ member }) => member)
  const others = named.flatMap(({ member }, index) => {
    const first = firsts[index]?.member ?? member
    return first === member ? [] : [{ member, sameAs: first.value.host.alias }]
  })
  yield* Effect.forEach(others, ({ member }) => Scope.close(member.scope, Exit.void), {
    concurrency: "unbounded",
    discard: true
  })
  const aliased = others.map(({ member, sameAs }): Inactive => ({
    host: member.value.host.alias,
    message: `it is the same machine as ${sameAs}`,
    sameAs
  }))
  return {
    members,
    inactive: [...acquired.inactive, ...aliased],
    asked: acquired.asked - others.length
  }
})

/**
 * Enough that dozens of hosts which do not answer cost one deadline, few enough that handshakes do not starve one another.
 *
 * @internal
 */
export const defaultConcurrency = 64

/** @internal */
export const holdsOf = (members: Acquired["members"]): Effect.Effect<ReadonlyMap<string, Hold>> =>
  Effect.map(
    Effect.forEach(members, ({ scope, value }) =>
      Effect.map(Deferred.make<void>(), (removed) =>
        [value.host.alias, { scope, removed }] as const)),
    (holds) =>
      new Map(holds)
  )

const isRuntime = (given: Given | Runtime.Runtime): given is Runtime.Runtime =>
  typeof given === "object" && "exec" in given

/**
 * The group with further members: hosts, which are taken into use as the group's own were, or runtimes that stand already.
 * Under `all` the first host that fails is the error, and none is added; otherwise those that fail are `inactive`. What is
 * added ends with the scope, or when it is removed. Fails with `GroupError` `Duplicate` when one is a member already.
 *
 * @since 0.1.0
 * @category combinators
 */
export const add = Effect.fn("RuntimeGroup.add")(function*(
  group: RuntimeGroup,
  given: string | Host.Host | Runtime.Runtime | ReadonlyArray<string | Host.Host | Runtime.Runtime>
): Effect.fn.Return<RuntimeGroup, SshError | SshConfigError | RuntimeError | GroupError, Ssh | Scope.Scope> {
  const step = "RuntimeGroup.add"
  const stand = listOf(given).filter(isRuntime)
  for (const [index, { host }] of stand.entries()) {
    const before = [...aliases(group), ...stand.slice(0, index).map((one) => one.host.alias)]
    if (before.includes(host.alias)) return yield* duplicate(step, host.alias)
  }
  const { concurrency, options, policy } = group
  const { inactive, members } = yield* allOrNothing.make(acquire(
    listOf(given).filter((one): one is Given => !isRuntime(one)),
    { ...options, concurrency, policy },
    step,
    [...aliases(group), ...stand.map(({ host }) => host.alias)]
  ))
  const added = [...stand, ...members.map(({ value }) => value)]
  const tried = [...added.map(({ host }) => host.alias), ...inactive.map(({ host }) => host)]
  return {
    ...group,
    runtimes: [...group.runtimes, ...added],
    inactive: [...group.inactive.filter(({ host }) => !tried.includes(host)), ...inactive],
    holds: new Map([...group.holds, ...(yield* holdsOf(members))])
  }
})

const stranger = (group: RuntimeGroup, step: string, strangers: ReadonlyArray<string>): GroupError => {
  const left = group.inactive.filter(({ host }) => strangers.includes(host))
  return new GroupError({
    reason: "UnknownHost",
    step,
    detail: `${strangers.join(", ")} is not among ${aliases(group).join(", ") || "its hosts: it has none"}`,
    failed: left,
    hint: left.length > 0 ? "it could not be used, and is inactive" : "name a member, or `add` the host first"
  })
}

/**
 * Whether a host, by its alias, is a member.
 *
 * @since 0.1.0
 * @category guards
 */
export const contains = (group: RuntimeGroup, host: string): boolean => aliases(group).includes(host)

/**
 * The runtime of a host, by its alias. Fails with `GroupError` `UnknownHost`, which names those there are.
 *
 * @since 0.1.0
 * @category combinators
 */
export const get = (group: RuntimeGroup, host: string): Either.Either<Runtime.Runtime, GroupError> =>
  Either.fromNullable(
    group.runtimes.find((runtime) => runtime.host.alias === host),
    () => stranger(group, "RuntimeGroup.get", [host])
  )

const known = (group: RuntimeGroup, step: string, hosts: string | ReadonlyArray<string>) => {
  const strangers = listOf(hosts).filter((host) => !contains(group, host))
  return strangers.length === 0 ? Either.right(listOf(hosts)) : Either.left(stranger(group, step, strangers))
}

/**
 * The group of these members only, in the order given. All runtimes stay as they are. Fails with `GroupError` `UnknownHost`,
 * which names those there are.
 *
 * @since 0.1.0
 * @category combinators
 */
export const include = (
  group: RuntimeGroup,
  hosts: string | ReadonlyArray<string>
): Either.Either<RuntimeGroup, GroupError> =>
  Either.map(known(group, "RuntimeGroup.include", hosts), (hosts) => ({
    ...group,
    runtimes: [...new Set(hosts)].flatMap((alias) => group.runtimes.filter(({ host }) => host.alias === alias))
  }))

/**
 * The group without these members. All runtimes stay as they are: to end what runs on them, `remove` them. Fails with
 * `GroupError` `UnknownHost`, which names those there are.
 *
 * @since 0.1.0
 * @category combinators
 */
export const exclude = (
  group: RuntimeGroup,
  hosts: string | ReadonlyArray<string>
): Either.Either<RuntimeGroup, GroupError> =>
  Either.map(known(group, "RuntimeGroup.exclude", hosts), (hosts) => ({
    ...group,
    runtimes: group.runtimes.filter(({ host }) => !hosts.includes(host.alias))
  }))

/**
 * The group without these members, and nothing left on them: what ran there is ended, the temporary directory removed, and
 * the `Cleanup` report told, as at the end of a scope. A runtime that was given to the group leaves it only: its own scope
 * ends it. Fails with `GroupError` `UnknownHost`, and then removes nothing.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remove = Effect.fn("RuntimeGroup.remove")(function*(
  group: RuntimeGroup,
  hosts: string | ReadonlyArray<string>
): Effect.fn.Return<RuntimeGroup, GroupError> {
  const removed = yield* known(group, "RuntimeGroup.remove", hosts)
  const holds = removed.flatMap((host) => Option.toArray(Option.fromNullable(group.holds.get(host))))
  yield* Effect.forEach(
    holds,
    ({ removed, scope }) => Effect.zipRight(Deferred.succeed(removed, undefined), Scope.close(scope, Exit.void)),
    { concurrency: group.concurrency, discard: true }
  )
  return {
    ...group,
    runtimes: group.runtimes.filter(({ host }) => !removed.includes(host.alias)),
    holds: new Map([...group.holds].filter(([host]) => !removed.includes(host)))
  }
}, Effect.uninterruptible)

/**
 * The group with more in the environment of every member, and of those that are added. `WORKING_DIR` stays each member's
 * own. The group given stays as it is, and what runs keeps what it has.
 *
 * @since 0.1.0
 * @category environment
 */
export const withEnvironment = (
  group: RuntimeGroup,
  environment: Readonly<Record<string, string>>
): RuntimeGroup => ({
  ...group,
  runtimes: group.runtimes.map((runtime) => Runtime.withEnvironment(runtime, environment)),
  options: { ...group.options, environment: { ...group.options.environment, ...environment } }
})

/**
 * The group with just these variables added to the environment of every member.
 *
 * @since 0.1.0
 * @category environment
 */
export const replaceEnvironment = (
  group: RuntimeGroup,
  environment: Readonly<Record<string, string>>
): RuntimeGroup => ({
  ...group,
  runtimes: group.runtimes.map((runtime) => Runtime.replaceEnvironment(runtime, environment)),
  options: { ...group.options, environment }
})
