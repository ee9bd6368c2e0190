/**
 * A manager to be killed: brings a Dask cluster up on the hosts named, runs the example on it, says which phase it is in, and
 * stays until its input ends. `dyingManager.ts CONFIG_FILE HOSTS LEASE_SECONDS [openssh]`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as example from "../../bench/daskExample.ts"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"

const [configFile = "", hosts = "", lease = "4", transport] = process.argv.slice(2)

const phase = (name: string) => Console.log(`phase ${name}`)

const round = (dask: DaskCluster.DaskCluster) =>
  Effect.flatMap(example.run(dask.client), (result) => Console.log(`result ${result}`))

const asked = NodeStream.fromReadable(() => process.stdin, String).pipe(Stream.decodeText(), Stream.splitLines)

const life = Effect.gen(function*() {
  yield* phase("connect")
  const options = { lease: Duration.seconds(Number(lease)) }
  const group = yield* RuntimeGroup.make(hosts.split(","), options)
  yield* phase("start")
  const dask = yield* DaskCluster.make(group, { manager: options })
  yield* Console.log(`pids ${(yield* dask.cluster.processes).map(({ service }) => service.pid).join(",")}`)
  yield* phase("run")
  yield* round(dask)
  yield* phase("idle")
  // Each line of input asks for one more round; its end is the end.
  yield* Stream.runForEach(asked, () => round(dask))
  yield* phase("close")
})

Cleanup.collect(life).pipe(
  Effect.tap(({ reports }) => Console.log(`reports ${JSON.stringify(reports)}`)),
  Effect.flatMap(({ exit }) => exit),
  Effect.tapErrorCause((cause) => Console.log(`failed ${String(cause).split("\n")[0]}`)),
  Effect.provide(Lazycluster.layerOf({
    sshConfig: { file: configFile },
    ssh: { transport: transport === "openssh" ? transport : "auto" }
  })),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
