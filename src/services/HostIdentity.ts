/**
 * Who answers at the far end of a connection, to tell whether two names are one machine.
 *
 * @since 0.1.0
 */

/**
 * What let the user in, by the name of a key or a method, what the server refused before, and what was not offered and why.
 *
 * @since 0.1.0
 * @category models
 */
export interface Login {
  readonly by: string
  readonly refused: ReadonlyArray<string>
  readonly leftOut: ReadonlyArray<string>
}

/**
 * What a connection knows of the machine that it reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostIdentity {
  /** The fingerprint of the key that the host proved to hold, `SHA256:…`; absent for the manager. */
  readonly hostKey?: string | undefined
  /** The address that was connected to; as asked for, where a jump host or a proxy command connected. */
  readonly address: string
  readonly port: number
  /** Who is logged in. */
  readonly user: string
  /** The jump hosts or the proxy command between, nothing for a direct connection. */
  readonly through?: string | undefined
  /** What the server calls itself: `OpenSSH_9.2p1 Debian-2`; absent where nobody tells. It does not tell machines apart. */
  readonly server?: string | undefined
  /** How the user was let in; absent where nobody tells. */
  readonly login?: Login | undefined
}

/**
 * Whether two names have reached one account of one machine. A key alone does not tell, cloned machines share theirs; nor
 * does an address, which behind another way may be another machine.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { HostIdentity } from "lazycluster"
 *
 * const gpu = { hostKey: "SHA256:k6r0", address: "10.0.0.7", port: 22, user: "ada" }
 * HostIdentity.sameMachine(gpu, { ...gpu, port: 2222 }) // false: another sshd, another container perhaps
 */
export const sameMachine = (a: HostIdentity, b: HostIdentity): boolean =>
  a.hostKey === b.hostKey && a.address === b.address && a.port === b.port && a.user === b.user &&
  a.through === b.through
