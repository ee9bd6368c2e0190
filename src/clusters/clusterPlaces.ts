/**
 * The machines of a group as engines and launchers see them.
 *
 * @since 0.1.0
 */
import { reasons } from "../runtimes/GroupError.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import { ClusterError } from "./ClusterError.ts"
import type * as Launcher from "./Launcher.ts"

/** @internal */
export const placeOf = ({ facts, host }: Runtime): Launcher.Place => ({ alias: host.alias, facts })

/** @internal */
export const places = (manager: Runtime, hosts: ReadonlyArray<Runtime>) => ({
  manager: placeOf(manager),
  hosts: hosts.map(placeOf)
})

/**
 * Of a group that has no host, with what keeps its hosts out.
 *
 * @internal
 */
export const noHosts = (engine: string, manager: Runtime, group: RuntimeGroup): ClusterError =>
  new ClusterError({
    reason: "NoHosts",
    engine,
    host: manager.host.alias,
    step: "plan",
    detail: "the group has no host to run workers on",
    log: reasons(group.inactive),
    hint: "mend the inactive hosts, or name others"
  })
