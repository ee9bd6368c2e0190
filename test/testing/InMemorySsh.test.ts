import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import * as Host from "../../src/services/Host.ts"
import { sameNetwork } from "../../src/services/HostFacts.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"
import { guardian, host, jobText, run, start, text } from "./memoryClient.ts"

const connect = (alias: string) => Effect.flatMap(Ssh, (ssh) => ssh.connect(host(alias)))

/** Whoever waits for a loss has heard of it: `Ssh` too. */
const noticed = TestClock.adjust(0)

const forever: Handler = () => Effect.never

describe("connections", () => {
  it.scoped("users of a host share one connection, and it closes with the last", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* Effect.scoped(Effect.gen(function*() {
        const [a, b] = [yield* connect("host-1"), yield* connect("host-1")]
        assert.strictEqual((yield* run(a, ["echo", "a"])).stdout, "a\n")
        assert.strictEqual((yield* run(b, ["echo", "b"])).stdout, "b\n")
        assert.deepStrictEqual(yield* hosts.connections("host-1"), { accepted: 1, open: 1 })
      }))
      assert.deepStrictEqual(yield* hosts.connections("host-1"), { accepted: 1, open: 0 })
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("the eleventh lasting session opens a second connection, as the limit of sshd is ten", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect("host-1")
      yield* Effect.forEach(Array.from({ length: 10 }), () => start(connection, ["forever"], { lasting: true }))
      assert.strictEqual((yield* hosts.connections("host-1")).accepted, 1)
      yield* start(connection, ["forever"], { lasting: true })
      assert.strictEqual((yield* hosts.connections("host-1")).accepted, 2)
    }).pipe(Effect.provide(layer(["host-1"], { commands: { forever } }))))

  it.scoped("a host nobody has made has no name", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(connect("host-9"))
      assert.deepInclude(error, { reason: "NameUnknown", host: "host-9", step: "connect" })
      assert.include(error.hint, "host-1, host-2")
    }).pipe(Effect.provide(layer(["host-1", "host-2"]))))

  it.scoped("the manager answers without a connection", () =>
    Effect.gen(function*() {
      const ssh = yield* Ssh
      const manager = yield* ssh.connect(Host.manager)
      assert.strictEqual((yield* run(manager, ["echo", "here"])).stdout, "here\n")
      assert.deepStrictEqual(yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.commandsOn(Host.manager.alias)), [[
        "echo",
        "here"
      ]])
    }).pipe(Effect.provide(layer([]))))
})

describe("faults of the way there", () => {
  const reasons = [
    ["refuse", "Refused"],
    ["changeHostKey", "HostKeyChanged"],
    ["failAuthentication", "Authentication"]
  ] as const
  for (const [fault, reason] of reasons) {
    it.scoped(`${fault}: ${reason} until restored`, () =>
      Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        yield* hosts[fault]("host-1")
        assert.deepInclude(yield* Effect.flip(Effect.scoped(connect("host-1"))), {
          reason,
          host: "host-1",
          step: "connect"
        })
        yield* hosts.restore("host-1")
        assert.strictEqual((yield* run(yield* connect("host-1"), ["true"])).exit.code, 0)
      }).pipe(Effect.provide(layer(["host-1"]))))
  }

  it.scoped("a host that drops packets is a timeout, and no earlier than its deadline", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.unreachable("host-1")
      const fiber = yield* Effect.fork(Effect.flip(connect("host-1")))
      yield* TestClock.adjust("9 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(fiber), { reason: "Timeout", host: "host-1" })
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("latency delays the connect and each request by the clock", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* hosts.latency("host-1", "2 seconds")
      const fiber = yield* Effect.fork(Effect.flatMap(connect("host-1"), (c) => c.files))
      yield* TestClock.adjust("3900 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("100 millis")
      const files = yield* Fiber.join(fiber)
      const [took] = yield* Effect.timed(files.stat("/")).pipe(
        Effect.fork,
        Effect.tap(() => TestClock.adjust("2 seconds")),
        Effect.flatMap(Fiber.join)
      )
      assert.strictEqual(Duration.toMillis(took), 2000)
    }).pipe(Effect.provide(layer(["host-1"]))))
})

describe("faults of what is open", () => {
  it.scoped("cut: the link is lost, the process stays, a new connection comes up", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect("host-1")
      const process = yield* start(connection, ["forever"])
      yield* hosts.cut("host-1")
      assert.deepInclude(yield* Effect.flip(connection.lost), { reason: "LinkLost", host: "host-1" })
      assert.strictEqual((yield* Effect.flip(process.exit)).reason, "LinkLost")
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(process.stdout))).reason, "LinkLost")
      assert.strictEqual((yield* Effect.flip(run(connection, ["true"]))).reason, "LinkLost")
      assert.deepStrictEqual((yield* hosts.processes("host-1")).map(({ argv }) => argv), [["forever"]])
      assert.strictEqual((yield* run(yield* connect("host-1"), ["true"])).exit.code, 0)
      assert.deepStrictEqual(yield* hosts.connections("host-1"), { accepted: 2, open: 1 })
    }).pipe(Effect.provide(layer(["host-1"], { commands: { forever } }))))

  it.scoped("cut leaves a listening port to an sshd that does not notice; reset does not", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* (yield* connect("host-1")).listen({ port: 8000 })
      yield* hosts.cut("host-1")
      yield* noticed
      assert.strictEqual((yield* Effect.flip((yield* connect("host-1")).listen({ port: 8000 }))).reason, "PortInUse")
      yield* (yield* connect("host-1")).listen({ port: 8001 })
      yield* hosts.reset("host-1")
      yield* noticed
      assert.strictEqual((yield* (yield* connect("host-1")).listen({ port: 8001 })).port, 8001)
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("unreachable: what is open stalls and goes on when packets pass again", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect("host-1")
      yield* hosts.unreachable("host-1")
      const fiber = yield* Effect.fork(run(connection, ["echo", "late"]))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* hosts.restore("host-1")
      assert.strictEqual((yield* Fiber.join(fiber)).stdout, "late\n")
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("a power cut ends processes and links, keeps the disk; after boot the boot id is another", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const before = yield* hosts.facts("host-1")
      const connection = yield* connect("host-1")
      const files = yield* connection.files
      yield* files.write("kept", Stream.make(new TextEncoder().encode("kept")))
      yield* start(connection, ["forever"])
      yield* hosts.powerCut("host-1")
      assert.strictEqual((yield* Effect.flip(connection.lost)).reason, "LinkLost")
      assert.deepStrictEqual(yield* hosts.processes("host-1"), [])
      const fiber = yield* Effect.fork(connect("host-1"))
      yield* TestClock.adjust("5 seconds")
      yield* hosts.boot("host-1")
      const again = yield* Fiber.join(fiber)
      assert.strictEqual(yield* text((yield* again.files).readAll("kept")), "kept")
      assert.notStrictEqual((yield* hosts.facts("host-1")).bootId, before.bootId)
    }).pipe(Effect.provide(layer(["host-1"], { commands: { forever } }))))

  it.scoped("sever loses the link for all of its users", () =>
    Effect.gen(function*() {
      const connection = yield* connect("host-1")
      yield* connection.sever
      assert.strictEqual((yield* Effect.flip(connection.lost)).reason, "LinkLost")
      assert.strictEqual((yield* run(yield* connect("host-1"), ["true"])).exit.code, 0)
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("kill ends by pid and by program, and a name that runs nowhere is a mistake of the test", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect("host-1")
      const [one, two] = [yield* start(connection, ["forever"]), yield* start(connection, ["forever"])]
      const [first] = yield* hosts.processes("host-1")
      yield* hosts.kill("host-1", first?.pid ?? 0)
      assert.deepStrictEqual(yield* one.exit, { code: 137, signal: "KILL" })
      assert.lengthOf(yield* hosts.processes("host-1"), 1)
      yield* hosts.kill("host-1", "forever")
      assert.deepStrictEqual(yield* two.exit, { code: 137, signal: "KILL" })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(hosts.kill("host-1", "forever"))))
    }).pipe(Effect.provide(layer(["host-1"], { commands: { forever } }))))
})

describe("ports", () => {
  const hello: Handler = (self) =>
    Effect.gen(function*() {
      yield* self.serveHttp({ port: 8787 }, ({ method, path }) => Effect.succeed({ body: `${method} ${path}` }))
      return yield* Effect.never
    }).pipe(Effect.catchAll((error) => Effect.as(self.stderr(error.message), 1)))

  const get = (alias: string, port: number) =>
    Effect.scoped(Effect.gen(function*() {
      const socket = yield* (yield* connect(alias)).dial({ port })
      return yield* Effect.async<string>((resume) => {
        let got = ""
        socket.on("data", (chunk) => got += String(chunk))
        socket.on("end", () => resume(Effect.succeed(got)))
        socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
      })
    }))

  it.scoped("a process answers HTTP on its port; the port ends with the process", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      yield* start(yield* connect("host-1"), ["hello"])
      yield* Effect.yieldNow()
      const answer = yield* Effect.retry(get("host-1", 8787), { times: 5 })
      assert.match(answer, /^HTTP\/1.1 200 .*\r\n[^]*\r\n\r\nGET \/health$/)
      yield* hosts.kill("host-1", "hello")
      assert.strictEqual((yield* Effect.flip(get("host-1", 8787))).reason, "ForwardRefused")
    }).pipe(Effect.provide(layer(["host-1"], { commands: { hello } }))))

  it.scoped("hosts have ports of their own, unless they share the manager's network", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const manager = yield* Effect.flatMap(Ssh, (ssh) => ssh.connect(Host.manager))
      yield* manager.listen({ port: 9000 })
      yield* (yield* connect("far")).listen({ port: 9000 })
      assert.strictEqual((yield* Effect.flip((yield* connect("near")).listen({ port: 9000 }))).reason, "PortInUse")
      const [far, near, here] = yield* Effect.all([
        hosts.facts("far"),
        hosts.facts("near"),
        hosts.facts(Host.manager.alias)
      ])
      assert.isFalse(sameNetwork(far, here))
      assert.isTrue(sameNetwork(near, here))
    }).pipe(Effect.provide(layer(["far", { alias: "near", sharesManagerNetwork: true }]))))

  it.scoped("a listener on a host takes what is dialled there, and frees its port", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const scope = yield* Scope.make()
      const connection = yield* connect("host-1")
      const listener = yield* Scope.extend(connection.listen({ port: 0 }), scope)
      assert.lengthOf(yield* hosts.leftovers, 1)
      const near = yield* connection.dial({ port: listener.port })
      const far = yield* Effect.flatten(Stream.runHead(listener.connections))
      near.end("there")
      const got = yield* Stream.mkString(
        Stream.fromAsyncIterable<Buffer, Error>(far, (e) => e as Error).pipe(Stream.map(String))
      )
      assert.strictEqual(got, "there")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(connection.dial({ port: listener.port }))).reason, "ForwardRefused")
      assert.deepStrictEqual(yield* hosts.leftovers, [])
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("a taken port is in use as long as its scope is open", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const connection = yield* connect("host-1")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* hosts.takePort("host-1", 8786)
        const error = yield* Effect.flip(connection.listen({ port: 8786 }))
        assert.deepInclude(error, { reason: "PortInUse", step: "listen" })
        assert.include(error.detail, "another program")
      }))
      assert.strictEqual((yield* connection.listen({ port: 8786 })).port, 8786)
    }).pipe(Effect.provide(layer(["host-1"]))))

  it.scoped("an sshd that forbids forwarding refuses both ways", () =>
    Effect.gen(function*() {
      const connection = yield* connect("host-1")
      assert.strictEqual((yield* Effect.flip(connection.listen({ port: 0 }))).reason, "ForwardForbidden")
      assert.strictEqual((yield* Effect.flip(connection.dial({ port: 1 }))).reason, "ForwardForbidden")
    }).pipe(Effect.provide(layer([{ alias: "host-1", allowForwarding: false }]))))
})

describe("the record", () => {
  const script = Effect.gen(function*() {
    const hosts = yield* InMemorySsh
    yield* Effect.forEach(["host-1", "host-2", "host-3"], (alias) =>
      Effect.scoped(Effect.gen(function*() {
        const connection = yield* connect(alias)
        const client = yield* guardian(connection, ["new", "run-1", "", "30", "0"])
        yield* client.say(`start worker ${jobText(["worker"])}`)
        yield* (yield* connection.files).write("file", Stream.make(new TextEncoder().encode(alias)))
        yield* run(connection, ["echo", alias], { env: ["A=b c"] })
        const { port } = yield* connection.listen({ port: 0 })
        yield* connection.dial({ port })
        yield* client.next("event started")
        if (alias === "host-2") yield* hosts.kill(alias, "worker")
        yield* client.say("end 10")
        yield* client.next("ended")
      })), { concurrency: "unbounded" })
    assert.deepStrictEqual(yield* hosts.leftovers, [])
    return yield* hosts.record
  }).pipe(Effect.provide(layer(["host-1", "host-2", "host-3"], { commands: { worker: forever } })))

  it.effect("is the same each time: twenty runs of one script", () =>
    Effect.gen(function*() {
      // A fiber and a clock of its own, as each test has them.
      const fresh = Effect.flatMap(Effect.fork(Effect.provide(script, TestContext.TestContext)), Fiber.join)
      const first = yield* fresh
      assert.isAbove(first.length, 30)
      for (let round = 1; round < 20; round++) assert.deepStrictEqual(yield* fresh, first)
    }), 120_000)

  it.effect("names what was run, in order, with what was added to the environment", () =>
    Effect.gen(function*() {
      const entries = (yield* script).filter((entry) => entry.host === "host-1")
      assert.deepStrictEqual(entries.map(({ _tag }) => _tag)[0], "Connected")
      const execs = entries.flatMap((entry) => entry._tag === "Exec" ? [entry] : [])
      assert.deepStrictEqual(execs.find(({ argv }) => argv[0] === "echo")?.env, { A: "b c" })
      assert.deepStrictEqual(execs.find(({ argv }) => argv[0] === "worker")?.env, { LAZYCLUSTER_LEASE: "run-1" })
      for (const tag of ["Wrote", "Listening", "Dialled", "Signalled", "Exited", "Freed", "Disconnected"]) {
        assert.isTrue(entries.some(({ _tag }) => _tag === tag), tag)
      }
    }))
})
