import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { eventually } from "../patience.ts"
import * as Fleet from "./Fleet.ts"

/** OpenSSH's own client, as a user of the fleet's ssh config would run it. */
const ssh = (fleet: Fleet.FleetService, ...args: ReadonlyArray<string>) =>
  Command.make("ssh", "-F", fleet.configFile, "-o", "BatchMode=yes", ...args).pipe(Command.env({ HOME: fleet.home }))

/** Standard output and exit code. */
const run = (command: Command.Command) =>
  Effect.scoped(Effect.gen(function*() {
    const child = yield* Command.start(command)
    const [stdout, , code] = yield* Effect.all(
      [child.stdout.pipe(Stream.decodeText(), Stream.mkString), Stream.runDrain(child.stderr), child.exitCode],
      { concurrency: 3 }
    )
    return { stdout, code }
  }))

/** A command that goes on until its scope closes; succeeds once it has said something. */
const hold = (command: Command.Command) =>
  Effect.gen(function*() {
    const spoken = yield* Deferred.make<string>()
    const child = yield* Command.start(command)
    yield* child.stdout.pipe(
      Stream.decodeText(),
      Stream.runForEach((text) => Deferred.succeed(spoken, text)),
      Effect.forkScoped
    )
    yield* Effect.raceFirst(Deferred.await(spoken), Effect.flatMap(child.exitCode, (code) => Effect.fail(code)))
    return child
  })

const dial = (address: string, port: number) =>
  [
    "python3",
    "-c",
    "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)",
    address,
    String(port)
  ] as const

describe.skipIf(!Fleet.available)("Fleet", () => {
  layer(Fleet.layer(), { excludeTestServices: true })("three hosts", (it) => {
    it.effect("each is reached over SSH, and exit codes come back", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        for (const [index, host] of fleet.hosts.entries()) {
          const code = index + 4
          const answer = yield* run(ssh(fleet, host, `hostname; exit ${code}`))
          assert.deepStrictEqual(answer, { stdout: `${host}\n`, code })
        }
      }).pipe(Effect.provide(NodeContext.layer)))

    it.effect("counts the connections that a host accepted and those that it holds", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const before = yield* fleet.accepted(1)
        yield* run(ssh(fleet, "host1", "true"))
        yield* hold(ssh(fleet, "host1", "echo here; exec sleep 1000"))
        assert.strictEqual((yield* fleet.accepted(1)) - before, 2)
        // The shell may still be the one that said it, and the first connection may not be quite gone.
        yield* eventually(Effect.gen(function*() {
          assert.strictEqual(yield* fleet.connections(1), 1)
          const commands = (yield* fleet.processes(1)).map((process) => process.command)
          assert.include(commands, "sleep 1000")
          assert.isTrue(commands.every((command) => command === "sleep 1000" || command.startsWith("sshd: root")))
        }))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

    it.effect("lists the processes and ports of a host, and none of its own", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        assert.deepStrictEqual(yield* fleet.processes(2), [])
        assert.deepStrictEqual(yield* fleet.listening(2), [])
        const listen =
          "import socket, time; s = socket.create_server(('127.0.0.1', 8786)); print(1, flush=True); time.sleep(99)"
        yield* fleet.exec(2, [
          "sh",
          "-c",
          `python3 -c "$1" >/tmp/said 2>&1 & until [ -s /tmp/said ]; do sleep 0.1; done`,
          "sh",
          listen
        ])
        assert.deepStrictEqual(yield* fleet.listening(2), ["127.0.0.1:8786"])
        const [only, ...others] = yield* fleet.processes(2)
        assert.deepStrictEqual(others, [])
        assert.include(only?.command, "time.sleep(99)")
        yield* fleet.exec(2, ["kill", "-9", String(only?.pid)])
      }))

    it.effect("hosts cannot reach one another until they may", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const refused = yield* Effect.flip(fleet.exec(1, dial("10.77.0.2", 22)))
        assert.match(refused.detail, /No route to host|timed out/)
        yield* Effect.acquireUseRelease(
          fleet.isolate(false),
          () => fleet.exec(1, dial("10.77.0.2", 22)),
          () => Effect.orDie(fleet.isolate(true))
        )
        yield* Effect.flip(fleet.exec(1, dial("10.77.0.2", 22)))
      }))

    it.effect("only port 22 of a host is open, and the manager's side has none for hosts", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* fleet.exec(3, ["sh", "-c", "setsid nc -lk 10.77.0.3 9000 </dev/null >/dev/null 2>&1 &"])
        const dialled = fleet.manager(dial("10.77.0.3", 9000))
        assert.match((yield* Effect.flip(dialled)).detail, /refused/)
        yield* Effect.acquireUseRelease(
          fleet.sshOnly(false),
          () => Effect.retry(dialled, { times: 20 }),
          () => Effect.orDie(fleet.sshOnly(true))
        )
        assert.match((yield* Effect.flip(dialled)).detail, /refused/)
        assert.match((yield* Effect.flip(fleet.exec(3, dial("10.77.0.254", 22)))).detail, /refused/)
        const [listener] = yield* fleet.processes(3)
        yield* fleet.exec(3, ["kill", "-9", String(listener?.pid)])
      }).pipe(Effect.provide(NodeContext.layer)))

    it.effect("a host has no name service, no way out, and no package index", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        assert.strictEqual((yield* Effect.flip(fleet.exec(1, ["getent", "hosts", "pypi.org"]))).code, 2)
        assert.include((yield* Effect.flip(fleet.exec(1, ["ip", "route", "get", "1.1.1.1"]))).detail, "unreachable")
        assert.strictEqual(yield* fleet.exec(1, ["cat", "/etc/resolv.conf"]), "nameserver 127.0.0.1\n")
        assert.strictEqual(
          yield* fleet.exec(1, ["sh", "-c", "cat /etc/pip.conf /root/.config/pip/pip.conf 2>/dev/null || :"]),
          ""
        )
      }))

    it.effect("each host has its own HOME, /tmp, /var/tmp and boot id", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const fs = yield* FileSystem.FileSystem
        yield* fleet.exec(1, ["sh", "-c", "echo 1 | tee ~/mine /tmp/mine /var/tmp/mine"])
        for (const place of ["home", "tmp", "var-tmp"]) {
          assert.strictEqual(yield* fs.readFileString(`${fleet.disk(1)}/${place}/mine`), "1\n")
          assert.isFalse(yield* fs.exists(`${fleet.disk(2)}/${place}/mine`))
        }
        yield* Effect.flip(fleet.exec(2, ["ls", fleet.disk(1)]))
        const boot = (host: number) => fleet.exec(host, ["cat", "/proc/sys/kernel/random/boot_id"])
        assert.notStrictEqual(yield* boot(1), yield* boot(2))
      }).pipe(Effect.provide(NodeContext.layer)))

    it.effect("a cut cable is silent, and the connection goes on once it is back", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const child = yield* hold(ssh(fleet, "host1", "echo here; read line; exit 7"))
        yield* fleet.cut(1)
        assert.strictEqual((yield* run(ssh(fleet, "-o", "ConnectTimeout=1", "host1", "true"))).code, 255)
        assert.isTrue(yield* child.isRunning)
        assert.strictEqual(yield* fleet.connections(1), 1)
        yield* fleet.join(1)
        yield* Stream.run(Stream.encodeText(Stream.make("go\n")), child.stdin)
        assert.strictEqual(yield* child.exitCode, 7)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

    it.effect("a power cut is silent and ends all; the disk is there after the next boot", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* fleet.exec(2, ["sh", "-c", "echo kept >/tmp/kept"])
        const booted = yield* fleet.exec(2, ["cat", "/proc/sys/kernel/random/boot_id"])
        const child = yield* hold(ssh(fleet, "host2", "echo here; exec sleep 1000"))
        yield* fleet.kill(2)
        assert.strictEqual((yield* run(ssh(fleet, "-o", "ConnectTimeout=1", "host2", "true"))).code, 255)
        assert.isTrue(yield* child.isRunning)
        yield* fleet.boot(2)
        assert.deepStrictEqual(yield* fleet.processes(2), [])
        assert.strictEqual(yield* fleet.accepted(2), 0)
        assert.strictEqual((yield* run(ssh(fleet, "host2", "cat /tmp/kept"))).stdout, "kept\n")
        assert.notStrictEqual(yield* fleet.exec(2, ["cat", "/proc/sys/kernel/random/boot_id"]), booted)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

    const sessionsOf = (fleet: Fleet.FleetService, count: number) =>
      Effect.gen(function*() {
        const control = ["-S", `${fleet.home}/${count}`]
        yield* hold(ssh(fleet, ...control, "-M", "host3", "echo here; exec sleep 1000"))
        const session = ssh(fleet, ...control, "-o", "ProxyCommand=false", "host3", "echo here; exec sleep 1000")
        yield* Effect.forEach(Array.from({ length: count - 1 }), () => hold(session), { concurrency: 3 })
        return ssh(fleet, ...control, "-o", "ProxyCommand=false", "host3", "true")
      })

    it.effect("a connection holds ten sessions, and an eleventh is refused", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const before = yield* fleet.accepted(3)
        const eleventh = yield* sessionsOf(fleet, 10)
        assert.strictEqual((yield* run(eleventh)).code, 255)
        assert.strictEqual((yield* fleet.accepted(3)) - before, 1)
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
  })

  it.scopedLive("options reach sshd", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({
        hosts: 1,
        maxSessions: 2,
        maxStartups: "3:40:50",
        gatewayPorts: "clientspecified"
      })
      const settings = yield* fleet.exec(1, ["/usr/sbin/sshd", "-T"])
      for (const line of ["maxsessions 2", "maxstartups 3:40:50", "gatewayports clientspecified"]) {
        assert.include(settings.split("\n"), line)
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("leaves no namespace, process or directory, whatever happened to it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const scope = yield* Scope.make()
      const fleet = yield* Fleet.make({ hosts: 3 }).pipe(Scope.extend(scope))
      const namespace = /--net=(\S+)-0 nc/.exec(yield* fs.readFileString(fleet.configFile))?.[1] ?? ""
      const name = namespace.slice(namespace.lastIndexOf("/") + 1)
      yield* fleet.kill(1)
      yield* fleet.cut(2)
      yield* fleet.exec(3, ["sh", "-c", "setsid sleep 1000 </dev/null >/dev/null 2>&1 &"])
      const client = yield* Effect.fork(run(ssh(fleet, "host3", "exec sleep 1000")))
      assert.include((yield* run(Command.make("ip", "netns", "list"))).stdout, name)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(client)).code, 255)
      assert.notInclude((yield* run(Command.make("ip", "netns", "list"))).stdout, name)
      assert.isFalse(yield* fs.exists(fleet.home))
      assert.isFalse(yield* fs.exists(fleet.disk(1)))
      assert.notInclude((yield* run(Command.make("ps", "-eo", "args"))).stdout, name)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("removes what a killed run left", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const script = new URL("fleet.sh", import.meta.url).pathname
      // The owner is this shell, which ends with the command.
      const left = `FLEET_RUN=left-$$ FLEET_OWNER=$$ bash "$0" up 1 && echo left-$$`
      const name = (yield* run(Command.make("sh", "-c", left, script))).stdout.trim()
      const directory = `/var/tmp/lazycluster-fleet/${name}`
      assert.isTrue(yield* fs.exists(directory))
      yield* Fleet.make({ hosts: 1 })
      assert.isFalse(yield* fs.exists(directory))
      assert.notInclude((yield* run(Command.make("ip", "netns", "list"))).stdout, name)
    }).pipe(Effect.provide(NodeContext.layer)))
})
