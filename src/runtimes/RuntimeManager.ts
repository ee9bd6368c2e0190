/**
 * Finds hosts in the user's ssh config.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import { SshConfig } from "../services/SshConfig.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import { GroupError } from "./GroupError.ts"
import type { HostRequirement } from "./HostFilter.ts"
import * as RuntimeGroup from "./RuntimeGroup.ts"

/**
 * Which hosts of the ssh config to take, and what they must have.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<RuntimeGroup.Options, "filter">, HostRequirement {
  /** Only these aliases. */
  readonly includeHosts?: ReadonlyArray<string> | undefined
  /** Not these. */
  readonly excludeHosts?: ReadonlyArray<string> | undefined
}

/**
 * Takes the hosts of the ssh config into use, all in parallel. Those that cannot be used, or lack something, are kept as
 * `inactive` with the reason; so are further names of a machine, which is taken once, by the first that the config has for
 * it. The policy is `bestEffort` unless another is given. Fails with `GroupError` `NoHosts` when no host is left.
 *
 * @since 0.1.0
 * @category constructors
 */
export const createGroup = Effect.fn("RuntimeManager.createGroup")(function*(
  options: Options = {}
): Effect.fn.Return<
  RuntimeGroup.RuntimeGroup,
  SshError | SshConfigError | RuntimeError | GroupError,
  Ssh | SshConfig | Scope.Scope
> {
  const config = yield* SshConfig
  const { excludeHosts = [], includeHosts, ...rest } = options
  const { filterCommands, gpuRequired, installedExecutables, minCpuCores, minMemory, where, ...others } = rest
  const known = includeHosts ?? (yield* config.aliases)
  const hosts = known.filter((host) => !excludeHosts.includes(host))
  const group = yield* RuntimeGroup.makeOnce(hosts, {
    policy: "bestEffort",
    ...others,
    filter: { filterCommands, gpuRequired, installedExecutables, minCpuCores, minMemory, where }
  })
  if (group.runtimes.length > 0) return group
  return yield* new GroupError({
    reason: "NoHosts",
    step: "RuntimeManager.createGroup",
    detail: `0 of ${hosts.length} hosts, 1 wanted`,
    wanted: 1,
    failed: [...group.inactive],
    hint: hosts.length > 0
      ? "no host passes: mend what is listed, or ask for less"
      : known.length > 0
      ? `excludeHosts leaves none of ${known.join(", ")}`
      : includeHosts === undefined
      ? "the ssh config names no host: add one with `Host NAME` and its HostName"
      : "includeHosts is empty: name hosts in it, or leave it out to take those of the ssh config"
  })
})
