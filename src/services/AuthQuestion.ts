/**
 * What a host asks of the one who logs in: passwords, passphrases, codes that are valid once.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Host } from "./Host.ts"

/**
 * One thing to be answered. `echo` tells whether what is typed may be seen.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prompt {
  readonly text: string
  readonly echo: boolean
}

/**
 * A question on the way to a host, with all that is asked at the same time. What it holds of the server's words is free of
 * control characters.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthQuestion {
  readonly host: Host
  /** Who logs in. */
  readonly user: string
  /** A passphrase is for a key of this machine, the others are for the host. */
  readonly kind: "password" | "passphrase" | "keyboard-interactive"
  /** What the server says beside the prompts; empty mostly. */
  readonly instruction: string
  readonly prompts: ReadonlyArray<Prompt>
  /** How often this was asked for this connection, 1 for the first time. */
  readonly attempt: number
}

/**
 * Answers a question: as many answers as there are prompts, or none to give up. One question is asked at a time.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { Effect, Option, Redacted } from "effect"
 * import { type AuthQuestion, Ssh } from "lazycluster"
 *
 * // A code from a program of your own, for every prompt that asks for one.
 * const withCodes = (code: Effect.Effect<string>) =>
 *   Ssh.layer({
 *     ask: ({ kind, prompts }: AuthQuestion.AuthQuestion) =>
 *       kind === "keyboard-interactive" && prompts.every(({ text }) => text.includes("code"))
 *         ? Effect.asSome(Effect.forEach(prompts, () => Effect.map(code, Redacted.make)))
 *         : Effect.succeed(Option.none())
 *   })
 */
export type Ask = (question: AuthQuestion) => Effect.Effect<Option.Option<ReadonlyArray<Redacted.Redacted<string>>>>
