/**
 * Runtimes that belong together: taken into use in parallel, worked on with bounded concurrency, closed in parallel.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as allOrNothing from "../internal/allOrNothing.ts"
import * as parallelScopes from "../internal/parallelScopes.ts"
import type { Host } from "../services/Host.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import { explain, type SshConfigError, type SshError } from "../services/SshError.ts"
import type { RuntimeTask } from "../tasks/RuntimeTask.ts"
import type { TaskError } from "../tasks/TaskError.ts"
import type { TaskResult } from "../tasks/TaskEvent.ts"
import type { TaskRunner } from "../tasks/TaskRunner.ts"
import { type HostFilter, lacks } from "./HostFilter.ts"
import * as Runtime from "./Runtime.ts"

/**
 * How many hosts must succeed: all, at least so many, or any number.
 *
 * @since 0.1.0
 * @category models
 */
export type Policy = "all" | "bestEffort" | { readonly quorum: number }

/**
 * Why hosts are not in a group, as lines. Most messages begin with their host.
 *
 * @internal
 */
export const reasons = (inactive: ReadonlyArray<Inactive>): ReadonlyArray<string> =>
  inactive.flatMap(({ host, message }) =>
    (message.startsWith(`${host}: `) ? message : `${host}: ${message}`).split("\n")
  )

/**
 * Fewer hosts than were asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class GroupError extends Schema.TaggedError<GroupError>("lazycluster/GroupError")("GroupError", {
  reason: Schema.Literal("Quorum", "NoHosts"),
  step: Schema.String,
  wanted: Schema.Int,
  succeeded: Schema.Array(Schema.String),
  /** What kept each of the others. */
  failed: Schema.Array(Schema.Struct({ host: Schema.String, message: Schema.String })),
  hint: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return explain({
      what: `${this.step}, ${this.reason}`,
      detail: `${this.succeeded.length} of ${this.succeeded.length + this.failed.length} hosts, ${this.wanted} wanted`,
      log: reasons(this.failed),
      hint: this.hint
    })
  }
}

/**
 * What a group may be told; the options of Runtime are given to each member.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Runtime.Options {
  /** How many hosts are worked on at a time. Default 16. */
  readonly concurrency?: number | undefined
  /** Default `all`. */
  readonly policy?: Policy | undefined
  /** Hosts that lack something are closed again and kept as inactive; they count as failed. */
  readonly filter?: HostFilter | undefined
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
}

/**
 * Runtimes in use, in the order of the hosts given.
 *
 * @since 0.1.0
 * @category models
 */
export interface RuntimeGroup {
  readonly runtimes: ReadonlyArray<Runtime.Runtime>
  readonly inactive: ReadonlyArray<Inactive>
  readonly concurrency: number
  readonly policy: Policy
}

const needed = (policy: Policy, of: number): number =>
  policy === "all" ? of : policy === "bestEffort" ? 0 : policy.quorum

const missed = (
  step: string,
  wanted: number,
  succeeded: ReadonlyArray<string>,
  failed: ReadonlyArray<Inactive>
): GroupError =>
  new GroupError({
    reason: "Quorum",
    step,
    wanted,
    succeeded: [...succeeded],
    failed: [...failed],
    hint: "mend the hosts that failed, or ask for fewer with another policy"
  })

/**
 * A group of runtimes that stand already; their scopes stay as they are.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRuntimes = (
  runtimes: ReadonlyArray<Runtime.Runtime>,
  options: Pick<Options, "concurrency" | "policy"> = {}
): RuntimeGroup => ({
  runtimes,
  inactive: [],
  concurrency: options.concurrency ?? 16,
  policy: options.policy ?? "all"
})

/**
 * Takes hosts into use. Under `all` the first failure ends the others and is the error; otherwise hosts that fail are kept
 * as `inactive`. The scope closes all members, in parallel. Fails with `SshError`, `SshConfigError`, `RuntimeError`, or
 * `GroupError` when fewer hosts than the policy wants are left.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("RuntimeGroup.make")(function*(
  hosts: ReadonlyArray<string | Host>,
  options: Options = {}
): Effect.fn.Return<RuntimeGroup, SshError | SshConfigError | RuntimeError | GroupError, Ssh | Scope.Scope> {
  // Too few hosts: those that stand are closed at once, not with the caller's scope.
  return yield* allOrNothing.make(acquire(hosts, options))
})

const acquire = Effect.fnUntraced(function*(hosts: ReadonlyArray<string | Host>, options: Options) {
  const { concurrency = 16, filter = {}, policy = "all", ...rest } = options
  const executables = [...(rest.executables ?? []), ...(filter.installedExecutables ?? [])]
  /** What a host lacks closes its runtime again. */
  const member = (host: string | Host) =>
    Effect.flatMap(Runtime.make(host, { ...rest, executables }), (runtime) => {
      const lacking = lacks(runtime.facts, filter)
      return lacking.length === 0
        ? Effect.succeed(runtime)
        : Effect.fail({ _tag: "Lacking" as const, message: lacking.join(", ") })
    })
  const kept = yield* Ref.make<ReadonlyArray<Inactive & { readonly index: number }>>([])
  const members = yield* parallelScopes.forEach(
    hosts,
    (host, index) =>
      member(host).pipe(
        Effect.tapError(({ message }) => Ref.update(kept, (all) => [...all, { host: String(host), message, index }])),
        Effect.asSome
      ),
    {
      concurrency,
      recover: (error) =>
        policy === "all" && error._tag !== "Lacking"
          ? Effect.fail(error)
          : Effect.succeed(Option.none<Runtime.Runtime>())
    }
  )

  const runtimes = members.flatMap(Option.toArray)
  const inactive = (yield* Ref.get(kept)).toSorted((a, b) => a.index - b.index)
    .map(({ host, message }): Inactive => ({ host, message }))
  const wanted = needed(policy, hosts.length)
  if (runtimes.length < wanted) {
    return yield* missed("RuntimeGroup.make", wanted, runtimes.map((runtime) => runtime.host.alias), inactive)
  }
  return { runtimes, inactive, concurrency, policy }
})

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
 * Runs an effect on every runtime, as many at a time as the group's concurrency says. Under `all` the first failure ends
 * the others and is the error; otherwise all run to their end, and `GroupError` tells when too few succeeded.
 *
 * @since 0.1.0
 * @category execution
 */
export const onEach = <A, E extends { readonly message: string }, R>(
  group: RuntimeGroup,
  effect: (runtime: Runtime.Runtime, index: number) => Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Outcome<A, E>>, E | GroupError, R> => {
  const { concurrency, policy, runtimes } = group
  const all = (run: (runtime: Runtime.Runtime, index: number) => Effect.Effect<Either.Either<A, E>, E, R>) =>
    Effect.forEach(
      runtimes,
      (runtime, index) => Effect.map(run(runtime, index), (result) => ({ host: runtime.host.alias, result })),
      { concurrency }
    )
  if (policy === "all") return all((runtime, index) => Effect.map(effect(runtime, index), Either.right))
  const wanted = needed(policy, runtimes.length)
  return Effect.filterOrFail(
    all((runtime, index) => Effect.either(effect(runtime, index))),
    (outcomes) => outcomes.filter(({ result }) => Either.isRight(result)).length >= wanted,
    (outcomes) =>
      missed(
        "RuntimeGroup.onEach",
        wanted,
        outcomes.filter(({ result }) => Either.isRight(result)).map(({ host }) => host),
        outcomes.flatMap(({ host, result }) => Either.isLeft(result) ? [{ host, message: result.left.message }] : [])
      )
  )
}

/**
 * Runs a task on every runtime; each has its own log and its own returns.
 *
 * @since 0.1.0
 * @category execution
 */
export const broadcast = <Returns extends ReadonlyArray<unknown>>(
  group: RuntimeGroup,
  task: RuntimeTask<Returns>
): Effect.Effect<ReadonlyArray<Outcome<TaskResult<Returns>, TaskError>>, TaskError | GroupError, TaskRunner> =>
  onEach(group, (runtime) => Runtime.execute(runtime, task))
