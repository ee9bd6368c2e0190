import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import { check, InMemorySsh, nothingLeft } from "../../src/testing/InMemorySsh.ts"
import { LeftBehindError } from "../../src/testing/LeftBehindError.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"
import { host } from "./memoryClient.ts"

describe("the record", () => {
  it.effect("has what is asked of files and of ports, with the time", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* Effect.scoped(Effect.gen(function*() {
        const connection = yield* Effect.flatMap(Ssh, (ssh) => ssh.connect(host("host-1")))
        const files = yield* connection.files
        yield* files.makeDirectory("deep/er")
        yield* Effect.sleep("1 second")
        yield* files.write("deep/a", Stream.make(new Uint8Array(3)), 0o600)
        yield* files.rename("deep/a", "deep/b")
        yield* Stream.runDrain(files.readAll("deep/b"))
        yield* files.read("deep/b", 0, 2)
        yield* files.removeFile("deep/b")
        const { port } = yield* connection.listen({ port: 0 })
        yield* Effect.scoped(connection.dial({ port }))
      }))
      const home = "/home/user/deep"
      const all = (yield* hosts.record).filter(({ _tag }) => _tag !== "Connected" && _tag !== "Disconnected")
      assert.deepStrictEqual(all.map(({ at, host, ...entry }) => [at, host, entry]), [
        [0, "host-1", { _tag: "MadeDirectory", path: `${home}/er` }],
        [1000, "host-1", { _tag: "Wrote", path: `${home}/a`, bytes: 3, mode: 0o600 }],
        [1000, "host-1", { _tag: "Renamed", path: `${home}/a`, to: `${home}/b` }],
        [1000, "host-1", { _tag: "Read", path: `${home}/b`, bytes: 3 }],
        [1000, "host-1", { _tag: "Read", path: `${home}/b`, bytes: 2 }],
        [1000, "host-1", { _tag: "Removed", path: `${home}/b` }],
        [1000, "host-1", { _tag: "Listening", port: 32_768, path: undefined, owner: "sshd of connection 1" }],
        [1000, "host-1", { _tag: "Dialled", number: 1, address: "127.0.0.1", port: 32_768 }],
        [1000, "host-1", { _tag: "HungUp", number: 1 }],
        [1000, "host-1", { _tag: "Freed", port: 32_768, path: undefined }]
      ])
    }).pipe(check(["host-1"]), VirtualTime.run()))
})

describe("the check at the end", () => {
  const leaves = Effect.gen(function*() {
    const runtime = yield* Runtime.make("host-1")
    yield* runtime.start("worker", { argv: ["sleep", "3600"] })
  })

  it.effect("passes where a scope ends what it has begun, the test's own scope too", () =>
    leaves.pipe(check(["host-1"]), VirtualTime.run()))

  it.effect("fails and says what is left, and waits for leases if it is told to", () =>
    Effect.gen(function*() {
      const lost = Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        yield* leaves
        // Nobody is told that the scope closes.
        yield* hosts.partition("host-1", "(manager)")
      })
      const error = yield* lost.pipe(check(["host-1"]), Effect.flip)
      assert.instanceOf(error, LeftBehindError)
      assert.match(
        error.message,
        /something is left on the hosts\n {2}\| host-1: process \d+ .*\n[^]*sleep 3600[^]*hint: close/
      )
      yield* lost.pipe(check(["host-1"], { patience: "1 minute" }))
    }).pipe(VirtualTime.run()))

  it.effect("can be asked in the middle of a test", () =>
    Effect.gen(function*() {
      yield* nothingLeft
      yield* Effect.scoped(Effect.zipRight(leaves, Effect.flip(nothingLeft)))
      yield* nothingLeft
    }).pipe(check(["host-1"]), VirtualTime.run()))

  it.effect("leaves an error of the test as it is", () =>
    Effect.gen(function*() {
      const error = yield* Effect.fail("mine").pipe(check(["host-1"]), Effect.flip)
      assert.strictEqual(error, "mine")
    }))
})
