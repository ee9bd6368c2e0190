import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Protocol from "../../../src/services/GuardianProtocol.ts"
import * as HostFacts from "../../../src/services/HostFacts.ts"
import { Ssh } from "../../../src/services/Ssh.ts"
import type { Commands } from "../../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../../src/testing/InMemorySsh.ts"
import { guardian, host, jobText, run, start, text } from "../memoryClient.ts"

const connect = Effect.flatMap(Ssh, (ssh) => ssh.connect(host("host-1")))

const words = (take: string, id: string, options: { readonly directory?: string; readonly seen?: number } = {}) => [
  take,
  id,
  options.directory ?? "",
  "10",
  String(options.seen ?? 0)
]

const commands: Commands = {
  worker: () => Effect.never,
  speaker: ({ argv, stderr, stdout }) => Effect.as(Effect.zipRight(stdout(`${argv[1]}\n`), stderr("oh\n")), 3),
  stubborn: ({ ignore }) => Effect.zipRight(ignore("TERM"), Effect.never),
  stuck: ({ ignore }) => Effect.zipRight(ignore("TERM"), Effect.zipRight(ignore("KILL"), Effect.never)),
  daemon: ({ spawn }) => Effect.as(spawn(["worker"], { detached: true }), 0),
  // Ray's agents: the marker is gone, the session is not.
  disguised: ({ spawn }) => Effect.zipRight(spawn(["worker"], { env: {} }), Effect.never)
}

const hosts = (more: Partial<Parameters<typeof layer>[0][number] & object> = {}) =>
  layer([{ ...more, alias: "host-1" }], { commands })

const argvs = Effect.gen(function*() {
  const all = yield* (yield* InMemorySsh).processes("host-1")
  return all.map(({ argv }) => argv.join(" ")).filter((line) => !line.startsWith("lazycluster-"))
})

describe("a guardian in memory", () => {
  it.scoped("tells facts that the manager can read, then where it is", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, ["new", "a", "", "10", "0", "uv", "worker", "none"])
      assert.strictEqual(client.answer, "ready /home/user/.local/state/lazycluster/a\t/tmp/lazycluster-a.memory")
    }).pipe(Effect.provide(hosts())))

  it.scoped("the lines of its facts are those of the host's options", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* connection.exec({
        program: { name: "guardian", language: "sh", source: "" },
        words: ["new", "a", "", "10", "0", "uv", "worker", "none"]
      })
      yield* process.endInput
      const lines = (yield* text(process.stdout)).split("\n").flatMap((line) => Option.toArray(Protocol.parse(line)))
      const facts = yield* HostFacts.fromLines(
        "host-1",
        lines.flatMap((message) => message._tag === "Fact" ? [[message.key, message.value] as const] : [])
      )
      const expected = yield* Effect.flatMap(InMemorySsh, (hosts) => hosts.facts("host-1"))
      assert.deepStrictEqual({ ...facts }, {
        ...expected,
        cpus: 1.5,
        executables: { uv: "/opt/uv", worker: "/usr/bin/worker" }
      })
    }).pipe(Effect.provide(hosts({
      facts: {
        cpus: 1.5,
        gpus: [HostFacts.Gpu.make({ index: 0, name: "H100", memory: 1024 ** 3 })],
        executables: { uv: "/opt/uv" }
      }
    }))))

  it.scoped("a temporary directory goes with it, a given one stays; nothing else is left", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const files = yield* panel.files("host-1")
      const connection = yield* connect
      const temporary = yield* guardian(connection, words("new", "a"))
      const given = yield* guardian(connection, words("new", "b", { directory: "~/deep/work" }))
      assert.strictEqual(given.directory, "/home/user/deep/work")
      assert.strictEqual(Option.getOrThrow(yield* files.stat(temporary.directory)).mode, 0o700)
      yield* temporary.say("end 10")
      assert.deepStrictEqual(yield* temporary.until("ended"), [
        "report ended 0",
        "report killed 0",
        `report removed ${temporary.directory}`,
        "ended"
      ])
      yield* given.say("end 10")
      assert.include(yield* given.until("ended"), "report kept /home/user/deep/work")
      assert.isTrue(Option.isSome(yield* files.stat(given.directory)))
      yield* given.process.exit
      assert.deepStrictEqual(yield* panel.leftovers, [])
    }).pipe(Effect.provide(hosts())))

  it.scoped("refuses a directory that cannot be written, a state that cannot be made, an id that is taken", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const files = yield* panel.files("host-1")
      const connection = yield* connect
      yield* files.chmod("/locked", 0o500)
      assert.match(
        (yield* guardian(connection, words("new", "a", { directory: "/locked" }))).answer,
        /^refused directory /
      )
      const refused = yield* guardian(connection, words("new", "a", { directory: "/locked/b" }))
      assert.match(refused.answer, /^refused directory /)
      yield* refused.process.exit
      assert.deepStrictEqual(yield* panel.leftovers, [])
      yield* guardian(connection, words("new", "a"))
      assert.match((yield* guardian(connection, words("new", "a"))).answer, /^refused state /)
      yield* files.chmod(".local/state/lazycluster", 0o500)
      assert.match((yield* guardian(connection, words("new", "b"))).answer, /^refused state /)
    }).pipe(Effect.provide(hosts({ files: { "/locked/": "" } }))))

  it.scoped("writes the ledger for its owner alone, byte for byte", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, words("new", "a"))
      yield* client.say(`ledger {"a":"b\\\\\\\\n"}\\n`)
      yield* client.say("beat 1")
      assert.strictEqual(yield* client.next("beat"), "beat 1")
      const files = yield* Effect.flatMap(InMemorySsh, (panel) => panel.files("host-1"))
      assert.strictEqual(yield* text(files.readAll(`${client.state}.json`)), `{"a":"b\\\\n"}\n`)
      assert.strictEqual(Option.getOrThrow(yield* files.stat(`${client.state}.json`)).mode, 0o600)
    }).pipe(Effect.provide(hosts())))
})

describe("its processes", () => {
  it.scoped("start, print into files, exit with their code", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, words("new", "a"))
      const files = yield* Effect.flatMap(InMemorySsh, (panel) => panel.files("host-1"))
      yield* client.say(`start one ${jobText(["speaker", "it's\n$(x) \\ ü"], ["A=b"])}`)
      assert.match(yield* client.next("event"), /^event started one \d+ \d+$/)
      assert.strictEqual(yield* client.next("event"), "event exited one 3")
      assert.strictEqual(yield* text(files.readAll(`${client.state}/one.out`)), "it's\n$(x) \\ ü\n")
      assert.strictEqual(yield* text(files.readAll(`${client.state}/one.err`)), "oh\n")
      yield* client.say(`start lost ${jobText(["no-such"], [], "/no/where")}`)
      assert.strictEqual(yield* client.next("event exited"), "event exited lost 125")
      yield* client.say(`start none ${jobText(["no-such"])}`)
      assert.strictEqual(yield* client.next("event exited"), "event exited none 127")
      assert.strictEqual(yield* text(files.readAll(`${client.state}/none.err`)), "sh: 1: no-such: not found\n")
    }).pipe(Effect.provide(hosts())))

  it.scoped("a start that is said twice has one effect", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, words("new", "a"))
      yield* client.say(`start one ${jobText(["worker"])}`)
      yield* client.say(`start one ${jobText(["worker"])}`)
      yield* client.say("beat 1")
      yield* client.next("beat")
      assert.deepStrictEqual(yield* argvs, ["worker"])
    }).pipe(Effect.provide(hosts())))

  it.scoped("stop: TERM at once, KILL after the grace and no earlier", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, words("new", "a"))
      yield* client.say(`start soft ${jobText(["worker"])}`)
      yield* client.say("stop soft 50")
      assert.strictEqual(yield* client.next("event exited"), "event exited soft 143")
      yield* client.say(`start hard ${jobText(["stubborn"])}`)
      yield* client.next("event started hard")
      yield* client.say("stop hard 50")
      yield* TestClock.adjust("4900 millis")
      assert.deepStrictEqual(yield* argvs, ["stubborn"])
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* client.next("event exited"), "event exited hard 137")
    }).pipe(Effect.provide(hosts())))

  it.scoped("kill by the name that a process was started under", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, words("new", "a"))
      yield* client.say(`start worker-1 ${jobText(["worker"])}`)
      yield* client.say(`start worker-2 ${jobText(["worker"])}`)
      yield* client.next("event started worker-2")
      yield* (yield* InMemorySsh).kill("host-1", "worker-1")
      assert.strictEqual(yield* client.next("event exited"), "event exited worker-1 137")
      assert.deepStrictEqual(yield* argvs, ["worker"])
    }).pipe(Effect.provide(hosts())))

  it.scoped("halt ends a session that run recorded", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const client = yield* guardian(connection, words("new", "a"))
      const process = yield* start(connection, ["worker"], { sessions: `${client.state}/sessions` })
      const files = yield* Effect.flatMap(InMemorySsh, (panel) => panel.files("host-1"))
      yield* client.say("beat 1")
      yield* client.next("beat")
      const [pid, began] = (yield* text(files.readAll(`${client.state}/sessions`))).trim().split(" ")
      yield* client.say(`halt ${pid} ${began} 10`)
      assert.strictEqual(yield* client.next("halted"), `halted ${pid}`)
      assert.strictEqual((yield* process.exit).signal, "TERM")
      assert.strictEqual(yield* text(process.stdout), `lazycluster ${pid} ${began}\n`)
    }).pipe(Effect.provide(hosts())))

  it.scoped("end: the marked, the sessions, the daemons; the stubborn are killed, foreign ones stay", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const connection = yield* connect
      yield* start(connection, ["worker"])
      const client = yield* guardian(connection, words("new", "a"))
      yield* client.say(`start d ${jobText(["daemon"])}`)
      yield* client.say(`start r ${jobText(["disguised"])}`)
      yield* client.say(`start s ${jobText(["stubborn"])}`)
      yield* client.next("event exited d")
      yield* client.say("beat 1")
      yield* client.next("beat")
      assert.lengthOf(yield* argvs, 5)
      yield* client.say("end 20")
      yield* TestClock.adjust("2 seconds")
      const report = yield* client.until("ended")
      assert.includeMembers([...report], ["report ended 4", "report killed 1"])
      assert.deepStrictEqual(yield* argvs, ["worker"])
      assert.deepStrictEqual(yield* panel.leftovers, [])
    }).pipe(Effect.provide(hosts())))

  it.scoped("end finds a recorded session that carries no marker", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const client = yield* guardian(connection, words("new", "a"))
      const process = yield* start(connection, ["worker"], { sessions: `${client.state}/sessions` })
      yield* client.say("beat 1")
      yield* client.next("beat")
      yield* client.say("end 10")
      assert.include(yield* client.until("ended"), "report ended 1")
      assert.strictEqual((yield* process.exit).signal, "TERM")
    }).pipe(Effect.provide(hosts())))

  it.scoped("end tells the truth of what does not die, and so do the leftovers", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const client = yield* guardian(yield* connect, words("new", "a"))
      yield* client.say(`start u ${jobText(["stuck"])}`)
      const [, , , pid] = (yield* client.next("event started")).split(" ")
      yield* client.say("end 10")
      yield* TestClock.adjust("1 second")
      assert.include(yield* client.until("ended"), `report left ${pid} stuck`)
      assert.deepStrictEqual(yield* panel.leftovers, [`host-1: process ${pid} stuck`])
    }).pipe(Effect.provide(hosts())))

  it.scoped("two guardians do not touch one another's", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const [a, b] = [yield* guardian(connection, words("new", "a")), yield* guardian(connection, words("new", "b"))]
      yield* a.say(`start x ${jobText(["worker"])}`)
      yield* b.say(`start x ${jobText(["worker"])}`)
      yield* b.next("event started")
      yield* a.next("event started")
      yield* a.say("end 10")
      yield* a.next("ended")
      assert.deepStrictEqual(yield* argvs, ["worker"])
    }).pipe(Effect.provide(hosts())))
})

describe("the lease", () => {
  it.scoped("runs out on the clock when no beat comes, and takes all with it", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const connection = yield* connect
      const client = yield* guardian(connection, words("new", "a"))
      yield* client.say(`start x ${jobText(["worker"])}`)
      yield* client.next("event started")
      yield* TestClock.adjust("8 seconds")
      yield* client.say("beat 1")
      yield* client.next("beat")
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* argvs, ["worker"])
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* client.next("ready"), "closed")
      assert.deepStrictEqual(yield* panel.leftovers, [])
      assert.match((yield* guardian(yield* connect, words("resume", "a"))).answer, /^refused gone /)
    }).pipe(Effect.provide(hosts())))

  it.scoped("the end of the channel without `end` starts nothing but the lease", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const scope = yield* Scope.make()
      const client = yield* Scope.extend(Effect.flatMap(connect, (c) => guardian(c, words("new", "a"))), scope)
      yield* client.say(`start x ${jobText(["worker"])}`)
      yield* client.next("event started")
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* argvs, ["worker"])
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* panel.leftovers, [])
    }).pipe(Effect.provide(hosts())))

  it.scoped("resume takes over: same process, each event once, the dead connection's port free", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const first = yield* connect
      const client = yield* guardian(first, words("new", "a"))
      yield* client.say(`start x ${jobText(["worker"])}`)
      yield* client.say(`start y ${jobText(["worker"])}`)
      yield* client.next("event started y")
      yield* first.listen({ port: 8000 })
      yield* panel.cut("host-1")
      yield* panel.kill("host-1", "y")
      yield* TestClock.adjust("5 seconds")
      const second = yield* connect
      assert.strictEqual((yield* Effect.flip(second.listen({ port: 8000 }))).reason, "PortInUse")
      const again = yield* guardian(second, words("resume", "a", { seen: 2 }))
      assert.strictEqual(again.directory, client.directory)
      assert.strictEqual(yield* again.next("event"), "event exited y 137")
      assert.strictEqual((yield* second.listen({ port: 8000 })).port, 8000)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* argvs, ["worker"])
      yield* again.say("end 10")
      assert.include(yield* again.until("ended"), "report ended 1")
    }).pipe(Effect.provide(hosts())))

  it.scoped("a host that drops packets ends the runtime; the link is found dead when they pass again", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      const connection = yield* connect
      yield* guardian(connection, words("new", "a"))
      yield* panel.unreachable("host-1")
      yield* TestClock.adjust("13 seconds")
      assert.deepStrictEqual(yield* panel.leftovers, [])
      yield* panel.restore("host-1")
      assert.strictEqual((yield* Effect.flip(connection.lost)).reason, "LinkLost")
    }).pipe(Effect.provide(hosts())))

  it.scoped("renew from another connection keeps it", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const client = yield* guardian(connection, words("new", "a"))
      yield* client.say(`start x ${jobText(["worker"])}`)
      yield* TestClock.adjust("9 seconds")
      const renewal = yield* guardian(connection, ["renew", "a"])
      assert.deepStrictEqual(yield* renewal.until("nothing"), ["renewed", "closed"])
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* argvs, ["worker"])
    }).pipe(Effect.provide(hosts())))

  it.scoped("what a power cut left on the disk is swept by the next runtime", () =>
    Effect.gen(function*() {
      const panel = yield* InMemorySsh
      yield* guardian(yield* connect, words("new", "a"))
      yield* panel.powerCut("host-1")
      yield* TestClock.adjust("1 minute")
      yield* panel.boot("host-1")
      assert.lengthOf(yield* panel.leftovers, 2)
      assert.match((yield* guardian(yield* connect, words("resume", "a"))).answer, /^refused gone /)
      const next = yield* guardian(yield* connect, words("new", "b"))
      yield* next.say("end 10")
      yield* next.next("ended")
      yield* next.process.exit
      assert.deepStrictEqual(yield* panel.leftovers, [])
    }).pipe(Effect.provide(hosts())))

  it.scoped("output over the cap is dropped, and the manager is told how much", () =>
    Effect.gen(function*() {
      const client = yield* guardian(yield* connect, words("new", "a"))
      yield* client.say(`start x ${jobText(["flood"])}`)
      assert.strictEqual(yield* client.next("event cut"), `event cut x out ${17 * 1024 * 1024}`)
      assert.strictEqual((yield* run(yield* connect, ["cat", `${client.state}/x.out`])).stdout, "")
    }).pipe(Effect.provide(layer(["host-1"], {
      commands: {
        flood: ({ stdout }) => {
          const mebibyte = new Uint8Array(1024 * 1024)
          return Effect.as(Effect.forEach(Array.from({ length: 17 }), () => stdout(mebibyte), { discard: true }), 0)
        }
      }
    }))))
})
