/** What ports, facts, groups and the manager promise, on hosts of every kind. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as HostFilter from "../../src/runtimes/HostFilter.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../../src/runtimes/RuntimeManager.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import { eventually } from "../patience.ts"
import { askAt, echo, isRefused, server } from "../runtimes/exposeSockets.ts"
import { greeter } from "./greeter.ts"
import { Hosts, type Scenarios, services } from "./Hosts.ts"

const both = Effect.flatMap(Hosts, ({ names }) => RuntimeGroup.make(names))

const command = (line: string, name?: string) => RuntimeTask.make(name).pipe(RuntimeTask.runCommand(line))

const aliases = (group: RuntimeGroup.RuntimeGroup) => group.runtimes.map(({ host }) => host.alias)

/** What a client on a host hears from a port there. */
const heardOn = (host: number, port: number) =>
  Effect.flatMap(
    Hosts,
    ({ outside }) => outside(host, ["bash", "-c", `exec 3<> /dev/tcp/127.0.0.1/${port}; timeout 10 cat <&3`])
  )

/** The config of the hosts, with one that nobody answers for and the first host under a second name. */
const widened = Effect.gen(function*() {
  const { configFile, here, names: [one] } = yield* Hosts
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(configFile)
  const block = text.split(/^(?=Host )/m).find((part) => part.startsWith(`Host ${one}\n`)) ?? ""
  assert.isAbove(block.length, 0)
  const again = block.replace(`Host ${one}\n`, `Host ${one}-again\n`)
  const gone = "Host gone\n  HostName nowhere.invalid\n"
  const file = `${here}/widened-config`
  yield* fs.writeFileString(file, [text, again, gone, "Host *.pattern !not\n  User nobody\n"].join("\n"), {
    mode: 0o600
  })
  return file
})

export const groupPromises: Scenarios = {
  "a port of the manager on a host, and back on the manager; both go with the scope": Effect.gen(function*() {
    const { names: [host] } = yield* Hosts
    const runtime = yield* Runtime.make(host)
    const back = yield* Effect.scoped(Effect.gen(function*() {
      const port = yield* server((socket) => socket.end("of the manager"))
      const there = yield* Expose.toRuntime(runtime, port, { at: "any" })
      assert.strictEqual(yield* heardOn(0, there.port), "of the manager")
      const greeting = yield* greeter(runtime, "of the host")
      const here = yield* Expose.fromRuntime(runtime, greeting, { at: "any" })
      yield* eventually(Effect.filterOrFail(askAt({ port: here.port }, ""), (text) => text === "of the host"))
      return { here: here.port, there: there.port }
    }))
    yield* eventually(Effect.filterOrFail(isRefused({ port: back.here }), (refused) => refused))
    yield* eventually(Effect.flip(heardOn(0, back.there)))
  }),

  "a member's service on the rest of its group, the manager's on all, on one number": Effect.gen(function*() {
    const { names: [one, two] } = yield* Hosts
    const group = yield* both
    const runtime = yield* RuntimeGroup.get(group, one)
    const greeting = yield* greeter(runtime, `of ${one}`)
    const there = yield* Expose.fromRuntimeToGroup(group, one, greeting, { at: "any" })
    assert.deepStrictEqual(there.routes.map(({ from }) => from.alias), [two])
    yield* eventually(Effect.filterOrFail(heardOn(1, there.port), (text) => text === `of ${one}`))

    const port = yield* server(echo("manager"))
    const all = yield* Expose.toGroup(group, port, { at: "any" })
    assert.deepStrictEqual(all.routes.map(({ from }) => from.alias), [one, two])
    const some = yield* Expose.toGroup(group, port, { at: "any", exclude: [one] })
    assert.deepStrictEqual(some.routes.map(({ from }) => from.alias), [two])
  }),

  "facts are what the host itself says, and filters go by them": Effect.gen(function*() {
    const { outside } = yield* Hosts
    const group = yield* both
    for (const [index, runtime] of group.runtimes.entries()) {
      const { facts } = runtime
      const says = (line: string) => Effect.map(outside(index, ["sh", "-c", line]), (text) => text.trim())
      assert.strictEqual(facts.hostname, yield* says("uname -n"))
      assert.strictEqual(facts.machine, yield* says("uname -m"))
      assert.strictEqual(`Python ${facts.python}`, yield* says("python3 --version"))
      assert.isAtMost(facts.cpus, Number(yield* says("nproc")))
      assert.isAtMost(facts.memory, Number(yield* says("awk '/^MemTotal/ {printf \"%.0f\", $2 * 1024}' /proc/meminfo")))
      assert.isAbove(facts.cpus, 0)
      assert.isAbove(facts.memory, 0)
      const lacks = (filter: HostFilter.HostRequirement) => HostFilter.check(runtime, filter)
      assert.deepStrictEqual(
        yield* lacks({
          minCpuCores: facts.cpus,
          minMemory: facts.memory,
          installedExecutables: ["python3", "sh"],
          filterCommands: ["test -d /", "echo false"],
          where: ({ python }) => python.startsWith("3.")
        }),
        []
      )
      const all = yield* Effect.forEach([
        { minCpuCores: facts.cpus + 1 },
        { minMemory: facts.memory + 1 },
        { gpuRequired: facts.gpus.length === 0, minCpuCores: facts.gpus.length === 0 ? 0 : facts.cpus + 1 },
        { installedExecutables: ["no-such-program"] },
        { filterCommands: ["echo why >&2; false"] },
        { where: () => "it is a Tuesday" }
      ], lacks)
      assert.deepStrictEqual(all.map(({ length }) => length), [1, 1, 1, 1, 1, 1])
      assert.match(all[3]?.[0] ?? "", /no-such-program is not in its PATH/)
      assert.match(all[4]?.[0] ?? "", /exited with 1: why$/)
    }
  }),

  "a group includes, leaves out, runs on the named or the least busy, and on all": Effect.gen(function*() {
    const { names: [one, two] } = yield* Hosts
    const group = yield* both
    assert.deepStrictEqual(aliases(yield* RuntimeGroup.include(group, two)), [two])
    assert.deepStrictEqual(aliases(yield* RuntimeGroup.exclude(group, [two])), [one])
    const stranger = yield* Effect.flip(RuntimeGroup.include(group, "stranger"))
    assert.strictEqual(stranger.reason, "UnknownHost")
    assert.include(stranger.message, two)

    const busy = yield* RuntimeGroup.fork(group, command("until test -e go; do sleep 0.05; done", "busy"))
    assert.strictEqual(busy.host, one)
    const where = command("printf '%s' \"$WORKING_DIR\"", "where")
    assert.strictEqual((yield* RuntimeGroup.execute(group, where)).host, two)
    assert.strictEqual((yield* RuntimeGroup.execute(group, where, { host: one })).host, one)
    const outcomes = yield* RuntimeGroup.broadcast(group, where)
    const results = yield* Effect.forEach(outcomes, ({ result }) => result)
    assert.deepStrictEqual(
      results.map(({ executionLog, host }) => [host, executionLog[0]?.stdout]),
      group.runtimes.map(({ host, workingDirectory }) => [host.alias, workingDirectory])
    )
    const logs = new Set(results.map(({ logFile }) => logFile))
    assert.strictEqual(logs.size, 2)
    yield* RuntimeGroup.execute(group, command("touch go"), { host: one })
    yield* busy.result
    // What the original prints for its group; a join forgets it.
    const printed = yield* RuntimeGroup.log(group)
    assert.match(printed, new RegExp(`^Execution log of ${one}:\nLog of task busy on ${one}:\n`))
    assert.match(printed, new RegExp(`\nExecution log of ${two}:\n$`))
    assert.deepStrictEqual((yield* RuntimeGroup.join(group)).map(({ task }) => task), ["busy"])
  }),

  "a file goes to all members, a folder comes from each": Effect.gen(function*() {
    const { here, names, outside } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(`${here}/for-all.txt`, "for all\n")
    const group = yield* both
    yield* RuntimeGroup.sendFile(group, `${here}/for-all.txt`)
    for (const [index, { workingDirectory }] of group.runtimes.entries()) {
      assert.strictEqual(yield* outside(index, ["cat", `${workingDirectory}/for-all.txt`]), "for all\n")
      yield* outside(index, ["sh", "-c", `mkdir "$0/from" && echo ${names[index]} > "$0/from/name"`, workingDirectory])
    }
    yield* RuntimeGroup.getFile(group, "from", `${here}/collected`)
    for (const name of names) {
      assert.strictEqual(yield* fs.readFileString(`${here}/collected/${name}/from/name`), `${name}\n`)
    }
  }),

  "a member that is removed ends with all that it ran, and may come back": Effect.gen(function*() {
    const { names: [one, two], outside } = yield* Hosts
    const group = yield* both
    const [, second] = group.runtimes
    assert.isDefined(second)
    yield* RuntimeGroup.fork(group, command("echo $$ > ~/pid; exec sleep 1000", "long"), { host: two })
    const pid = (yield* eventually(Effect.filterOrFail(outside(1, ["sh", "-c", "cat ~/pid"]), (text) => text !== "")))
      .trim()
    const smaller = yield* RuntimeGroup.remove(group, two)
    assert.deepStrictEqual(aliases(smaller), [one])
    yield* Effect.flip(outside(1, ["sh", "-c", `kill -0 ${pid}`]))
    assert.deepStrictEqual(aliases(yield* RuntimeGroup.add(smaller, two)), [one, two])
    yield* outside(1, ["sh", "-c", "rm ~/pid"])
  }),

  "the manager tells hosts that cannot be used, finds a machine once, and prints all": Effect.gen(function*() {
    const { names: [one, two], outside } = yield* Hosts
    const configFile = yield* widened
    yield* Effect.gen(function*() {
      const group = yield* RuntimeManager.createGroup({ workingDirectory: "~/of the group" })
      assert.deepStrictEqual(aliases(group), [one, two])
      assert.deepStrictEqual(
        group.inactive.map(({ host, sameAs }) => [host, sameAs]).toSorted(),
        [["gone", undefined], [`${one}-again`, one]]
      )
      for (const { workingDirectory } of group.runtimes) assert.match(workingDirectory, /^\/.*\/of the group$/)
      const table = RuntimeGroup.table(group).split("\n")
      assert.match(table[0] ?? "", /^HOST +CORES +MEMORY/)
      assert.isTrue(table.some((line) => line.startsWith(one) && line.includes("3.")))
      assert.isTrue(table.some((line) => line.startsWith("gone") && line.includes("NameUnknown")))

      const chosen = yield* RuntimeManager.createGroup({
        excludeHosts: ["gone", `${one}-again`],
        filterCommands: [`test -e ~/chosen`]
      })
        .pipe(Effect.either)
      assert.isTrue(Either.isLeft(chosen))
      yield* outside(1, ["sh", "-c", "touch ~/chosen"])
      const only = yield* RuntimeManager.createGroup({ excludeHosts: ["gone"], filterCommands: ["test -e ~/chosen"] })
      assert.deepStrictEqual(aliases(only), [two])
      yield* outside(1, ["sh", "-c", "rm ~/chosen"])
    }).pipe(Effect.scoped, Effect.provide(services({ configFile })))
  })
}
