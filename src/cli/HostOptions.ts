/**
 * The options of every command that takes hosts: which, how they are found, what they must have.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Lazycluster from "../Lazycluster.ts"
import type { GroupError } from "../runtimes/GroupError.ts"
import type { HostRequirement } from "../runtimes/HostFilter.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import * as RuntimeGroup from "../runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../runtimes/RuntimeManager.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfig } from "../services/SshConfig.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as Sandbox from "../testing/Sandbox.ts"
import type { SandboxError } from "../testing/SandboxError.ts"
import { UsageError } from "./Invocation.ts"
import * as OptionValue from "./OptionValue.ts"
import { Reach } from "./Reach.ts"

/**
 * Which hosts, as the command line says it.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostOptions {
  readonly hosts: ReadonlyArray<string> | undefined
  readonly sandbox: number | undefined
  /** The ssh config; `~/.ssh/config` unless given. */
  readonly config: string | undefined
  readonly acceptNew: boolean
}

/**
 * Which hosts.
 *
 * @since 0.1.0
 * @category options
 */
export const options: Options.Options<HostOptions> = Options.all({
  hosts: OptionValue.orUndefined(
    OptionValue.names("hosts").pipe(Options.withDescription("Aliases of the ssh config, or user@host:port"))
  ),
  sandbox: OptionValue.orUndefined(
    OptionValue.above("sandbox", 1).pipe(
      Options.withPseudoName("N"),
      Options.withDescription("N hosts inside this process instead: real SSH servers, gone when the command ends")
    )
  ),
  config: OptionValue.sshConfig("The ssh config to read instead of ~/.ssh/config"),
  acceptNew: Options.boolean("accept-new").pipe(
    Options.withDescription(
      "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused"
    )
  )
}).pipe(
  Options.filterMap(
    Option.liftPredicate(({ hosts, sandbox }) => hosts === undefined || sandbox === undefined),
    "--hosts and --sandbox exclude each other"
  )
)

/**
 * Hosts that a command works on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hosts {
  /** As named, or those of the sandbox. Without names: `undefined`, and all of the ssh config are meant. */
  readonly names: ReadonlyArray<string> | undefined
  /** How many TCP connections a host has seen. */
  readonly connections: (runtime: Runtime) => Effect.Effect<number, SshError>
}

const sandboxed = (count: number) =>
  Effect.map(Sandbox.make({ hosts: count }), ({ configFile, hosts }) => ({
    options: { sshConfig: { file: configFile } },
    hosts: {
      names: hosts.map(({ alias }) => alias),
      // Counted by the servers: all that there ever were.
      connections: (runtime: Runtime) =>
        hosts.find(({ alias }) => alias === runtime.host.alias)?.connections ?? Effect.succeed(0)
    }
  }))

const real = (chosen: HostOptions): { readonly options: Lazycluster.Options; readonly hosts: Hosts } => ({
  options: {
    sshConfig: { file: chosen.config },
    ssh: { hostKeys: chosen.acceptNew ? "accept-new" : "refuse" }
  },
  hosts: {
    names: chosen.hosts,
    connections: (runtime) => Effect.flatMap(runtime.connection, ({ transports }) => transports)
  }
})

/**
 * Works on the hosts that were chosen, with all services; `more` is what else they are told. A sandbox ends with the work.
 *
 * @since 0.1.0
 * @category execution
 */
export const use = <A, E, R>(
  chosen: HostOptions,
  work: (hosts: Hosts) => Effect.Effect<A, E, R>,
  more: Pick<Lazycluster.Options, "executionLog"> = {}
): Effect.Effect<A, E | SandboxError, Exclude<Exclude<R, Lazycluster.Lazycluster>, Scope.Scope>> =>
  Effect.scoped(Effect.gen(function*() {
    const reach = yield* Reach
    const { hosts, options } = chosen.sandbox === undefined ? real(chosen) : yield* sandboxed(chosen.sandbox)
    // Runtimes end before the connections that they end over.
    return yield* work(hosts).pipe(Effect.scoped, Effect.provide(reach({ ...options, ...more })))
  }))

/**
 * What hosts must have: `--gpu`, `--min-memory 8GB`, `--min-cpus 4`, `--has nvcc`.
 *
 * @since 0.1.0
 * @category options
 */
export const filters: Options.Options<HostRequirement> = Options.all({
  gpuRequired: Options.boolean("gpu").pipe(Options.withDescription("Only hosts with a GPU")),
  minMemory: OptionValue.bytes("min-memory", "Only hosts with so much memory: 8GB"),
  minCpuCores: OptionValue.count("min-cpus", "Only hosts with so many cores"),
  installedExecutables: Options.repeated(
    Options.text("has").pipe(
      Options.withPseudoName("program"),
      Options.withDescription("Only hosts that have this program; may come more than once")
    )
  )
})

/**
 * The group of the hosts: those that were named, each of which must do; else those of the ssh config that can be reached and
 * have what is wanted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const group = (
  hosts: Hosts,
  options: Omit<RuntimeGroup.Options, "filter"> & { readonly filter?: HostRequirement | undefined } = {}
): Effect.Effect<
  RuntimeGroup.RuntimeGroup,
  SshError | SshConfigError | RuntimeError | GroupError,
  Ssh | SshConfig | Scope.Scope
> => {
  const { filter, ...rest } = options
  return hosts.names === undefined
    ? RuntimeManager.createGroup({ ...rest, ...filter })
    : RuntimeGroup.make(hosts.names, { ...rest, filter })
}

/**
 * Hosts as arguments of a command, in place of `--hosts`. Fails with `UsageError` where they are named in both ways.
 *
 * @since 0.1.0
 * @category combinators
 */
export const named = (
  command: string,
  chosen: HostOptions,
  names: ReadonlyArray<string>
): Effect.Effect<HostOptions, UsageError> =>
  names.length === 0
    ? Effect.succeed(chosen)
    : chosen.hosts !== undefined || chosen.sandbox !== undefined
    ? new UsageError({
      detail: `hosts are named twice: ${names.join(" ")}, and by ${
        chosen.sandbox === undefined ? "--hosts" : "--sandbox"
      }`,
      hint: `lazycluster ${command} host-1 host-2`
    })
    : Effect.succeed({ ...chosen, hosts: [...new Set(names)] })

/**
 * `--jobs N`, `-j N`: how many at a time.
 *
 * @since 0.1.0
 * @category options
 */
export const jobs = (description: string): Options.Options<number | undefined> =>
  Options.integer("jobs").pipe(
    Options.withAlias("j"),
    Options.filterMap(Option.liftPredicate((count) => count > 0), "--jobs wants a number above 0"),
    Options.withPseudoName("N"),
    Options.withDescription(description),
    OptionValue.orUndefined
  )
