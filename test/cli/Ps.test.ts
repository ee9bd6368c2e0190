import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Ledgers from "../../src/runtimes/Ledgers.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { run, runOn } from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const hosts = ["host-1", "host-2"]

const ps = (...words: ReadonlyArray<string>) => memoryReach.over(hosts)(run("ps", ...words))

/** Ids are of this run, and so are the names of user and machine. */
const masked = (text: string) => text.replaceAll(/\b[a-z0-9]{12}\b/g, "idididididid").replaceAll(/\S+@\S+/g, "me@here")

const life = Effect.gen(function*() {
  const runtime = yield* Runtime.make("host-1", { lease: "20 seconds" })
  yield* runtime.start("worker", { argv: ["sleep", "1000"] })
  const short = yield* runtime.start("short", { argv: ["true"] })
  yield* short.exit
  yield* runtime.holdsPort(8786)
  yield* runtime.exec({ argv: ["sleep", "2000"] })
  return runtime
})

const write = (path: string, text: string) =>
  Effect.flatMap(
    InMemorySsh.InMemorySsh,
    (memory) =>
      Effect.flatMap(
        memory.files("host-2"),
        (files) => files.write(path, Stream.succeed(new TextEncoder().encode(text)))
      )
  )

describe("ps", () => {
  it.effect("shows runtimes, whether they are held, their processes, ports and directories", () =>
    Effect.gen(function*() {
      yield* life
      yield* TestClock.adjust("20 seconds")
      const { code, err, out } = yield* memoryReach.over(hosts)(runOn(120, "ps", "--long"))
      assert.deepStrictEqual([code, err], [0, ""])
      assert.strictEqual(
        masked(out),
        `host    owner    since  lease       processes  ports  gpus  directory
host-1  me@here  20 s   held, 20 s  2 of 3     8786         /tmp/lazycluster-idididididid.memory

host    runtime       process    pid  command  state
host-1  idididididid  worker.1  1002  sleep    runs
host-1  idididididid  short.2   1003  true     has ended
host-1  idididididid            1004  sleep    runs
`
      )
      const narrow = yield* ps()
      assert.isAtMost(Math.max(...narrow.out.split("\n").map((line) => line.length)), 80)
    }).pipe(InMemorySsh.check(hosts)))

  it.effect("tells a runtime without its watchdog, and one from before a restart of the host", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      yield* Effect.fork(Effect.scoped(Effect.zipRight(life, Effect.never)))
      yield* TestClock.adjust("1 second")
      const states = Effect.map(Ledgers.readAll(hosts), ({ runtimes, unreachable }) => [
        ...runtimes.map(({ processes, silence, state }) => ({ state, silence, alive: processes[0]?.alive })),
        ...unreachable.map(({ host }) => host)
      ])
      assert.deepStrictEqual(yield* states, [{ state: "held", silence: 0, alive: true }])
      yield* memory.kill("host-1", "lazycluster-watchdog")
      assert.deepStrictEqual(yield* states, [{ state: "unguarded", silence: 0, alive: true }])
      yield* memory.powerCut("host-1")
      const asking = yield* Effect.fork(states)
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* Fiber.join(asking), ["host-1"])
      yield* memory.boot("host-1")
      assert.deepStrictEqual(yield* states, [{ state: "left", silence: undefined, alive: false }])
    }).pipe(Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("tells what cannot be read, shows the rest, and believes no file", () =>
    Effect.gen(function*() {
      const ledger = yield* Effect.scoped(Effect.gen(function*() {
        const { id } = yield* life
        const memory = yield* InMemorySsh.InMemorySsh
        const files = yield* memory.files("host-1")
        return new TextDecoder().decode(yield* files.read(`.local/state/lazycluster/${id}.json`, 0, 10_000))
      }))
      const state = ".local/state/lazycluster"
      const memory = yield* InMemorySsh.InMemorySsh
      yield* Effect.flatMap(memory.files("host-2"), (files) => files.makeDirectory(state))
      yield* write(`${state}/broken.json`, "{\"version\":1,")
      yield* write(`${state}/other-name.json`, ledger)
      yield* write(`${state}/elsewhere.json`, ledger.replace(/"id":"[^"]*"/, "\"id\":\"elsewhere\""))
      yield* write(
        `${state}/here.json`,
        ledger.replace(/"id":"[^"]*"/, "\"id\":\"here\"").replace("\"hostname\":\"host-1\"", "\"hostname\":\"host-2\"")
          .replace(/"owner":"[^"]*"/, "\"owner\":\"\\u001b[31mme@here\"")
      )
      const { code, err, out } = yield* ps("--hosts", "host-2")
      assert.strictEqual(code, 0)
      assert.strictEqual(err, "host-2: broken: its ledger is no ledger of this version\n")
      assert.include(out, "files only")
      assert.notInclude(out, "\u001b")
      assert.strictEqual(out.trim().split("\n").length, 2)
    }).pipe(Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("ends with 1 when a host that was named does not answer, after it has shown the others", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      yield* life
      yield* memory.powerCut("host-2")
      const told = yield* Effect.fork(ps("--hosts", "host-1,host-2", "--json"))
      yield* TestClock.adjust("15 seconds")
      const { code, err, out } = yield* Fiber.join(told)
      assert.strictEqual(code, 1)
      assert.include(err, "no answer from host-2\n  | host-2: ")
      const { runtimes } = yield* Schema.decode(Schema.parseJson(Ledgers.Ledgers))(out)
      assert.deepStrictEqual(runtimes.map(({ host, lease, ports, state }) => ({ host, lease, ports, state })), [
        { host: "host-1", lease: 20, ports: [8786], state: "held" }
      ])
      const from = yield* Effect.fork(ps())
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* Fiber.join(from)).code, 0)
    }).pipe(Effect.scoped, Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("says so where nothing runs, and prints it as data under --json", () =>
    Effect.gen(function*() {
      const people = yield* ps()
      assert.deepStrictEqual([people.code, people.out], [0, ""])
      assert.strictEqual(people.err, "Nothing of lazycluster runs on (manager), host-1, host-2.\n")
      const data = yield* ps("--json")
      assert.deepStrictEqual(JSON.parse(data.out), { runtimes: [], unreadable: [], unreachable: [] })
    }).pipe(InMemorySsh.check(hosts)))
})
