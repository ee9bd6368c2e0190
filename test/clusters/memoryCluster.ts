/**
 * A plan of stand-ins for hosts in memory: `server` answers HTTP on its port, and does what its name says.
 */
import * as Effect from "effect/Effect"
import type { Blueprint } from "../../src/clusters/Blueprint.ts"
import { ClusterPlan, portWord, type ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import * as Launcher from "../../src/clusters/Launcher.ts"
import type { Handler, Process } from "../../src/testing/InMemoryHost.ts"

const serve: Handler = ({ argv, host, serveHttp, stderr, stdout }) =>
  Effect.zipRight(
    stdout(`${host} serves\n`),
    Effect.matchEffect(serveHttp({ port: Number(argv[2]) }, () => Effect.succeed({ body: "ok" })), {
      onFailure: (error) => Effect.as(stderr(`${error.detail}\n`), 98),
      onSuccess: () => Effect.never
    })
  )

/** Well, until somebody makes the host's file of that name. */
const sick = ({ files }: Process) =>
  Effect.map(
    Effect.orDie(files.stat("/tmp/sick")),
    (found) => found._tag === "None" ? { body: "ok" } : { status: 503, body: "no" }
  )

export const server: Handler = (process) => {
  switch (process.argv[1]) {
    case "slow":
      return Effect.zipRight(Effect.sleep("20 seconds"), serve(process))
    case "never":
      return Effect.zipRight(process.stdout("waiting for godot\n"), Effect.never)
    case "sick":
      return Effect.flatMap(
        process.serveHttp({ port: Number(process.argv[2]) }, () => sick(process)).pipe(Effect.orDie),
        () => Effect.never
      )
    case "broken":
      return Effect.as(process.stderr("Traceback\nImportError: no module named dask\n"), 3)
    default:
      return serve(process)
  }
}

export const process = (
  id: string,
  role: "master" | "worker",
  place: string,
  change: { readonly kind?: string; readonly preferred?: number; readonly to?: number } = {}
): ProcessPlan => ({
  id,
  role,
  place,
  argv: ["server", change.kind ?? "good", portWord("", id, "http"), portWord("tcp://127.0.0.1:", "master", "http")],
  env: { ADDRESS: portWord("127.0.0.1:", id, "http") },
  ports: [{ name: "http", preferred: change.preferred ?? 8786, from: 9001, to: change.to ?? 9099 }],
  ready: { _tag: "Http", port: "http", path: "/health", contains: "ok" },
  deadline: 30
})

export const plan = (processes: ReadonlyArray<ProcessPlan>, hosts: ReadonlyArray<string>) =>
  ClusterPlan.make({
    engine: "Test",
    processes,
    routes: processes.map(({ id, place, role }) => ({
      process: id,
      port: "http",
      places: role === "master" ? hosts : ["(manager)", ...hosts.filter((host) => host !== place)]
    })),
    environments: [],
    equal: []
  })

/** An engine of stand-ins: a master, and workers that all reach one another. */
export const blueprint = (options: {
  readonly workers?: number | undefined
  readonly launcher?: Launcher.Launcher | undefined
  readonly kind?: string | undefined
} = {}): Blueprint => ({
  launcher: options.launcher ?? Launcher.roundRobin,
  workers: options.workers,
  plan: ({ manager, master, workers }) => {
    const processes = [
      process("master", "master", master),
      ...workers.map(({ id, seat }) => ({
        ...process(id, "worker", seat.place, options.kind === undefined ? {} : { kind: options.kind }),
        resources: { ...seat, gpus: [...seat.gpus] }
      }))
    ]
    const places = [...new Set([manager.alias, ...processes.map(({ place }) => place)])]
    return ClusterPlan.make({
      engine: "Test",
      processes,
      routes: processes.map(({ id, place }) => ({
        process: id,
        port: "http",
        places: places.filter((other) => other !== place)
      })),
      environments: [],
      equal: []
    })
  }
})
