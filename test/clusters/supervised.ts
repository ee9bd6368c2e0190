/** Clusters of stand-ins on hosts in memory, with all that is told of them. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Blueprint from "../../src/clusters/Blueprint.ts"
import * as Cluster from "../../src/clusters/Cluster.ts"
import type { ClusterEvent } from "../../src/clusters/ClusterEvent.ts"
import { placeOf } from "../../src/clusters/clusterPlaces.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import type { Handler, HostOptions } from "../../src/testing/InMemoryHost.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"
import { server } from "./memoryCluster.ts"

/** Hosts whose programs are the stand-ins, in time that passes by itself; nothing may stay on them. */
export const on = (
  hosts: ReadonlyArray<string | HostOptions>,
  options: { readonly server?: Handler; readonly patience?: Duration.DurationInput } = {}
) =>
<A, E, R>(test: Effect.Effect<A, E, R>) =>
  test.pipe(
    InMemorySsh.check(hosts, { commands: { server: options.server ?? server }, patience: options.patience }),
    VirtualTime.run()
  )

/** A cluster of a blueprint on hosts, and its events so far. */
export const cluster = (names: ReadonlyArray<string>, made: Blueprint.Blueprint, options: Cluster.Options = {}) =>
  Effect.gen(function*() {
    const manager = yield* Runtime.manager()
    const group = yield* RuntimeGroup.make(names)
    const plan = Blueprint.plan(made, { manager: placeOf(manager), hosts: group.runtimes.map(placeOf) })
    const cluster = yield* Cluster.start(plan, { manager, group }, { blueprint: made, ...options })
    const seen = yield* Ref.make<ReadonlyArray<ClusterEvent>>([])
    yield* Effect.forkScoped(Stream.runForEach(cluster.events, (event) => Ref.update(seen, (all) => [...all, event])))
    // The stream listens.
    yield* Effect.sleep(1)
    return { cluster, group, events: Ref.get(seen) }
  })

/** `w1 on a: ready` of each process. */
export const states = ({ status }: Cluster.Cluster) =>
  Effect.map(status, ({ processes }) => processes.map(({ host, process, state }) => `${process} on ${host}: ${state}`))

/** The tags of what happened to a process. */
export const told = (events: ReadonlyArray<ClusterEvent>, process: string) =>
  events.flatMap((event) => "process" in event && event.process === process ? [`${event._tag} ${event.host}`] : [])

/** Whether every place reaches every port. */
export const reached = (cluster: Cluster.Cluster) =>
  Effect.gen(function*() {
    const running = yield* cluster.processes
    const all = [cluster.manager, ...(yield* cluster.group).runtimes]
    const { routes } = yield* cluster.plan
    return yield* Effect.filter(
      all.flatMap((runtime) =>
        running.filter(({ plan }) =>
          routes.some(({ places, process }) => process === plan.id && places.includes(runtime.host.alias))
        ).map(({ plan, ports }) => ({ from: runtime, to: plan.id, port: ports["http"] ?? 0 }))
      ),
      ({ from, port }) =>
        Effect.isFailure(Effect.scoped(Effect.flatMap(from.connection, (connection) => connection.dial({ port }))))
    ).pipe(Effect.map((bad) => bad.map(({ from, to }) => `${from.host.alias} does not reach ${to}`)))
  })
