/** Bad input on real sshd hosts: a typed error with a hint, and every host as it was before. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import ssh2 from "ssh2"
import * as Cluster from "../../src/clusters/Cluster.ts"
import { ClusterPlan, type ProcessPlan } from "../../src/clusters/ClusterPlan.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as Host from "../../src/services/Host.ts"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { type Explained, fails, processesWith, run } from "./faulty.ts"
import { arrives } from "./quotingCases.ts"

const three = [1, 2, 3]

/** What a host holds: processes, ports, directories of state and of temporary files. */
const held = Effect.gen(function*() {
  const fleet = yield* Fleet.Fleet
  return yield* Effect.forEach(three, (host) =>
    Effect.gen(function*() {
      const script = "ls -A /root/.local/state/lazycluster /tmp /var/tmp 2>/dev/null"
      const directories = yield* fleet.exec(host, ["sh", "-c", `${script}; true`])
      const commands = (yield* fleet.processes(host)).map(({ command }) => command)
      return { commands, ports: yield* fleet.listening(host), directories: directories.split("\n").filter(Boolean) }
    }))
})

/** Everything is as it was before. */
const undone = (before: Effect.Effect.Success<typeof held>) =>
  eventually(Effect.map(held, (after) => assert.deepStrictEqual(after.map(known), before.map(known))), 60, 100)

/** A state directory that is empty is as good as none. */
const known = (host: Effect.Effect.Success<typeof held>[number]) => ({
  ...host,
  directories: host.directories.filter((line) => line !== "/root/.local/state/lazycluster:")
})

const services = (fleet: Fleet.FleetService, file: string, ssh: Lazycluster.Options["ssh"]) =>
  Lazycluster.layerOf({
    sshConfig: { file },
    ssh,
    executionLog: { directory: `${fleet.home}/lazycluster` }
  }).pipe(Layer.orDie)

/** Settings of a host that win over those of the fleet's own config. */
const configure = (settings: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    const fs = yield* FileSystem.FileSystem
    const file = `${fleet.home}/config-${crypto.randomUUID()}`
    const lines = Object.entries(settings).map(([key, value]) => `  ${key} ${value}\n`).join("")
    yield* fs.writeFileString(file, `Host host1\n${lines}\n${yield* fs.readFileString(fleet.configFile)}`)
    return file
  })

type Program<A, E> = Effect.Effect<A, E, Lazycluster.Lazycluster | Scope.Scope>

const failsWith = <A, E extends Explained>(
  program: Program<A, E>,
  options: { readonly host1?: Readonly<Record<string, string>>; readonly ssh?: Lazycluster.Options["ssh"] } = {}
) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    const before = yield* held
    const file = yield* configure(options.host1 ?? {})
    const { error, reports } = yield* fails(
      Effect.provide(Effect.scoped(program), services(fleet, file, options.ssh))
    )
    yield* undone(before)
    const ours = yield* Effect.forEach(reports, ({ runtime }) => processesWith(`LAZYCLUSTER_LEASE=${runtime}`))
    assert.deepStrictEqual(ours.flat(), [])
    return error
  })

const is = (error: Explained, tag: string, reason: string) =>
  assert.deepStrictEqual([error._tag, error.reason, error.host], [tag, reason, "host1"])

const use = Runtime.make("host1")

/** Changes a host for as long as the scope is open. */
const changed = (
  host: number,
  change: readonly [string, ...Array<string>],
  back: readonly [string, ...Array<string>]
) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    yield* Effect.acquireRelease(fleet.exec(host, change), () => Effect.orDie(fleet.exec(host, back)))
  })

/** What a bind mount over a link covers is its target. */
const python = "$(readlink -f /usr/bin/python3)"
const withoutPython = changed(
  1,
  ["sh", "-c", `mount --bind /dev/null ${python}`],
  ["sh", "-c", `umount ${python}`]
)

const raising = PythonFunction.make({
  source: "def check(x):\n    raise ValueError(f'{x} is too much')",
  args: { x: Schema.Int },
  returns: Schema.Int
})

describe.skipIf(!Fleet.available)("on real hosts", () => {
  layer(Layer.merge(Fleet.layer(), NodeContext.layer), { excludeTestServices: true })("a host", (it) => {
    it.scoped("that drops packets: within its ConnectTimeout", () =>
      Effect.gen(function*() {
        const drop =
          "nft 'add table inet faults; add chain inet faults in { type filter hook input priority 0; }; add rule inet faults in tcp dport 22 drop'"
        yield* changed(1, ["sh", "-c", drop], ["nft", "delete", "table", "inet", "faults"])
        const error = yield* failsWith(use, { host1: { ConnectTimeout: "2" }, ssh: { connectTimeout: "1 hour" } })
        is(error, "SshError", "Timeout")
        assert.include(error.message, "within 2s")
      }))

    it.scoped("whose cable is cut: within the timeout of the program", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* Effect.acquireRelease(fleet.cut(1), () => Effect.orDie(fleet.join(1)))
        is(yield* failsWith(use, { ssh: { connectTimeout: "1500 millis" } }), "SshError", "Timeout")
      }))

    it.scoped("where nothing listens on the port: the proxy's end is told", () =>
      Effect.gen(function*() {
        const error = yield* failsWith(use, { host1: { Port: "2222" } })
        is(error, "SshError", "Unreachable")
        assert.include(error.message, "10.77.0.1 2222")
      }))

    it.scoped("that does not know our key", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const fs = yield* FileSystem.FileSystem
        const file = `${fleet.home}/other-key`
        const { private: key } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 })
        yield* fs.writeFileString(file, key, { mode: 0o600 })
        // The fleet's config names a key as well, and IdentityFile adds up: this one is alone in its file.
        const text = (yield* fs.readFileString(fleet.configFile)).replace(
          /^ {2}IdentityFile .*$/m,
          `  IdentityFile ${file}`
        )
        const config = `${fleet.home}/config-other-key`
        yield* fs.writeFileString(config, text)
        const before = yield* held
        const { error } = yield* fails(Effect.provide(Effect.scoped(use), services(fleet, config, undefined)))
        is(error, "SshError", "Authentication")
        assert.include(error.message, file)
        yield* undone(before)
      }))

    it.scoped("whose key is unknown, or another than is known", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const fs = yield* FileSystem.FileSystem
        const file = `${fleet.home}/known-${crypto.randomUUID()}`
        yield* fs.writeFileString(file, "")
        is(yield* failsWith(use, { host1: { UserKnownHostsFile: file } }), "SshError", "HostKeyUnknown")
        const ours = yield* fs.readFileString(`${fleet.home}/.ssh/known_hosts`)
        const other = /^10\.77\.0\.3\S* (.*)$/m.exec(ours)?.[1]
        assert.isDefined(other)
        yield* fs.writeFileString(file, `10.77.0.1 ${other}\n`)
        for (const StrictHostKeyChecking of ["yes", "accept-new", "no"]) {
          const host1 = { UserKnownHostsFile: file, StrictHostKeyChecking }
          const error = yield* failsWith(use, { host1, ssh: { hostKeys: "accept-new" } })
          is(error, "SshError", "HostKeyChanged")
          assert.include(error.message, `${file}:1`)
        }
        assert.strictEqual(yield* fs.readFileString(file), `10.77.0.1 ${other}\n`)
      }))

    it.scoped("whose working directory is on a file system that is read-only, or no directory", () =>
      Effect.gen(function*() {
        yield* changed(
          1,
          ["sh", "-c", "mkdir -p /var/tmp/ro && mount -t tmpfs -o ro none /var/tmp/ro"],
          ["sh", "-c", "umount /var/tmp/ro && rmdir /var/tmp/ro"]
        )
        for (const workingDirectory of ["/var/tmp/ro", "/var/tmp/ro/below", "/etc/hostname", "/proc/work"]) {
          const error = yield* failsWith(Runtime.make("host1", { workingDirectory }))
          is(error, "RuntimeError", "WorkingDirectory")
          assert.include(error.message, workingDirectory)
        }
      }))

    it.scoped("whose home has no room", () =>
      Effect.gen(function*() {
        yield* changed(
          1,
          ["sh", "-c", "mkdir -p ~/.local && mount -t tmpfs -o size=4k,nr_inodes=3 none ~/.local"],
          ["sh", "-c", "umount ~/.local"]
        )
        const error = yield* failsWith(use)
        is(error, "RuntimeError", "State")
        assert.include(error.message, "/root/.local/state/lazycluster")
      }))

    it.scoped("without Python", () =>
      Effect.gen(function*() {
        yield* withoutPython
        const called = yield* failsWith(Effect.flatMap(use, (runtime) => FunctionCall.call(runtime, raising, { x: 1 })))
        is(called, "FunctionError", "Interpreter")
        assert.include(called.hint, "install Python 3")
        const environment = PythonEnvironment.make({ packages: ["toolz==1.2.0"] })
        const made = yield* failsWith(
          Effect.flatMap(use, (runtime) => PythonEnvironment.provision(environment, runtime))
        )
        is(made, "PythonEnvironmentError", "NoPython")
      }))

    it.scoped("without an index, for a package that the manager does not find either", () =>
      Effect.gen(function*() {
        const environment = PythonEnvironment.make({ packages: ["toolz==0.0.0.1"] })
        const error = yield* failsWith(Effect.gen(function*() {
          const manager = yield* Runtime.manager()
          return yield* PythonEnvironment.provision(environment, yield* use, { manager })
        }))
        is(error, "PythonEnvironmentError", "Download")
        assert.include(error.message, "toolz==0.0.0.1")
      }))

    it.scoped("where a function raises", () =>
      Effect.gen(function*() {
        const task = RuntimeTask.make("check").pipe(RuntimeTask.runFunction(raising, { x: 7 }))
        const error = yield* failsWith(Effect.flatMap(use, (runtime) => Runtime.execute(runtime, task)))
        is(error, "TaskError", "Function")
        for (const text of ["ValueError", "7 is too much", "line 2, in check"]) assert.include(error.message, text)
      }))
  })

  layer(Layer.merge(Fleet.layer(), NodeContext.layer), { excludeTestServices: true })("a group", (it) => {
    const dark = Effect.gen(function*() {
      const fleet = yield* Fleet.Fleet
      yield* Effect.acquireRelease(fleet.cut(1), () => Effect.orDie(fleet.join(1)))
    })
    const hosts = ["host1", "host2", "host3"]
    const ssh = { connectTimeout: "2 seconds" } as const

    it.scoped("with a dark host: under `all` the other two are undone", () =>
      Effect.gen(function*() {
        yield* dark
        const error: Explained = yield* failsWith(RuntimeGroup.make(hosts), { ssh })
        is(error, "SshError", "Timeout")
      }))

    it.scoped("with a dark host: fewer than the quorum", () =>
      Effect.gen(function*() {
        yield* dark
        const error = yield* failsWith(RuntimeGroup.make(hosts, { policy: { quorum: 3 } }), { ssh })
        assert.deepStrictEqual([error._tag, error.reason], ["GroupError", "Quorum"])
        for (const text of ["2 of 3 hosts", "host1: connect, Timeout"]) assert.include(error.message, text)
      }))

    it.scoped("with a dark host: under `bestEffort` the others stay, and go with the scope", () =>
      Effect.gen(function*() {
        yield* dark
        const fleet = yield* Fleet.Fleet
        const before = yield* held
        const group = RuntimeGroup.make(hosts, { policy: "bestEffort" })
        const { exit } = yield* run(Effect.provide(Effect.scoped(group), services(fleet, fleet.configFile, ssh)))
        const { inactive, runtimes } = yield* exit
        assert.deepStrictEqual(runtimes.map(({ host }) => host.alias), ["host2", "host3"])
        assert.deepStrictEqual(inactive.map(({ host }) => host), ["host1"])
        assert.match(inactive[0]?.message ?? "", /Timeout/)
        yield* undone(before)
      }))
  })

  const process = (id: string, place: string, argv: ProcessPlan["argv"]): ProcessPlan => ({
    id,
    role: id === "master" ? "master" : "worker",
    place,
    argv,
    env: {},
    // Below are those of the same tests on the Sandbox, which may run at the same time.
    ports: [{ name: "comm", from: 61200, to: 61202 }],
    ready: { _tag: "Tcp", port: "comm" },
    deadline: 30
  })
  const server = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(1000)"
  const serving = (id: string, place: string) =>
    process(id, place, ["python3", "-c", server, [{ _tag: "Port", process: id, name: "comm" }]])

  const start = (processes: ReadonlyArray<ProcessPlan>) =>
    Effect.gen(function*() {
      const manager = yield* Runtime.manager()
      const group = yield* RuntimeGroup.make(["host1", "host2"])
      const routes = processes.map(({ id, place }) => ({
        process: id,
        port: "comm",
        places: [Host.manager.alias, "host1", "host2"].filter((other) => other !== place)
      }))
      const plan = ClusterPlan.make({ engine: "Test", processes, routes, environments: [], equal: [] })
      return yield* Cluster.start(plan, { manager, group })
    })

  layer(Layer.merge(Fleet.layer(), NodeContext.layer), { excludeTestServices: true })("a cluster", (it) => {
    it.scoped("whose worker exits at once: its last lines, and all of its tunnels and processes gone", () =>
      Effect.gen(function*() {
        const worker = process("worker", "host1", ["sh", "-c", "echo one; echo two >&2; exit 3"])
        const error = yield* failsWith(start([serving("master", Host.manager.alias), serving("good", "host2"), worker]))
        is(error, "ClusterError", "Exited")
        for (const text of ["code 3", "  | one", "  | two"]) assert.include(error.message, text)
      }))

    it.scoped("whose ports are taken on one of the machines that need them", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const hold =
          "import socket, time; s = [socket.create_server(('127.0.0.1', 61200 + i)) for i in range(3)]; open('/tmp/held', 'w').write('x'); time.sleep(1000)"
        yield* Effect.acquireRelease(
          fleet.exec(2, [
            "sh",
            "-c",
            "python3 -c \"$1\" >/dev/null 2>&1 & echo $! >/tmp/holder; until [ -s /tmp/held ]; do sleep 0.05; done",
            "sh",
            hold
          ]),
          () => Effect.orDie(fleet.exec(2, ["sh", "-c", "kill $(cat /tmp/holder); rm /tmp/holder /tmp/held"]))
        )
        const error = yield* failsWith(start([serving("worker", "host1")]))
        is(error, "ClusterError", "NoPort")
        for (const text of ["61200-61202", "  | host2 cannot bind 61200, 61201, 61202"]) {
          assert.include(error.message, text)
        }
      }))
  })

  layer(Layer.merge(Fleet.layer({ hosts: 3 }), NodeContext.layer), { excludeTestServices: true })("quoting", (it) => {
    it.scoped("a thousand generated arguments, values and paths arrive byte for byte", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const before = yield* held
        const { exit } = yield* run(
          Effect.flatMap(use, arrives).pipe(Effect.scoped, Effect.provide(services(fleet, fleet.configFile, undefined)))
        )
        yield* exit
        yield* undone(before)
      }))
  })
})
