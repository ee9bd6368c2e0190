/** A release on many hosts: on all of them, or on none. */
import { Effect } from "effect"
import { Runtime, RuntimeGroup } from "lazycluster"
import { activate } from "./activate.ts"
import type { Release } from "./Release.ts"

/**
 * Brings the files everywhere first: as long as that can fail, nothing has changed for anybody. Then every host changes over, and
 * if one of them does not work with the new release, all go back.
 */
export const deploy = (release: Release, hosts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const group = yield* RuntimeGroup.make(hosts, { workingDirectory: release.home })
    yield* RuntimeGroup.sendFile(group, release.folder, release.directory)
    yield* Effect.scoped(
      Effect.forEach(
        group.runtimes,
        (runtime) => Effect.provide(activate(runtime.host.alias, release), Runtime.platform(runtime)),
        { concurrency: group.concurrency, discard: true }
      )
    )
    return group.runtimes.map(({ host }) => host.alias)
  }).pipe(Effect.scoped)
