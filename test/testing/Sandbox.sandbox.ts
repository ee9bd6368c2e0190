import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type ssh2 from "ssh2"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import {
  alive,
  client,
  eventually,
  exchange,
  exec,
  firstLine,
  freePort,
  master,
  once,
  run,
  ssh,
  tcpServer
} from "./sandboxClients.ts"

const hash = (data: Uint8Array) => createHash("sha256").update(data).digest("hex")

describe("Sandbox", () => {
  it.scopedLive("starts three hosts, each with its own home, key and environment", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ env: { EXTRA: "yes" } })
      assert.deepStrictEqual(sandbox.hosts.map((host) => host.alias), ["host-1", "host-2", "host-3"])
      assert.strictEqual(new Set(sandbox.hosts.map((host) => host.hostKey)).size, 3)
      const outputs = yield* Effect.forEach(sandbox.hosts, (host) =>
        run(
          ssh(sandbox, host.alias, "pwd; echo $HOME $TMPDIR $SHELL $EXTRA \"[$XDG_STATE_HOME$NODE_OPTIONS$VITEST]\"")
        ))
      assert.deepStrictEqual(
        outputs.map((ended) => ended.stdout.toString()),
        sandbox.hosts.map(({ home }) => `${home}\n${home} ${home}/tmp /bin/sh yes []\n`)
      )
      assert.deepStrictEqual(yield* Effect.forEach(sandbox.hosts, (host) => host.connections), [1, 1, 1])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("runs commands as sshd does", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const words = (...words: ReadonlyArray<string>) => run(ssh(sandbox, "host-1", ...words))
      const failed = yield* words("echo out; echo err >&2; exit 7")
      assert.deepStrictEqual([failed.code, failed.stdout.toString(), failed.stderr], [7, "out\n", "err\n"])
      const fed = yield* run(ssh(sandbox, "host-1", "cat; echo done").pipe(Command.feed("input\n")))
      assert.strictEqual(fed.stdout.toString(), "input\ndone\n")
      // ssh says 255 for a signal.
      assert.strictEqual((yield* words("kill -TERM $$")).code, 255)
      // The command's shell leads a session of its own.
      assert.match((yield* words("ps -o pid=,sid= -p $$")).stdout.toString(), /^\s*(\d+)\s+\1\s*$/)
      const shell = yield* run(ssh(sandbox, "host-1").pipe(Command.feed("echo from a shell\nexit 3\n")))
      assert.deepStrictEqual([shell.code, shell.stdout.toString()], [3, "from a shell\n"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("carries 20 MB each way, byte for byte", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const data = randomBytes(20 * 1024 * 1024)
      const ended = yield* run(ssh(sandbox, "host-1", "cat").pipe(Command.stdin(Stream.make(new Uint8Array(data)))))
      assert.strictEqual(ended.code, 0)
      assert.strictEqual(ended.stdout.length, data.length)
      assert.strictEqual(hash(ended.stdout), hash(data))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("keeps both outputs whole when both wait for the client", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const ended = yield* run(ssh(sandbox, "host-1", "seq 1 1500000 & seq 1 1500000 >&2; wait"))
      const expected = Array.from({ length: 1_500_000 }, (_, index) => `${index + 1}\n`).join("")
      assert.strictEqual(ended.stdout.length, expected.length)
      assert.strictEqual(hash(ended.stdout), hash(Buffer.from(expected)))
      assert.strictEqual(hash(Buffer.from(ended.stderr)), hash(Buffer.from(expected)))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("copies directories with scp, up and down", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const { home } = sandbox.hosts[0] ?? { home: "" }
      const source = join(sandbox.home, "tree")
      const big = randomBytes(30_000_000)
      mkdirSync(join(source, "inner", "empty"), { recursive: true })
      writeFileSync(join(source, "inner", "big"), big)
      writeFileSync(join(source, "run"), "#!/bin/sh\n", { mode: 0o755 })
      writeFileSync(join(source, "nothing"), "")
      for (let index = 0; index < 250; index++) writeFileSync(join(source, "inner", `file ${index}`), `${index}`)
      const scp = (...words: ReadonlyArray<string>) =>
        run(Command.make("scp", "-q", "-F", sandbox.configFile, "-r", "-p", ...words))
      assert.deepStrictEqual((yield* scp(source, "host-1:up")).stderr, "")
      assert.strictEqual(hash(readFileSync(join(home, "up/inner/big"))), hash(big))
      assert.strictEqual(statSync(join(home, "up/run")).mode & 0o777, 0o755)
      const down = join(sandbox.home, "down")
      assert.deepStrictEqual((yield* scp("host-1:up", down)).stderr, "")
      assert.strictEqual(hash(readFileSync(join(down, "inner/big"))), hash(big))
      assert.strictEqual(statSync(join(down, "nothing")).size, 0)
      assert.strictEqual(
        Math.floor(statSync(join(down, "run")).mtimeMs / 1000),
        Math.floor(statSync(join(source, "run")).mtimeMs / 1000)
      )
      assert.deepStrictEqual(readdirSync(join(down, "inner")).sort(), readdirSync(join(source, "inner")).sort())
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("serves sftp", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const { home } = sandbox.hosts[0] ?? { home: "" }
      writeFileSync(join(home, "old"), "old")
      writeFileSync(join(home, "target"), "replaced by a rename")
      const sftp = (...lines: ReadonlyArray<string>) =>
        run(
          Command.make("sftp", "-F", sandbox.configFile, "-b", "-", "host-1").pipe(
            Command.feed(`${lines.join("\n")}\n`)
          )
        )
      const ended = yield* sftp(
        "mkdir dir",
        "mkdir gone",
        "rmdir gone",
        "rename old target",
        "symlink target link",
        "ln target hard",
        "chmod 600 target",
        "cd dir",
        "pwd",
        "cd ..",
        `put ${sandbox.identityFile} dir/copy`,
        "ls -l"
      )
      assert.deepStrictEqual([ended.code, ended.stderr], [0, ""])
      const output = ended.stdout.toString()
      assert.include(output, `Remote working directory: ${home}/dir`)
      assert.match(output, /^-rw------- +2 .* +3 [A-Z][a-z]{2} [ \d]\d \d\d:\d\d target$/m)
      assert.strictEqual(readlinkSync(join(home, "link")), "target")
      assert.strictEqual(readFileSync(join(home, "link"), "utf8"), "old")
      assert.strictEqual(readFileSync(join(home, "dir/copy"), "utf8"), readFileSync(sandbox.identityFile, "utf8"))
      const removed = yield* sftp("rm hard", "rm missing")
      assert.notStrictEqual(removed.code, 0)
      assert.isFalse(existsSync(join(home, "hard")))
      assert.include(removed.stderr, "No such file")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("forwards ports in both directions, and gives them back", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const control = join(sandbox.home, "control")
      yield* master(sandbox, "host-1", control)
      const ask = (...words: ReadonlyArray<string>) => run(ssh(sandbox, "-S", control, "-O", ...words, "host-1"))
      const data = randomBytes(10 * 1024 * 1024)
      // Answers only once the other side has ended its half.
      const echo = yield* tcpServer((socket) => {
        const received: Array<Buffer> = []
        socket.on("data", (chunk) => received.push(chunk)).on("end", () => socket.end(Buffer.concat(received)))
      })

      const free = yield* freePort
      assert.strictEqual((yield* ask("forward", "-L", `${free}:127.0.0.1:${echo}`)).stderr, "")
      assert.strictEqual(hash(yield* exchange(free, data)), hash(data))

      const forward = ["-R", `0:127.0.0.1:${echo}`]
      const port = Number((yield* ask("forward", ...forward)).stdout.toString())
      assert.isAbove(port, 0)
      assert.strictEqual(hash(yield* exchange(port, data)), hash(data))
      // Taken, so refused.
      assert.notStrictEqual((yield* ask("forward", "-R", `${echo}:127.0.0.1:${echo}`)).code, 0)
      assert.strictEqual((yield* ask("cancel", ...forward)).code, 0)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(exchange(port, data))))

      const again = Number((yield* ask("forward", ...forward)).stdout.toString())
      yield* Effect.forEach(sandbox.hosts, (host) => host.cut)
      yield* exchange(again, data).pipe(Effect.flip, eventually)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("forwards nothing when told so", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1, allowTcpForwarding: false })
      const through = yield* run(ssh(sandbox, "-W", "127.0.0.1:1", "host-1"))
      assert.include(through.stderr, "administratively prohibited")
      const back = yield* run(
        ssh(sandbox, "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", "host-1", "true")
      )
      assert.include(back.stderr, "remote port forwarding failed")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("lets only the key of the run in", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const other = yield* Sandbox.make({ hosts: 1 })
      const config = join(other.home, "wrong")
      writeFileSync(
        config,
        readFileSync(sandbox.configFile, "utf8").replaceAll(sandbox.identityFile, other.identityFile)
      )
      const ended = yield* run(ssh(sandbox, "-F", config, "host-1", "true"))
      assert.strictEqual(ended.code, 255)
      assert.include(ended.stderr, "Permission denied (publickey)")
      const stranger = yield* run(ssh(sandbox, "-l", "nobody-here", "host-1", "true"))
      assert.include(stranger.stderr, "Permission denied (publickey)")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("holds a connection to MaxSessions", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const connection = yield* client(sandbox, "host-1")
      const channels = yield* Effect.forEach(Array.from({ length: 10 }), () => exec(connection, "cat"))
      const refused = yield* Effect.flip(exec(connection, "true"))
      assert.include(refused.message, "Channel open failure")
      assert.propertyVal(refused, "reason", 2)
      const [first] = channels
      assert.isDefined(first)
      const closed = yield* Effect.fork(Effect.all([once(first.resume(), "close")]))
      first.end()
      yield* Fiber.join(closed)
      yield* eventually(exec(connection, "true"))

      const small = yield* Sandbox.make({ hosts: 1, maxSessions: 1 })
      const control = join(small.home, "control")
      yield* master(small, "host-1", control)
      const held = yield* Command.start(ssh(small, "-S", control, "host-1", "echo up; sleep 600"))
      assert.strictEqual(yield* firstLine(held.stdout), "up")
      const second = yield* run(ssh(small, "-S", control, "host-1", "true"))
      assert.include(second.stderr, "Session open refused by peer")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("a process outlives its connection, and nothing outlives the scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const sandbox = yield* Scope.extend(Sandbox.make({ hosts: 2 }), scope)
      const [one, two] = sandbox.hosts
      assert.isDefined(one)
      assert.isDefined(two)
      const command = yield* Command.start(
        ssh(
          sandbox,
          "host-1",
          "setsid sh -c 'echo $$ >pid; exec sleep 600' >/dev/null 2>&1 & until [ -s pid ]; do sleep 0.01; done; echo $$; exec sleep 600"
        )
      )
      const pid = Number(yield* firstLine(command.stdout))
      yield* one.cut
      assert.strictEqual(yield* command.exitCode, 255)
      assert.isTrue(yield* alive(pid))
      assert.strictEqual((yield* run(ssh(sandbox, "host-1", "cat pid; kill -0 " + pid))).code, 0)
      const away = Number(readFileSync(join(one.home, "pid"), "utf8"))
      assert.isTrue(yield* alive(away))
      const idle = yield* client(sandbox, "host-2")
      const ended = yield* Effect.fork(once(idle, "close"))

      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(ended)
      assert.isFalse(yield* alive(pid))
      assert.isFalse(yield* alive(away))
      assert.isFalse(existsSync(one.home))
      assert.isFalse(existsSync(sandbox.home))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(exchange(one.port, new Uint8Array()))))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("goes on when connections are cut in the middle of everything", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const [host] = sandbox.hosts
      assert.isDefined(host)
      const sink = yield* tcpServer((socket) => socket.resume())
      const source = yield* tcpServer((socket) => socket.end(Buffer.alloc(50_000_000)))
      yield* Effect.forEach(Array.from({ length: 5 }), () =>
        Effect.gen(function*() {
          const connection = yield* client(sandbox, "host-1")
          const closed = yield* Effect.fork(once(connection, "close"))
          // Nobody reads: its output waits for the window.
          const waiting = yield* exec(connection, "seq 1 20000000 & seq 1 20000000 >&2; wait")
          // Never reads what it is sent, and ends by itself after the cut.
          const deaf = yield* exec(connection, "read -r line; echo up; sleep 0.05")
          deaf.write(`go\n`)
          deaf.write(Buffer.alloc(8_000_000))
          const quick = yield* exec(connection, "cat")
          quick.write("x")
          connection.sftp((failed, sftp) => {
            if (failed !== undefined) return
            sftp.open("file", "w", (failed, handle) => {
              const write = (failed?: Error | null): void => {
                if (failed === undefined || failed === null) {
                  sftp.write(handle, Buffer.alloc(32_000), 0, 32_000, 0, write)
                }
              }
              write(failed)
            })
          })
          for (const port of [sink, source]) {
            connection.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (failed, channel) => {
              if (failed === undefined) channel.write(Buffer.alloc(9_000_000))
            })
          }
          connection.forwardIn("127.0.0.1", 0, () => {})
          yield* Effect.all([once(waiting, "readable"), once(deaf, "readable"), once(quick, "readable")], {
            concurrency: 3
          })
          yield* host.cut
          yield* Fiber.join(closed)
        }).pipe(Effect.scoped), { discard: true })
      const after = yield* run(ssh(sandbox, "host-1", "echo fine"))
      assert.strictEqual(after.stdout.toString(), "fine\n")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("delivers signals to the group, also after the input has ended", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const connection = yield* client(sandbox, "host-1")
      const channel = yield* exec(
        connection,
        "sh -c 'trap \"echo caught; exit 4\" TERM; echo up; while :; do sleep 0.01; done'; :"
      )
      channel.end()
      yield* once(channel, "data")
      const exit = yield* Effect.fork(once(channel, "exit"))
      // ssh2's client sends no signal once the input has ended; others do.
      const own = connection as ssh2.Client & { readonly _protocol: { signal: (id: number, name: string) => void } }
      own._protocol.signal((channel.outgoing as { readonly id: number }).id, "TERM")
      const [code, signal] = yield* Fiber.join(exit)
      assert.deepStrictEqual([code, signal], [null, "SIGTERM"])
    }))

  it.scopedLive("holds everything back while it is stalled", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const [host] = sandbox.hosts
      assert.isDefined(host)
      const connection = yield* client(sandbox, "host-1")
      const channel = yield* exec(connection, "cat")
      yield* host.stall
      yield* host.stall
      let heard = ""
      channel.on("data", (chunk: Buffer) => {
        heard += chunk.toString()
      })
      channel.write("hello\n")
      const late = yield* Effect.fork(client(sandbox, "host-1"))
      yield* eventually(Effect.filterOrFail(host.connections, (count) => count === 2))
      assert.strictEqual(heard, "")
      yield* host.resume
      yield* Fiber.join(late)
      if (heard === "") yield* once(channel, "data")
      assert.strictEqual(heard, "hello\n")
    }))

  it.scopedLive("names the interpreter and refuses bad names of hosts", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: ["a.b"], python: "/bin/echo", cache: "/somewhere" })
      const ended = yield* run(ssh(sandbox, "a.b", "python3 'two words' $XDG_CACHE_HOME"))
      assert.strictEqual(ended.stdout.toString(), "two words /somewhere\n")
      const error = yield* Effect.flip(Sandbox.make({ hosts: ["a", "a"] }))
      assert.deepStrictEqual([error.reason, error.host], ["InvalidHost", "a"])
      const nowhere = yield* Effect.flip(Sandbox.make({ directory: "/nowhere" }))
      assert.strictEqual(nowhere.reason, "Files")
    }).pipe(Effect.provide(NodeContext.layer)))
})
