import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Cluster from "../../src/clusters/Cluster.ts"
import * as ClusterPorts from "../../src/clusters/ClusterPorts.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { plan, process, server } from "./memoryCluster.ts"

const world = layer(["a", "b", { alias: "here", sharesManagerNetwork: true }])

const choice = { name: "http", preferred: 8000, from: 9001, to: 9003 }

const runtimes = Effect.all({
  manager: Runtime.manager(),
  a: Runtime.make("a"),
  b: Runtime.make("b"),
  here: Runtime.make("here")
})

const allocate = (
  at: Runtime.Runtime,
  reachedFrom: ReadonlyArray<Runtime.Runtime>,
  taken: Ref.Ref<ReadonlySet<number>>
) =>
  Effect.map(
    ClusterPorts.allocate({ engine: "Test", process: "w1", choice, at, reachedFrom, taken }),
    ({ number }) => number
  )

const none = Ref.make<ReadonlySet<number>>(new Set())

/** The hosts where something of ours listens on a port. */
const listening = (port: number) =>
  Effect.map(
    Effect.flatMap(InMemorySsh, (hosts) => hosts.leftovers),
    (all) => all.filter((left) => left.includes(`port ${port} `)).map((left) => left.split(":")[0]).toSorted()
  )

describe("allocate", () => {
  it.scoped("takes what is preferred, and listens wherever it must be reached from", () =>
    Effect.gen(function*() {
      const { a, b, manager } = yield* runtimes
      const scope = yield* Scope.make()
      assert.strictEqual(yield* Scope.extend(allocate(a, [manager, b], yield* none), scope), 8000)
      assert.deepStrictEqual(yield* listening(8000), ["(manager)", "b"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* listening(8000), [])
    }).pipe(Effect.provide(world)))

  it.scoped("needs no listener on the process's own network, and one only on each other", () =>
    Effect.gen(function*() {
      const { a, here, manager } = yield* runtimes
      yield* allocate(manager, [here, manager], yield* none)
      assert.deepStrictEqual(yield* listening(8000), [])
      const taken = yield* Ref.make<ReadonlySet<number>>(new Set([8000]))
      assert.strictEqual(yield* allocate(a, [manager, here], taken), 9001)
      assert.deepStrictEqual(yield* listening(9001), ["(manager)"])
    }).pipe(Effect.provide(world)))

  for (const where of ["a", "b"]) {
    it.scoped(`passes over what is taken on ${where}, and leaves no listener for it`, () =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const { a, b, manager } = yield* runtimes
        yield* hosts.takePort(where, 8000)
        assert.strictEqual(yield* allocate(a, [manager, b], yield* none), 9001)
        assert.deepStrictEqual(yield* listening(8000), [])
      }).pipe(Effect.provide(world)))
  }

  it.scoped("gives no number twice, also to those that ask at the same time", () =>
    Effect.gen(function*() {
      const { a, b, manager } = yield* runtimes
      const taken = yield* none
      const numbers = yield* Effect.all([a, b, manager, a].map((at) => allocate(at, [], taken)), { concurrency: 4 })
      assert.deepStrictEqual(numbers.toSorted(), [8000, 9001, 9002, 9003])
      const error = yield* Effect.flip(allocate(a, [manager, b], taken))
      assert.deepInclude(error, { _tag: "ClusterError", reason: "NoPort", host: "a", step: "port http of w1" })
      for (const part of ["9001-9003", "a, (manager), b", "hint:"]) assert.include(error.message, part)
    }).pipe(Effect.provide(world)))

  it.scoped("fails at once where forwarding is forbidden, as no other port would help", () =>
    Effect.gen(function*() {
      const [a, strict] = yield* Effect.all([Runtime.make("a"), Runtime.make("strict")])
      const taken = yield* none
      const error = yield* Effect.flip(allocate(a, [strict], taken))
      assert.deepInclude(error, { _tag: "SshError", reason: "ForwardForbidden", host: "strict" })
      const { record } = yield* InMemorySsh
      const tried = (yield* record).flatMap((entry) =>
        entry._tag === "Listening" && entry.host === "a" ? [entry.port] : []
      )
      assert.deepStrictEqual(tried, [8000])
      assert.strictEqual((yield* Ref.get(taken)).size, 0)
    }).pipe(Effect.provide(layer(["a", { alias: "strict", allowForwarding: false }]))))
})

/** A master on the manager and a worker on a host, within ten seconds. */
const started = Effect.gen(function*() {
  const manager = yield* Runtime.manager()
  const group = yield* RuntimeGroup.make(["a"])
  const fiber = yield* Effect.fork(
    Cluster.start(plan([process("master", "master", "(manager)"), process("w1", "worker", "a")], ["a"]), {
      manager,
      group
    })
  )
  yield* TestClock.adjust("10 seconds")
  return yield* Fiber.join(fiber)
})

describe("a process that loses its port to another program", () => {
  it.scoped("is started again on the next one", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const cluster = yield* started
      // The first of w1 found its port taken just before it could bind it, and said so with its exit code.
      const servers = (yield* hosts.commandsOn("a")).filter(([name]) => name === "server")
      assert.deepStrictEqual(servers.map(([, , port]) => port), ["9001", "9002"])
      assertSome(yield* cluster.port("w1", "http"), 9002)
      // The thief alone: the tunnel to the first attempt has gone.
      assert.deepStrictEqual(yield* listening(9001), ["a"])
    }).pipe(Effect.provide(layer([{
      alias: "a",
      commands: {
        // The thief takes 9001 as long as it runs: from the moment the cluster has given it up.
        server: (self) =>
          self.argv[2] === "9001"
            ? Effect.zipRight(
              self.spawn(["thief"], { detached: true, env: {} }),
              Effect.as(Effect.sleep("1 second"), 98)
            )
            : server(self),
        thief: ({ listen }) => Effect.zipRight(Effect.orDie(listen({ port: 9001 })), Effect.never)
      }
    }], { commands: { server } }))))

  it.scoped("is started again also when it goes on elsewhere, and the other program answers something else", () =>
    Effect.gen(function*() {
      const cluster = yield* started
      assertSome(yield* cluster.port("w1", "http"), 9002)
    }).pipe(Effect.provide(layer([{
      alias: "a",
      commands: {
        server: (self) =>
          self.argv[2] === "9001"
            ? Effect.zipRight(self.spawn(["thief"], { detached: true, env: {} }), Effect.never)
            : server(self),
        thief: ({ serveHttp }) =>
          Effect.zipRight(
            Effect.orDie(serveHttp({ port: 9001 }, () => Effect.succeed({ status: 404, body: "who?" }))),
            Effect.never
          )
      }
    }], { commands: { server } }))))

  it.scoped("is started again also when the other program answers its probe", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const cluster = yield* started
      assertSome(yield* cluster.port("w1", "http"), 9002)
      // The first of w1 lived on beside the thief, ready by all that its port told; it was ended.
      assert.deepStrictEqual(
        (yield* hosts.processes("a")).filter(({ argv }) => argv[0] === "server").map(({ argv }) => argv[2]),
        ["9002"]
      )
    }).pipe(Effect.provide(layer([{
      alias: "a",
      commands: {
        server: (self) =>
          self.argv[2] === "9001"
            ? Effect.zipRight(self.spawn(["thief", "serve", "9001"], { detached: true, env: {} }), Effect.never)
            : server(self),
        thief: (self) => server(self)
      }
    }], { commands: { server } }))))
})
