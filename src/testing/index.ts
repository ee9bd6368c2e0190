/**
 * What tests of programs on this package need. Written by `npm run codegen`.
 *
 * @since 0.1.0
 */

/**
 * The error of a transport that does not do what the others do.
 *
 * @since 0.1.0
 */
export * as ConformanceError from "./ConformanceError.ts"

/**
 * Dask for hosts in memory: scheduler, workers and driver as a cluster starts them, and the functions of a test in the place of
 * Python's.
 *
 * @since 0.1.0
 */
export * as InMemoryDask from "./InMemoryDask.ts"

/**
 * What goes wrong with hosts in memory, as data: written down as a script, or drawn from a seed, and run under the clock of
 * the test.
 *
 * @since 0.1.0
 */
export * as InMemoryFaults from "./InMemoryFaults.ts"

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
 * Hyperopt for hosts in memory: clusters as they start, and searches whose objectives are functions of the test.
 *
 * @since 0.1.0
 */
export * as InMemoryHyperopt from "./InMemoryHyperopt.ts"

/**
 * MongoDB's server for hosts in memory: it listens, locks its directory, and recovers after it was killed.
 *
 * @since 0.1.0
 */
export * as InMemoryMongo from "./InMemoryMongo.ts"

/**
 * SSH hosts that exist only in memory: everything that runs on hosts runs on these, under the clock of a test, with faults
 * on demand and a record of all that happened.
 *
 * @since 0.1.0
 */
export * as InMemorySsh from "./InMemorySsh.ts"

/**
 * Workers for hosts in memory: what a worker serves there, by a layer of handlers in this program.
 *
 * @since 0.1.0
 */
export * as InMemoryWorker from "./InMemoryWorker.ts"

/**
 * The error of a test that leaves something on hosts in memory.
 *
 * @since 0.1.0
 */
export * as LeftBehindError from "./LeftBehindError.ts"

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

/**
 * What every transport must do: one suite of cases for the Ssh service, as data. Any test runner runs them, and any transport can be
 * held to them.
 *
 * @since 0.1.0
 */
export * as SshConformance from "./SshConformance.ts"

/**
 * Time that passes by itself: as soon as every fiber waits, the clock goes to the next moment that one of them waits for. A test
 * says `Effect.sleep("1 minute")` and is there at once; nobody has to adjust a clock beside it. Under one seed, a program
 * on hosts in memory runs the same way each time.
 *
 * @since 0.1.0
 */
export * as VirtualTime from "./VirtualTime.ts"
