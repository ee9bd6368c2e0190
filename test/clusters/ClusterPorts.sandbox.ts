import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Cluster from "../../src/clusters/Cluster.ts"
import { ClusterPlan, type ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"

const server = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(1000)"

/**
 * On its first port a stranger is quicker: a process without our marker, in a session of its own. It knows the Sandbox's HOME,
 * by which it is ended with the Sandbox.
 */
const robbed = `if [ "$2" = 62000 ]; then
  env -i HOME="$HOME" PATH="$PATH" setsid python3 -c "$1" "$2" </dev/null >/dev/null 2>&1 &
  exec sleep 1000
fi
exec python3 -c "$1" "$2"`

/** Somebody had it for a moment: who found it taken ends, as most do, or goes on on another port, as Dask does with its pages. */
const refused = {
  ends: `[ "$2" != 62000 ] || { echo "OSError: [Errno 98] Address already in use" >&2; exit 1; }
exec python3 -c "$1" "$2"`,
  "goes on": `[ "$2" != 62000 ] || { echo "Port 62000 is already in use." >&2; exec sleep 1000; }
exec python3 -c "$1" "$2"`
}

const worker = (script: string): ProcessPlan => ({
  id: "worker",
  role: "worker",
  place: "host-1",
  argv: ["sh", "-c", script, "worker", server, [{ _tag: "Port", process: "worker", name: "comm" }]],
  env: {},
  ports: [{ name: "comm", from: 62000, to: 62009 }],
  ready: { _tag: "Tcp", port: "comm" },
  deadline: 30
})

/** The port that a process has in the end, and whose the next ones are. */
const started = (script: string) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    return yield* Effect.gen(function*() {
      const manager = yield* Runtime.manager()
      const group = yield* RuntimeGroup.make(["host-1"])
      const [host] = group.runtimes
      const cluster = yield* Cluster.start(
        ClusterPlan.make({ engine: "Test", processes: [worker(script)], routes: [], environments: [], equal: [] }),
        { manager, group }
      )
      const [process] = yield* cluster.processes
      const pid = process?.service.pid ?? 0
      return {
        port: process?.ports["comm"],
        listeners: host === undefined ? [] : yield* Effect.forEach([62001, 62002], (at) => host.listener(at, pid))
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile } }))
    )
  })

describe("a port that somebody else was quicker to take: the process gets another one", () => {
  it.scopedLive("when a stranger answers its probe", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* started(robbed), { port: 62001, listeners: ["ours", "nobody"] })
    }))

  for (const [what, script] of Object.entries(refused)) {
    it.scopedLive(`when the process says so and ${what}, and nobody is there any more`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* started(script), { port: 62001, listeners: ["ours", "nobody"] })
      }))
  }
})
