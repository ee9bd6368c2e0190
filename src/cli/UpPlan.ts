/**
 * What a command that starts a cluster would run where.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ClusterPlan from "../clusters/ClusterPlan.ts"
import type { GroupError } from "../runtimes/GroupError.ts"
import type { HostRequirement } from "../runtimes/HostFilter.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfig } from "../services/SshConfig.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as HostOptions from "./HostOptions.ts"
import * as View from "./View.ts"

/**
 * Shows a plan for these hosts. Their facts decide about it: they are connected to, and left as they were.
 *
 * @since 0.1.0
 * @category execution
 */
export const show = (
  hosts: HostOptions.Hosts,
  options: Pick<Runtime.Options, "lease"> & { readonly filter?: HostRequirement | undefined },
  plan: (manager: Runtime.Runtime, group: RuntimeGroup) => ClusterPlan.ClusterPlan
): Effect.Effect<void, GroupError | RuntimeError | SshConfigError | SshError, Ssh | SshConfig | View.View> =>
  Effect.gen(function*() {
    const { filter, lease } = options
    const [manager, group] = yield* Effect.all([
      Runtime.manager({ lease }),
      HostOptions.group(hosts, { lease, filter })
    ], { concurrency: 2 })
    const made = plan(manager, group)
    const json = yield* Effect.orDie(Schema.encode(ClusterPlan.ClusterPlan)(made))
    yield* View.data(json, () => ClusterPlan.render(made))
  }).pipe(Effect.scoped)
