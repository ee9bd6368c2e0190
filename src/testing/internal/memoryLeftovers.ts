/**
 * What a host in memory still has that this package brought there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { MemoryHost } from "./memoryHost.ts"

/** @internal */
export const of = (host: MemoryHost): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(host.tree.paths, (paths) => {
    const carried = [...host.processes.values()].filter(({ argv, env }) =>
      env["LAZYCLUSTER_LEASE"] !== undefined || argv[0]?.startsWith("lazycluster-") === true
    )
    // Of a whole tree only its top.
    const brought = paths.filter((path) =>
      path.startsWith(`${host.state}/`) || path.startsWith(`${host.temporary}/lazycluster-`)
    )
    const tops = brought.filter((path) => !brought.some((other) => path.startsWith(`${other}/`)))
    const held = [...host.network.bound].filter((bound) =>
      bound.host === host.alias && bound.owner !== "another program"
    )
    return [
      ...carried.map(({ argv, pid }) => `${host.alias}: process ${pid} ${argv.join(" ")}`),
      ...tops.map((path) => `${host.alias}: ${path}`),
      ...held.map(({ owner, path, port }) => `${host.alias}: ${path ?? `port ${port}`} held by ${owner}`)
    ]
  })
