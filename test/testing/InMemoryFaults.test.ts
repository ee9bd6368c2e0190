import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Host from "../../src/services/Host.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import * as InMemoryFaults from "../../src/testing/InMemoryFaults.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { check, InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"
import { host, run, start, text } from "./memoryClient.ts"

const connect = (alias: string) => Effect.flatMap(Ssh, (ssh) => ssh.connect(host(alias)))

const bytes = (size: number) => Stream.make(new Uint8Array(size))

/** How long that takes, by the clock. */
const taken = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    yield* effect
    return (yield* Clock.currentTimeMillis) - before
  })

const commands: Commands = {
  work: () => Effect.as(Effect.sleep("3 seconds"), 0),
  greet: ({ listen }) =>
    Effect.gen(function*() {
      const { connections } = yield* listen({ address: "0.0.0.0", port: 7000 })
      yield* Stream.runForEach(connections, (connection) => Effect.sync(() => connection.end("hello")))
      return 0
    }).pipe(Effect.orDie),
  ask: ({ argv, dial, stderr, stdout }) =>
    Effect.gen(function*() {
      const connection = yield* dial({ address: argv[1] ?? "", port: 7000 })
      const said = yield* Effect.async<string>((resume) => {
        let got = ""
        connection.on("data", (chunk) => got += String(chunk))
        connection.on("end", () => resume(Effect.succeed(got)))
      })
      yield* stdout(said)
      return 0
    }).pipe(Effect.catchAll((error) => Effect.as(stderr(error.detail), 1))),
  save: ({ files, stderr }) =>
    files.write("saved", bytes(10)).pipe(
      Effect.as(0),
      Effect.catchAll((error) => Effect.as(stderr(error.detail), 1))
    )
}

const hosts = ["host-1", "host-2"]

/** Answers on its port as long as the scope is open: without a runtime nothing ends it. */
const greeting = (alias: string) =>
  Effect.gen(function*() {
    yield* start(yield* connect(alias), ["greet"])
    const world = yield* InMemorySsh
    yield* Effect.addFinalizer(() => world.kill(alias, "greet"))
    // By then it listens.
    yield* Effect.sleep(1)
  })

describe("a partition", () => {
  it.effect("of two hosts: they do not reach one another, the manager reaches both; healed, what waited goes on", () =>
    Effect.gen(function*() {
      const world = yield* InMemorySsh
      const [one, two] = yield* Effect.all([connect("host-1"), connect("host-2")])
      yield* greeting("host-2")
      assert.strictEqual((yield* run(one, ["ask", "host-2"])).stdout, "hello")
      yield* world.partition("host-1", "host-2")
      assert.strictEqual((yield* run(two, ["echo", "here"])).stdout, "here\n")
      const asked = yield* Effect.fork(run(one, ["ask", "host-2"]))
      yield* Effect.sleep("1 minute")
      yield* world.heal("host-2", "host-1")
      assert.strictEqual((yield* Fiber.join(asked)).stdout, "hello")
      yield* world.partition("host-2", "host-1")
      assert.deepInclude(yield* run(one, ["ask", "host-2"]), { stderr: "host-2 does not answer" })
    }).pipe(check(hosts, { commands }), VirtualTime.run()))

  it.effect("from the manager: what is open stalls, the hosts still reach one another", () =>
    Effect.gen(function*() {
      const world = yield* InMemorySsh
      const [one, two] = yield* Effect.all([connect("host-1"), connect("host-2")])
      yield* greeting("host-2")
      yield* world.partition("host-2", Host.manager.alias)
      const stalled = yield* Effect.fork(run(two, ["echo", "late"]))
      assert.strictEqual((yield* run(one, ["ask", "host-2"])).stdout, "hello")
      yield* Effect.sleep("1 hour")
      yield* world.heal("host-2", Host.manager.alias)
      assert.strictEqual((yield* Fiber.join(stalled)).stdout, "late\n")
    }).pipe(check(hosts, { commands }), VirtualTime.run()))

  it.effect("two that overlap: the way is free when both are over", () =>
    Effect.gen(function*() {
      const connection = yield* connect("host-1")
      const fault = { _tag: "Partition", host: "host-1", from: Host.manager.alias } as const
      yield* InMemoryFaults.run([{ at: 0, for: "10 seconds", fault }, { at: "5 seconds", for: "15 seconds", fault }])
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* taken(run(connection, ["true"])), 19_000)
    }).pipe(check(hosts), VirtualTime.run()))
})

describe("a full disk", () => {
  it.effect("takes nothing more, over SFTP and from programs, and what is there stays; freed, it does", () =>
    Effect.gen(function*() {
      const world = yield* InMemorySsh
      const connection = yield* connect("host-1")
      const files = yield* connection.files
      yield* files.write("old", bytes(100))
      yield* world.fillDisk("host-1")
      const error = yield* Effect.flip(files.write("new", bytes(1)))
      assert.deepInclude(error, { reason: "Transfer", detail: "/home/user/new: No space left on device" })
      assert.deepInclude(yield* run(connection, ["save"]), { stderr: "/home/user/saved: No space left on device" })
      assert.match((yield* run(connection, ["mkdir", "deep"])).stderr, /No space left on device/)
      assert.lengthOf(yield* text(files.readAll("old")), 100)
      yield* world.freeDisk("host-1")
      yield* files.write("new", bytes(1))
      assert.strictEqual((yield* run(connection, ["save"])).exit.code, 0)
    }).pipe(check(hosts, { commands }), VirtualTime.run()))
})

describe("a slow host", () => {
  it.effect("takes so many times as long for a program, and its bytes pass at that rate", () =>
    Effect.gen(function*() {
      const world = yield* InMemorySsh
      const connection = yield* connect("host-1")
      const files = yield* connection.files
      assert.strictEqual(yield* taken(run(connection, ["work"])), 3000)
      yield* world.slow("host-1", { times: 4, bytesPerSecond: 1000 })
      assert.strictEqual(yield* taken(run(connection, ["work"])), 12_000)
      assert.strictEqual(yield* taken(files.write("a", bytes(5000))), 5000)
      assert.strictEqual(yield* taken(Stream.runDrain(files.readAll("a"))), 5000)
      yield* world.restore("host-1")
      assert.strictEqual(yield* taken(files.write("a", bytes(5000))), 0)
    }).pipe(check(hosts, { commands }), VirtualTime.run()))
})

describe("the limits of sshd", () => {
  const limited = [{ alias: "host-1", maxStartups: 2, latency: "1 second" as const }]

  it.effect("hangs up on more than MaxStartups that are on their way in", () =>
    Effect.gen(function*() {
      const dial = Effect.scoped(connect("host-1"))
      // Two of one program share a connection: these are different users.
      const as = (user: string) =>
        Effect.scoped(Effect.flatMap(Ssh, (ssh) => ssh.connect(Host.make({ alias: "host-1", user }))))
      const exits = yield* Effect.forEach(["a", "b", "c"], (user) => Effect.either(as(user)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(exits.map(({ _tag }) => _tag), ["Right", "Right", "Left"])
      const refused = exits[2]
      if (refused?._tag !== "Left") return assert.fail("the third was let in")
      assert.deepInclude(refused.left, { reason: "Unreachable", host: "host-1" })
      assert.match(refused.left.hint ?? "", /MaxStartups/)
      yield* dial
    }).pipe(check(limited), VirtualTime.run()))

  for (const [allowed, dials, listens] of [["local", true, false], ["remote", false, true]] as const) {
    it.effect(`allows forwards one way only: ${allowed}`, () =>
      Effect.gen(function*() {
        const connection = yield* connect("host-1")
        yield* greeting("host-1")
        const dial = yield* Effect.either(Effect.scoped(connection.dial({ port: 7000 })))
        const listen = yield* Effect.either(Effect.scoped(connection.listen({ port: 7001 })))
        assert.deepStrictEqual([dial._tag === "Right", listen._tag === "Right"], [dials, listens])
        const refused = dials ? listen : dial
        assert.deepInclude(refused._tag === "Left" ? refused.left : {}, { reason: "ForwardForbidden" })
      }).pipe(check([{ alias: "host-1", allowForwarding: allowed }], { commands }), VirtualTime.run()))
  }
})

describe("the example of docs/guide/faults.md", () => {
  it.effect("a cut of 20 seconds is less than the lease", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const worker = yield* runtime.start("worker", { argv: ["sleep", "60"] })
      yield* hosts.partition("host-1", "(manager)")
      yield* Effect.sleep("20 seconds")
      yield* hosts.heal("host-1", "(manager)")
      assert.strictEqual(yield* worker.exit, 0)
    }).pipe(
      check(["host-1"]),
      VirtualTime.run()
    ))
})

describe("a script", () => {
  it.effect("injects at its times and takes back; what stands is taken back with the scope", () =>
    Effect.gen(function*() {
      const world = yield* InMemorySsh
      const shown = Effect.map(
        world.record,
        (all) =>
          all.flatMap((entry) =>
            entry._tag === "Fault" || entry._tag === "Mended" ? [`${entry.at} ${entry._tag} ${entry.fault._tag}`] : []
          )
      )
      yield* Effect.scoped(Effect.gen(function*() {
        yield* InMemoryFaults.run([
          { at: "8 seconds", fault: { _tag: "FillDisk", host: "host-1" } },
          { at: "2 seconds", fault: { _tag: "Refuse", host: "host-1" }, for: "5 seconds" },
          { at: "3 seconds", fault: { _tag: "TakePort", host: "host-1", port: 80 }, for: "1 second" },
          { at: "4 seconds", fault: { _tag: "Kill", host: "host-1" } }
        ])
        yield* Effect.sleep("9 seconds")
      }))
      assert.deepStrictEqual(yield* shown, [
        "2000 Fault Refuse",
        "3000 Fault TakePort",
        "4000 Fault Kill",
        "4000 Mended TakePort",
        "7000 Mended Refuse",
        "8000 Fault FillDisk",
        "9000 Mended FillDisk"
      ])
    }).pipe(check(hosts), VirtualTime.run()))

  it.effect("that names no host of the test is a mistake of the test", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        Effect.scoped(InMemoryFaults.inject({ _tag: "Partition", host: "host-1", from: "host-7" }))
      )
      assert.strictEqual(exit._tag, "Failure")
      assert.include(String(exit), "there is no host host-7")
    }).pipe(check(hosts)))

  it("is drawn from a seed: the same for the same, within its time, and passes through JSON", () => {
    const drawing = { hosts, within: "1 minute", count: 200, ports: [80] } as const
    const script = InMemoryFaults.draw({ ...drawing, seed: 7 })
    assert.deepStrictEqual(InMemoryFaults.draw({ ...drawing, seed: 7 }), script)
    assert.notDeepEqual(InMemoryFaults.draw({ ...drawing, seed: 8 }), script)
    assert.lengthOf(script, 200)
    for (const { at, for: lasts = 0 } of script) assert.isAtMost(Number(at) + Number(lasts), 60_000)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(script)), script)
    const faults = Schema.decodeUnknownSync(Schema.Array(InMemoryFaults.Fault))(script.map(({ fault }) => fault))
    assert.deepStrictEqual(faults, script.map(({ fault }) => fault))
    assert.deepStrictEqual(new Set(faults.map(({ _tag }) => _tag)).size, 11)
    const cuts = InMemoryFaults.draw({ ...drawing, seed: 7, kinds: ["Cut"] })
    assert.isTrue(cuts.every(({ fault, for: lasts }) => fault._tag === "Cut" && lasts === undefined))
  })

  it("shows as lines, by time", () => {
    assert.strictEqual(
      InMemoryFaults.show([
        { at: "90 seconds", fault: { _tag: "Cut", host: "host-2" } },
        { at: 500, for: "1 minute", fault: { _tag: "Slow", host: "host-1", times: 3 } }
      ]),
      "0.5 s for 60 s: Slow host=host-1 times=3\n90 s: Cut host=host-2"
    )
  })
})
