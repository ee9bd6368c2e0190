/** One life of a Dask cluster: the same program for Sandbox and fleet. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Os from "node:os"
import * as process from "node:process"
import * as processes from "../../bench/processes.ts"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"

/** Where a ledger is as long as a runtime is. */
const states = `${process.env["XDG_STATE_HOME"] ?? `${Os.homedir()}/.local/state`}/lazycluster`

/** What is left on the manager of a runtime of its own: its directories, and processes that carry its name. */
export const leftOnManager = Effect.fnUntraced(function*(runtime: { readonly id: string; readonly directory: string }) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Effect.filter([`${states}/${runtime.id}`, runtime.directory], (path) => fs.exists(path))
  const running = yield* processes.of({ process: -1, lease: runtime.id })
  return [...paths, ...running.map(({ command }) => command)]
})

/** Runs `use` while the cluster stands; gives what it gave, the cleanup reports and the manager's runtime. */
export const live = <A, E, R>(
  place: { readonly configFile: string; readonly hosts: ReadonlyArray<string> },
  use: (dask: DaskCluster.DaskCluster) => Effect.Effect<A, E, R | Scope.Scope>,
  options: DaskCluster.Options = {}
) =>
  Effect.gen(function*() {
    const { exit, reports } = yield* Cleanup.collect(
      Effect.gen(function*() {
        const group = yield* RuntimeGroup.make(place.hosts)
        const dask = yield* DaskCluster.make(group, options)
        const { id, workingDirectory } = dask.cluster.manager
        return { value: yield* use(dask), manager: { id, directory: workingDirectory } }
      })
    )
    return { ...(yield* exit), reports }
  }).pipe(Effect.provide(Lazycluster.layerOf({ sshConfig: { file: place.configFile } })))
