/**
 * A manager to be killed: brings a Dask cluster up on the hosts named, runs the example on it, says which phase it is in, and
 * stays until its input ends. `dyingManager.ts CONFIG_FILE HOSTS LEASE_SECONDS`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as DaskCluster from "../../src/clusters/DaskCluster.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"

const [configFile = "", hosts = "", lease = "4"] = process.argv.slice(2)

const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Number },
  returns: Schema.Number
})
const total = PythonFunction.make({
  source: "def total(xs): return sum(xs)",
  args: { xs: Schema.Array(Schema.Number) },
  returns: Schema.Number
})

const phase = (name: string) => Console.log(`phase ${name}`)

const example = (dask: DaskCluster.DaskCluster) =>
  Effect.gen(function*() {
    const squares = yield* dask.client.map(square, Array.from({ length: 10 }, (_, x) => ({ x })))
    const sum = yield* dask.client.submit(total, { xs: squares })
    yield* Console.log(`result ${yield* dask.client.result(sum)}`)
  })

const asked = NodeStream.fromReadable(() => process.stdin, String).pipe(Stream.decodeText(), Stream.splitLines)

const life = Effect.gen(function*() {
  yield* phase("connect")
  const options = { lease: Duration.seconds(Number(lease)) }
  const group = yield* RuntimeGroup.make(hosts.split(","), options)
  yield* phase("start")
  const dask = yield* DaskCluster.make(group, { manager: options })
  yield* Console.log(`pids ${dask.cluster.processes.map(({ service }) => service.pid).join(",")}`)
  yield* phase("run")
  yield* example(dask)
  yield* phase("idle")
  // Each line of input asks for one more round; its end is the end.
  yield* Stream.runForEach(asked, () => example(dask))
  yield* phase("close")
})

Cleanup.collect(life).pipe(
  Effect.tap(({ reports }) => Console.log(`reports ${JSON.stringify(reports)}`)),
  Effect.flatMap(({ exit }) => exit),
  Effect.tapErrorCause((cause) => Console.log(`failed ${String(cause).split("\n")[0]}`)),
  Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
