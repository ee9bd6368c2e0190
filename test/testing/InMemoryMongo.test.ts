import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import * as InMemoryMongo from "../../src/testing/InMemoryMongo.ts"
import { InMemorySsh, layer, nothingLeft } from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"
import { host, run } from "./memoryClient.ts"

const world = layer(["host-1"], { commands: InMemoryMongo.commands() })

const sh = (line: string) =>
  Effect.scoped(
    Effect.flatMap(Ssh, (ssh) =>
      Effect.flatMap(ssh.connect(host("host-1")), (connection) => run(connection, ["sh", "-c", line])))
  )

const start = (runtime: Runtime.Runtime, name: string, port = 27017) =>
  runtime.start(name, { argv: ["mongod", "--dbpath", "db", "--port", String(port), "--bind_ip", "127.0.0.1"] })

/** Whether something answers a ping there. */
const ping = Effect.gen(function*() {
  const ssh = yield* Ssh
  const connection = yield* ssh.connect(host("host-1"))
  const socket = yield* connection.dial({ port: 27017 })
  return yield* Effect.async<number>((resume) => {
    socket.on("data", (chunk: Buffer) => resume(Effect.succeed(chunk.readInt32LE(8))))
    const request = Buffer.alloc(38)
    request.writeInt32LE(38, 0)
    request.writeInt32LE(7, 4)
    request.writeInt32LE(2013, 12)
    socket.write(request)
  })
}).pipe(Effect.scoped)

const tail = (service: Runtime.Service) => Effect.map(service.tail, (lines) => lines.join("\n"))

describe("mongod in memory", () => {
  it.live("answers, holds its directory, ends with its runtime", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1")
        yield* Effect.flatMap(runtime.files, (files) => files.makeDirectory(runtime.resolve("db")))
        yield* start(runtime, "mongo")
        yield* Effect.sleep("1 second")
        assert.strictEqual(yield* ping, 7)
        const other = yield* start(runtime, "second", 27018)
        assert.strictEqual(yield* other.exit, 100)
        assert.include(yield* tail(other), "Another mongod instance is already running")
      }))
      yield* nothingLeft
    }).pipe(VirtualTime.run(), Effect.provide(world)))

  it.live("recovers after it was killed; not after it was asked to end", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      yield* Effect.flatMap(runtime.files, (files) => files.makeDirectory(runtime.resolve("db")))
      const first = yield* start(runtime, "first")
      yield* Effect.sleep("1 second")
      yield* hosts.kill("host-1", "mongod")
      assert.strictEqual(yield* first.exit, 137)
      const second = yield* start(runtime, "second")
      yield* Effect.sleep("5 seconds")
      assert.include(yield* tail(second), "Detected unclean shutdown")
      assert.strictEqual(yield* ping, 7)
      const down = yield* sh(`mongod --shutdown --dbpath ${runtime.resolve("db")}`)
      assert.deepStrictEqual(down.exit, { code: 0 })
      assert.strictEqual(yield* second.exit, 0)
      const third = yield* start(runtime, "third")
      yield* Effect.sleep("1 second")
      assert.notInclude(yield* tail(third), "unclean")
    }).pipe(Effect.scoped, VirtualTime.run(), Effect.provide(world)))

  it.live("has the codes of the real one for no directory and for a port that is taken", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      assert.deepStrictEqual((yield* sh("mongod --dbpath none")).exit, { code: 100 })
      yield* hosts.takePort("host-1", 27017)
      assert.deepStrictEqual((yield* sh("mkdir db; mongod --dbpath db")).exit, { code: 48 })
      assert.deepStrictEqual((yield* sh("mongod --shutdown --dbpath db")).exit, { code: 1 })
    }).pipe(Effect.scoped, VirtualTime.run(), Effect.provide(world)))

  it.live("with --fork it is a daemon", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* sh("mkdir db; mongod --fork --logpath=db/log --dbpath=db --port=27017")).exit, {
        code: 0
      })
      assert.strictEqual(yield* ping, 7)
    }).pipe(VirtualTime.run(), Effect.provide(world)))
})
