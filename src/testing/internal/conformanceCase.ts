/**
 * What cases of the conformance suite are made of: a deadline, errors that say what was expected, a place of their own.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { isDeepStrictEqual } from "node:util"
import type { Host } from "../../services/Host.ts"
import { Ssh } from "../../services/Ssh.ts"
import type { Files, SshConnection } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import type { SshConfigError } from "../../services/SshError.ts"
import { ConformanceError } from "../ConformanceError.ts"
import type { Ability, Case, Means, Target } from "../SshConformance.ts"
import { Mismatch } from "./conformanceMismatch.ts"
import * as conformanceRun from "./conformanceRun.ts"

class NoMeans extends Data.TaggedError("NoMeans")<{ readonly ability: Ability }> {}

type Trouble = Mismatch | NoMeans | SshError | SshConfigError

/** @internal */
export type Body<A = void> = Effect.Effect<A, Trouble, Ssh | Scope.Scope>

/** @internal */
export interface Context {
  readonly host: Host
  readonly connect: Effect.Effect<SshConnection, SshError | SshConfigError, Ssh | Scope.Scope>
  /** A new directory of the host, gone at the end of the case. */
  readonly folder: Body<string>
  /** What the target gives for an ability. */
  readonly means: <A extends keyof Means>(ability: A) => Effect.Effect<Means[A], NoMeans>
  readonly lacks: (ability: Ability) => boolean
}

const longest = 400

const show = (value: unknown): string => {
  const text = value instanceof Uint8Array
    ? `${value.length} bytes ${Buffer.from(value).toString("hex", 0, 40)}`
    : JSON.stringify(value) ?? String(value)
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`
}

/**
 * What came must be what was expected.
 *
 * @internal
 */
export const same = (what: string, came: unknown, expected: unknown): Effect.Effect<void, Mismatch> => {
  if (isDeepStrictEqual(came, expected)) return Effect.void
  if (!Array.isArray(came) || !Array.isArray(expected) || came.length !== expected.length) {
    return new Mismatch({ what, expected: show(expected), came: show(came) })
  }
  // Of long lists, what differs.
  const at = came.findIndex((value, index) => !isDeepStrictEqual(value, expected[index]))
  return new Mismatch({ what: `${what}, number ${at}`, expected: show(expected[at]), came: show(came[at]) })
}

/**
 * The same for many bytes, of which the first that differs is told.
 *
 * @internal
 */
export const sameBytes = (what: string, came: Uint8Array, expected: Uint8Array): Effect.Effect<void, Mismatch> => {
  if (Buffer.compare(came, expected) === 0) return Effect.void
  const at = expected.findIndex((byte, index) => byte !== came[index])
  return new Mismatch({
    what,
    expected: `${expected.length} bytes`,
    came: `${came.length} bytes, another from byte ${at < 0 ? expected.length : at} on`
  })
}

/**
 * For what is not one value.
 *
 * @internal
 */
export const holds = (what: string, condition: boolean, expected: string, came: unknown) =>
  condition ? Effect.void : new Mismatch({ what, expected, came: show(came) })

/**
 * The effect must fail with that reason, say on which host and in which step, and name in its detail what it was about.
 *
 * @internal
 */
export const fails = <A, E extends Trouble, R>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  expected: {
    readonly host: Host
    readonly reason: SshError["reason"]
    readonly step?: string | undefined
    readonly names?: string | undefined
    readonly hint?: boolean | undefined
  }
): Effect.Effect<SshError, Mismatch | Exclude<E, SshError>, R> =>
  Effect.gen(function*() {
    const exit = yield* Effect.either(effect)
    const wanted = `an SshError, ${expected.reason}`
    if (exit._tag === "Right") {
      return yield* new Mismatch({ what, expected: wanted, came: `success: ${show(exit.right)}` })
    }
    const error: Trouble = exit.left
    if (!(error instanceof SshError)) {
      return yield* new Mismatch({ what, expected: wanted, came: String(error) })
    }
    yield* same(`${what}: the reason of the error (${error.message})`, error.reason, expected.reason)
    yield* same(`${what}: the host of the error`, error.host, expected.host.alias)
    if (expected.step !== undefined) yield* same(`${what}: the step of the error`, error.step, expected.step)
    if (expected.names !== undefined) {
      yield* holds(
        `${what}: the detail`,
        error.detail.includes(expected.names),
        `it names ${expected.names}`,
        error.detail
      )
    }
    yield* holds(`${what}: the detail`, error.detail !== "", "it says something", error.detail)
    if (expected.hint === true) {
      yield* holds(`${what}: the hint`, (error.hint ?? "") !== "", "it says what mends it", error.hint)
    }
    return error
  })

/**
 * Tried again until it holds, 400 times: a machine that stands still does not use them up.
 *
 * @internal
 */
export const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(effect, { schedule: Schedule.spaced("25 millis"), times: 400 })

/**
 * Files of a connection for as long as the case runs.
 *
 * @internal
 */
export const filesOf = (context: Context): Body<Files> => Effect.flatMap(context.connect, ({ files }) => files)

const name = Effect.map(Random.nextIntBetween(0, 2 ** 47), (number) => `lazycluster-conformance-${number.toString(36)}`)

const contextOf = (target: Target): Context => {
  const { host } = target
  const connect = Effect.flatMap(Ssh, (ssh) => ssh.connect(host))
  return {
    host,
    connect,
    folder: Effect.gen(function*() {
      const folder = `${target.directory ?? "/tmp"}/${yield* name}`
      const files = yield* Effect.flatMap(connect, ({ files }) => files)
      yield* Effect.acquireRelease(files.makeDirectory(folder), () =>
        // On a connection of its own, as that of the case may be lost.
        Effect.ignore(Effect.scoped(Effect.flatMap(connect, (again) => conformanceRun.run(again, "remove", folder)))))
      return folder
    }),
    means: (ability) => {
      const means = target.means?.[ability]
      return means === undefined ? new NoMeans({ ability }) : Effect.succeed(means)
    },
    lacks: (ability) => target.lacks?.[ability] !== undefined
  }
}

const failureOf = (host: string, step: string, cause: Cause.Cause<Trouble>): ConformanceError => {
  const error = Option.getOrUndefined(Cause.failureOption(cause))
  if (error instanceof Mismatch) {
    return new ConformanceError({
      reason: "Different",
      host,
      step,
      detail: `${error.what}: expected ${error.expected}, but what came is ${error.came}`
    })
  }
  return error instanceof NoMeans
    ? new ConformanceError({
      reason: "Means",
      host,
      step,
      detail: `the case needs ${error.ability}`,
      hint: `give it in \`means\` of the target, or say in \`lacks\` why there is none`
    })
    : new ConformanceError({
      reason: "Failed",
      host,
      step,
      detail: error === undefined ? Cause.pretty(cause) : error.message,
      cause: Cause.squash(cause)
    })
}

/**
 * A case. Its time is real, whatever clock the test has: what does not answer must not hang the suite.
 *
 * @internal
 */
export const make = (step: string, needs: ReadonlyArray<Ability>, body: (context: Context) => Body): Case => ({
  name: step,
  needs,
  run: (target) => {
    const deadline = Duration.decode(target.deadline ?? "1 minute")
    return body(contextOf(target)).pipe(
      Effect.scoped,
      Effect.exit,
      // What is left behind then may not be interruptible either.
      Effect.disconnect,
      Effect.timeoutOption(deadline),
      Effect.flatMap(Option.match({
        onNone: () =>
          new ConformanceError({
            reason: "Late",
            host: target.name,
            step,
            detail: `it has not come to its end within ${Duration.format(deadline)}`
          }),
        onSome: Exit.matchEffect({
          onSuccess: () => Effect.void,
          onFailure: (cause) => Cause.isInterruptedOnly(cause) ? Effect.interrupt : failureOf(target.name, step, cause)
        })
      })),
      Effect.withClock(Clock.make())
    )
  }
})
