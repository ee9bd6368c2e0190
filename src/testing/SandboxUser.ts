/**
 * Who may log in to the hosts of a Sandbox, and how.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"

/**
 * A prompt of keyboard-interactive and the one right answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface SandboxPrompt {
  readonly text: string
  readonly answer: Redacted.Redacted<string>
  /** Default `false`. */
  readonly echo?: boolean | undefined
}

/**
 * What is asked at one time.
 *
 * @since 0.1.0
 * @category models
 */
export interface SandboxRound {
  readonly prompts: ReadonlyArray<SandboxPrompt>
  readonly title?: string | undefined
  readonly instruction?: string | undefined
}

/**
 * A name to log in with. On this machine all of them are the user who runs this program.
 *
 * @since 0.1.0
 * @category models
 */
export interface SandboxUser {
  readonly name: string
  /** For the method `password`. */
  readonly password?: Redacted.Redacted<string> | undefined
  /** For the method `keyboard-interactive`. */
  readonly rounds?: ReadonlyArray<SandboxRound> | undefined
  /** As in authorized_keys, beside the key made for the run, which a user with `runKey: false` does not have. */
  readonly publicKeys?: ReadonlyArray<string> | undefined
  readonly runKey?: boolean | undefined
  /** As sshd's `AuthenticationMethods`: `["publickey,password", "keyboard-interactive"]`. Default: each method that is there. */
  readonly methods?: ReadonlyArray<string> | undefined
}
