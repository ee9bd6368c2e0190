/**
 * A plan of stand-ins for hosts in memory: `server` answers HTTP on its port, and does what its name says.
 */
import * as Effect from "effect/Effect"
import { ClusterPlan, portWord, type ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"

const serve: Handler = ({ argv, host, serveHttp, stderr, stdout }) =>
  Effect.zipRight(
    stdout(`${host} serves\n`),
    Effect.matchEffect(serveHttp({ port: Number(argv[2]) }, () => Effect.succeed({ body: "ok" })), {
      onFailure: (error) => Effect.as(stderr(`${error.detail}\n`), 98),
      onSuccess: () => Effect.never
    })
  )

export const server: Handler = (process) => {
  switch (process.argv[1]) {
    case "slow":
      return Effect.zipRight(Effect.sleep("20 seconds"), serve(process))
    case "never":
      return Effect.zipRight(process.stdout("waiting for godot\n"), Effect.never)
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
