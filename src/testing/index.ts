/**
 * What tests of programs on this package need. Written by `npm run codegen`.
 *
 * @since 0.1.0
 */

/**
 * Functions for hosts in memory: what a Python or JavaScript function does there, as an effect of this program.
 *
 * @since 0.1.0
 */
export * as InMemoryFunction from "./InMemoryFunction.ts"

/**
 * What a host in memory is made of, and what the programs on it may do: the script of a test.
 *
 * @since 0.1.0
 */
export * as InMemoryHost from "./InMemoryHost.ts"

/**
 * SSH hosts that exist only in memory: everything that runs on hosts runs on these, under the clock of a test, with faults
 * on demand and a record of all that happened.
 *
 * @since 0.1.0
 */
export * as InMemorySsh from "./InMemorySsh.ts"

/**
 * Real SSH servers inside this process, on loopback: hosts for tests, examples and trials, without root and without sshd.
 * Any SSH client reaches them, each host has a home directory of its own, and nothing of them stays.
 *
 * Commands run on this machine, as the user who runs this program. Only the key made for the run is let in, and the
 * users that are named; nothing listens elsewhere than on loopback. Who gets in can do what that user can do.
 *
 * @since 0.1.0
 */
export * as Sandbox from "./Sandbox.ts"

/**
 * The error of starting a Sandbox.
 *
 * @since 0.1.0
 */
export * as SandboxError from "./SandboxError.ts"

/**
 * Who may log in to the hosts of a Sandbox, and how.
 *
 * @since 0.1.0
 */
export * as SandboxUser from "./SandboxUser.ts"
