/**
 * A manager to be killed while programs run against its cluster, on itself and on a host: `dyingRun.ts CONFIG_FILE HOSTS
 * LEASE_SECONDS`. Each program says `running` and the numbers of its processes.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Cluster from "../../src/clusters/Cluster.ts"
import { addressWord, ClusterPlan, portWord } from "../../src/clusters/ClusterPlan.ts"
import * as ClusterRun from "../../src/clusters/ClusterRun.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"

const [configFile = "", hosts = "", lease = "4"] = process.argv.slice(2)
const [first = "", ...others] = hosts.split(",")

const plan = ClusterPlan.make({
  engine: "Pages",
  processes: [{
    id: "server",
    role: "master",
    place: first,
    argv: ["python3", "-m", "http.server", "--bind", "127.0.0.1", portWord("", "server", "http")],
    env: {},
    ports: [{ name: "http", from: 9001, to: 9099 }],
    ready: { _tag: "Http", port: "http", path: "/" },
    deadline: 30
  }],
  routes: [{ process: "server", port: "http", places: ["(manager)", ...others] }],
  environments: [],
  equal: [],
  variables: { PAGES: addressWord("http://", "server", "http") }
})

/** With a child, and one that has gone its own way. */
const careless = ClusterRun.command(
  "sh",
  "-c",
  "sleep 1000 & a=$!; setsid sleep 1001 & echo $$ $a $!; wait"
)

Effect.gen(function*() {
  const options = { lease: Duration.seconds(Number(lease)) }
  const group = yield* RuntimeGroup.make([first, ...others], options)
  const manager = yield* Runtime.manager(options)
  const cluster = yield* Cluster.start(plan, { manager, group })
  yield* Effect.forEach(["(manager)", ...others], (host) =>
    Cluster.run(cluster, careless, {
      host,
      onLine: (from, line) => Console.log(`${from === "stdout" ? "running" : "stderr"} ${host} ${line}`)
    }), { concurrency: "unbounded" })
}).pipe(
  Effect.scoped,
  Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
