import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { ExposeEvent } from "../../src/cli/ExposeEvent.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { run } from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const hosts = ["host-1", "host-2", { alias: "near", sharesManagerNetwork: true }]

const expose = (...words: ReadonlyArray<string>) => memoryReach.over([])(run("expose", ...words))

const world = InMemorySsh.layer(hosts)

/** A link that is cut and comes back, and a host that goes for good: then the command ends by itself. */
const life = (...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const memory = yield* InMemorySsh.InMemorySsh
    const running = yield* Effect.fork(expose(...words))
    yield* TestClock.adjust("1 second")
    yield* memory.cut("host-1")
    yield* TestClock.adjust("10 seconds")
    yield* memory.powerCut("host-1")
    yield* TestClock.adjust("5 minutes")
    return yield* Fiber.join(running)
  })

const refused = (message: string, ...words: ReadonlyArray<string>) =>
  it.effect(`refuses: ${words.join(" ")}`, () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* expose(...words)
      assert.deepStrictEqual([code, out], [2, ""])
      assert.include(err, message)
    }).pipe(Effect.provide(world)))

describe("expose", () => {
  it.effect("tells what leads where, when a link is lost and when it is back, and fails when it is given up", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* life("8080", "--to", "host-1", "--at", "9000")
      assert.strictEqual(out, "host-1 127.0.0.1:9000 -> (manager) 127.0.0.1:8080\n")
      assert.strictEqual(
        err,
        `Until Ctrl-C.
host-1 127.0.0.1:9000: lost, heals: host-1: connection, LinkLost: the connection has gone
host-1 127.0.0.1:9000: open again
host-1 127.0.0.1:9000: lost, heals: host-1: connection, LinkLost: the connection has gone
warning: tunnel from host-1 to (manager) is over: host-1: tunnel, LinkLost: the link is given up: the lease of the runtime has run out, or it has been closed
host-1 127.0.0.1:9000: over
`
      )
      assert.strictEqual(code, 1)
    }).pipe(Effect.provide(world)))

  it.effect("tells the same as lines of JSON", () =>
    Effect.gen(function*() {
      const { code, out } = yield* life("8080", "--to", "host-1", "--at", "9000", "--json")
      assert.strictEqual(code, 1)
      const lines = out.trim().split("\n")
      const events = yield* Effect.forEach(lines, (line) => Schema.decode(Schema.parseJson(ExposeEvent))(line))
      assert.deepStrictEqual(events.map((event) => event.event === "state" ? event.state : event.routes), [
        [{ from: "host-1", at: "127.0.0.1:9000", to: "(manager)", target: "127.0.0.1:8080", tunnel: true }],
        "open",
        "healing",
        "open",
        "healing",
        "closed"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("ends at once where the machines share a network: it is the same port", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* expose("8080", "--to", "near")
      assert.strictEqual(code, 0)
      assert.strictEqual(out, "near 127.0.0.1:8080 -> (manager) 127.0.0.1:8080 (one network, no tunnel)\n")
      assert.strictEqual(err, "The machines share a network: nothing has to be kept open for it.\n")
    }).pipe(InMemorySsh.check(hosts)))

  it.effect("with --dry-run says what would lead where, and connects to nothing", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      const told = (...words: ReadonlyArray<string>) =>
        Effect.map(expose("--dry-run", ...words), ({ code, err, out }) => {
          assert.deepStrictEqual([code, err], [0, ""])
          return out.trimEnd()
        })
      assert.deepStrictEqual(
        yield* Effect.all([
          told("8080", "--to", "host-1,host-2"),
          told("8888", "--from", "host-1", "--at", "any"),
          told("8000-8009", "--from", "host-1", "--to", "host-2", "--at", "9000,9100"),
          told("[::1]:5432", "--from", "host-1", "--to", "manager"),
          told("/run/app.sock", "--to", "host-1", "--at", "/tmp/app.sock", "--json")
        ]),
        [
          "host-1 127.0.0.1:8080 -> (manager) 127.0.0.1:8080\nhost-2 127.0.0.1:8080 -> (manager) 127.0.0.1:8080",
          "(manager) any port -> host-1 127.0.0.1:8888",
          "host-2 127.0.0.1:9000-9009 or 127.0.0.1:9100-9109 -> host-1 127.0.0.1:8000-8009",
          "(manager) 127.0.0.1:5432 -> host-1 ::1:5432",
          `{"event":"planned","routes":[{"from":"host-1","at":"/tmp/app.sock","to":"(manager)","target":"/run/app.sock"}]}`
        ]
      )
      for (const alias of ["host-1", "host-2"]) assert.strictEqual((yield* memory.connections(alias)).accepted, 0)
    }).pipe(InMemorySsh.check(hosts)))

  it.effect("fails with the library's error when the port is taken, and leaves nothing", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      yield* memory.takePort("host-1", 9000)
      const { code, err, out } = yield* expose("8080", "--to", "host-1", "--at", "9000")
      assert.deepStrictEqual([code, out], [1, ""])
      assert.include(err, "host-1: listen, PortInUse: 127.0.0.1:9000")
      assert.include(err, "\nhint: ")
    }).pipe(InMemorySsh.check(hosts)))

  refused("SERVICE wants a port (8080)", "99999", "--to", "host-1")
  refused("SERVICE wants a port (8080)", "9-8", "--to", "host-1")
  refused("--at wants a port", "80", "--to", "host-1", "--at", "some")
  refused("wants a host to expose to, or one to expose from", "80")
  refused("wants a host to expose to, or one to expose from", "80", "--to", "manager")
  refused("not to both at once", "80", "--from", "host-1", "--to", "manager,host-2")
  refused("host-1 has the service already", "80", "--from", "host-1", "--to", "host-1")
})
