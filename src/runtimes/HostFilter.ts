/**
 * What a host must have, as plain data.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "../services/HostFacts.ts"

/**
 * All that is given must hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostFilter {
  readonly gpuRequired?: boolean | undefined
  /** Bytes. */
  readonly minMemory?: number | undefined
  readonly minCpuCores?: number | undefined
  readonly installedExecutables?: ReadonlyArray<string> | undefined
}

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`

/**
 * What a host lacks, as phrases; empty when it passes.
 *
 * @since 0.1.0
 * @category guards
 */
export const lacks = (facts: HostFacts, filter: HostFilter): ReadonlyArray<string> => [
  ...(filter.gpuRequired === true && facts.gpus.length === 0 ? ["it has no GPU"] : []),
  ...(filter.minMemory !== undefined && facts.memory < filter.minMemory
    ? [`it has ${gibibytes(facts.memory)} of memory, ${gibibytes(filter.minMemory)} wanted`]
    : []),
  ...(filter.minCpuCores !== undefined && facts.cpus < filter.minCpuCores
    ? [`it has ${facts.cpus} CPU cores, ${filter.minCpuCores} wanted`]
    : []),
  ...(filter.installedExecutables ?? []).filter((name) => facts.executables[name] === undefined).map((name) =>
    `${name} is not in its PATH`
  )
]
