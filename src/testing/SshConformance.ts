/**
 * What every transport must do: one suite of cases for the Ssh service, as data. Any test runner runs them, and any transport can be
 * held to them.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Host } from "../services/Host.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { ConformanceError } from "./ConformanceError.ts"
import * as connecting from "./internal/conformanceConnecting.ts"
import * as files from "./internal/conformanceFiles.ts"
import * as filesErrors from "./internal/conformanceFilesErrors.ts"
import * as forwards from "./internal/conformanceForwards.ts"
import * as lost from "./internal/conformanceLost.ts"
import * as output from "./internal/conformanceOutput.ts"
import * as processes from "./internal/conformanceProcesses.ts"
import * as sessions from "./internal/conformanceSessions.ts"
import * as sockets from "./internal/conformanceSockets.ts"

/**
 * What a target gives to the cases that need more than a host: a way to break it, a look at its server, hosts that cannot be
 * reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Means {
  /** Ends all connections at the host's end, as the death of its sshd does. */
  readonly cut: Effect.Effect<void>
  /** TCP connections that the host's server has accepted so far, and those that are open. */
  readonly connections: Effect.Effect<{ readonly accepted: number; readonly open: number }>
  /** Sessions that one connection carries (MaxSessions). */
  readonly maxSessions: number
  /** How long a connection without users stays open. */
  readonly idleTimeToLive: Duration.DurationInput
  /** A host whose server allows no forwards. */
  readonly forbidding: Host
  /** Its name does not resolve. */
  readonly unnamed: Host
  /** Nothing listens on its port. */
  readonly refusing: Host
  /** It never answers; a connect gives up within seconds. */
  readonly silent: Host
  /** Its key is not in known_hosts. */
  readonly unknownKey: Host
  /** known_hosts holds another key of it. */
  readonly changedKey: Host
  /** It does not let us in. */
  readonly stranger: Host
}

/**
 * What the sentence beside it says. What a target lacks, it says so, and why.
 *
 * @since 0.1.0
 * @category models
 */
export const abilities = {
  link: "a connection is a link that can be severed",
  cut: "a connection can be lost",
  connections: "users of a host share one TCP connection, and it ends with the last",
  idleTimeToLive: "a connection without users stays open for a time",
  maxSessions: "the server limits the sessions of a connection; more of them open a further one",
  hostKey: "the host proves who it is with a key",
  statuses: "exit codes from 129 to 159 are told from signals",
  closedOutput: "outputs that a program closes are seen closed while it lives",
  wholeWrites: "a write that fails leaves the old file",
  links: "a path may be a symbolic link",
  forbidding: "a server may forbid forwards",
  unnamed: "a name may not resolve",
  refusing: "nothing may listen at a host's port",
  silent: "a host may not answer",
  unknownKey: "a host's key may be unknown",
  changedKey: "a host's key may be another than the known one",
  stranger: "a host may refuse to let us in"
} as const

/**
 * What a case may need of a target.
 *
 * @since 0.1.0
 * @category models
 */
export type Ability = keyof typeof abilities

/**
 * A transport and a host that it reaches: what the cases run on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** For errors and reports. */
  readonly name: string
  readonly host: Host
  /** A directory of the host that can be written; each case works in a new one below it, and removes that. Default `/tmp`. */
  readonly directory?: string | undefined
  readonly means?: Partial<Means> | undefined
  /** What the target cannot do, each with the reason. Cases that need it are left out. */
  readonly lacks?: Readonly<Partial<Record<Ability, string>>> | undefined
  /** How long a case may take, of real time. Default 1 minute. */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * One thing that every transport does. It cleans up after itself, and depends on no other case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  readonly name: string
  readonly needs: ReadonlyArray<Ability>
  readonly run: (target: Target) => Effect.Effect<void, ConformanceError, Ssh>
}

/**
 * The whole suite.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cases: ReadonlyArray<Case> = [
  ...connecting.cases,
  ...processes.cases,
  ...output.cases,
  ...sessions.cases,
  ...files.cases,
  ...filesErrors.cases,
  ...forwards.cases,
  ...sockets.cases,
  ...lost.cases
]

/**
 * The cases that a target can be held to: all but those that need what it lacks.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Effect } from "effect"
 * import { Host } from "lazycluster"
 * import { InMemorySsh, SshConformance } from "lazycluster/testing"
 *
 * const target = { name: "mine", host: Host.make({ alias: "host-1" }), lacks: { cut: "nothing cuts it" } }
 *
 * // With vitest: each as `it.effect(name, () => test)`.
 * const tests = SshConformance.casesOf(target).map((each) => ({
 *   name: each.name,
 *   test: each.run(target).pipe(Effect.provide(InMemorySsh.layer(["host-1"])))
 * }))
 */
export const casesOf = (target: Target): ReadonlyArray<Case> =>
  cases.filter(({ needs }) => needs.every((ability) => target.lacks?.[ability] === undefined))

/**
 * What of all that some targets lack, in the order of `abilities`: the rows of a table of differences.
 *
 * @since 0.1.0
 * @category constructors
 */
export const differences = (
  targets: ReadonlyArray<Pick<Target, "name" | "lacks">>
): ReadonlyArray<{ readonly about: string; readonly target: string; readonly reason: string }> =>
  Object.entries(abilities).flatMap(([ability, about]) =>
    targets.flatMap(({ lacks, name }) => {
      const reason = lacks?.[ability as Ability]
      return reason === undefined ? [] : [{ about, target: name, reason }]
    })
  )
