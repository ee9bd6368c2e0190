import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ClientChannel } from "ssh2"
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

type Hosts = Sandbox.Sandbox["Type"]

const inSandbox = (
  name: string,
  options: Sandbox.Options,
  body: (
    sandbox: Hosts,
    home: string
  ) => Effect.Effect<void, unknown, NodeContext.NodeContext | Scope.Scope>
) =>
  it.scopedLive(name, () =>
    Effect.flatMap(
      Sandbox.make({ hosts: 1, ...options }),
      (sandbox) => body(sandbox, sandbox.hosts[0]?.home ?? "")
    ).pipe(Effect.provide(NodeContext.layer)), 120_000)

/** A server that answers what it was sent in capitals, once the other side has ended its half. */
const capitals = tcpServer((socket) => {
  const received: Array<Buffer> = []
  socket.on("data", (chunk) => received.push(chunk)).on(
    "end",
    () => socket.end(Buffer.concat(received).toString().toUpperCase())
  )
})

const hello = Buffer.from("hello")
const answers = (port: number) =>
  exchange(port, hello).pipe(
    Effect.filterOrFail((answer) => answer.toString() === "HELLO"),
    eventually,
    Effect.timeout("20 seconds")
  )

describe("OpenSSH's ssh against a Sandbox", () => {
  inSandbox("says every exit code, and 255 for a signal", {}, (sandbox) =>
    Effect.gen(function*() {
      const control = join(sandbox.home, "control")
      yield* master(sandbox, "host-1", control)
      const codes = Array.from({ length: 256 }, (_, code) => code)
      const said = yield* Effect.forEach(
        codes,
        (code) => Effect.map(run(ssh(sandbox, "-S", control, "host-1", `exit ${code}`)), (ended) => ended.code),
        { concurrency: 6 }
      )
      assert.deepStrictEqual(said, codes)
      // With -v, the client tells why.
      const killed = yield* run(ssh(sandbox, "-v", "host-1", "kill -USR1 $$"))
      assert.strictEqual(killed.code, 255)
      assert.match(killed.stderr, /rtype exit-signal/)
      const channel = yield* exec(yield* client(sandbox, "host-1"), "kill -USR1 $$")
      channel.resume()
      assert.deepStrictEqual((yield* once(channel, "exit")).slice(0, 2), [null, "SIGUSR1"])
    }))

  inSandbox(
    "takes the variables that AcceptEnv names",
    { acceptEnv: ["LANG", "LC_*", "MY_?"] },
    (sandbox) =>
      Effect.gen(function*() {
        const one = yield* run(ssh(sandbox, "-o", "SetEnv=LC_TIME=one", "host-1", "echo $LC_TIME"))
        assert.strictEqual(one.stdout.toString(), "one\n")
        const all = yield* run(
          ssh(
            sandbox,
            "-o",
            "SetEnv=\"MY_A=two words\" MY_LONG=three PATH=/nowhere",
            "host-1",
            "echo \"$MY_A [$MY_LONG]\"; ls -d /"
          )
        )
        assert.strictEqual(all.stdout.toString(), "two words []\n/\n")
      })
  )

  inSandbox("-L, -R and -D, to ports and to Unix sockets", {}, (sandbox, home) =>
    Effect.gen(function*() {
      const target = yield* capitals
      const [local, socks, remote] = yield* Effect.all([freePort, freePort, freePort])
      const [mine, theirs] = [join(sandbox.home, "mine"), join(home, "theirs")]
      yield* Command.start(ssh(
        sandbox,
        "-N",
        "-o",
        "ExitOnForwardFailure=yes",
        "-L",
        `${local}:127.0.0.1:${target}`,
        "-D",
        `${socks}`,
        "-R",
        `${remote}:127.0.0.1:${target}`,
        // A socket here to a socket there to this machine's server.
        "-R",
        `${theirs}:127.0.0.1:${target}`,
        "-L",
        `${mine}:${theirs}`,
        "host-1"
      ))
      yield* answers(local)
      yield* answers(remote)
      const through = yield* run(
        Command.make("nc", "-N", "-X", "5", "-x", `127.0.0.1:${socks}`, "127.0.0.1", String(target)).pipe(
          Command.feed("by socks")
        )
      )
      assert.strictEqual(through.stdout.toString(), "BY SOCKS")
      const socket = yield* run(Command.make("nc", "-N", "-U", mine).pipe(Command.feed("by sockets")))
      assert.strictEqual(socket.stdout.toString(), "BY SOCKETS")
      assert.strictEqual(statSync(theirs).mode & 0o777, 0o600)
    }))

  inSandbox("-R 0 says its port", {}, (sandbox) =>
    Effect.gen(function*() {
      const target = yield* capitals
      const up = yield* Command.start(ssh(sandbox, "-N", "-R", `0:127.0.0.1:${target}`, "host-1"))
      const line = yield* firstLine(up.stderr)
      const port = Number(/^Allocated port (\d+) for remote forward/.exec(line)?.[1])
      assert.isAbove(port, 0, line)
      yield* answers(port)
    }))

  inSandbox("-J goes through one host to another, -W to a port", { hosts: 2 }, (sandbox) =>
    Effect.gen(function*() {
      const through = yield* run(ssh(sandbox, "-J", "host-1", "host-2", "pwd"))
      assert.strictEqual(`${through.stdout}`, `${sandbox.hosts[1]?.home}\n`, through.stderr)
      const counts = yield* Effect.forEach(sandbox.hosts, (host) => host.connections)
      assert.deepStrictEqual(counts, [1, 1])
      const target = yield* capitals
      const bare = yield* run(ssh(sandbox, "-W", `127.0.0.1:${target}`, "host-2").pipe(Command.feed("bare")))
      assert.strictEqual(bare.stdout.toString(), "BARE")
    }))

  inSandbox("ControlMaster: one connection, many sessions at once", {}, (sandbox) =>
    Effect.gen(function*() {
      const control = join(sandbox.home, "control")
      yield* master(sandbox, "host-1", control)
      const outputs = yield* Effect.forEach(
        Array.from({ length: 9 }, (_, index) => index),
        (index) => run(ssh(sandbox, "-S", control, "host-1", "cat").pipe(Command.feed(`${index}`.repeat(200_000)))),
        { concurrency: 9 }
      )
      assert.deepStrictEqual(
        outputs.map(({ stdout }) => stdout.toString()),
        outputs.map((_, index) => `${index}`.repeat(200_000))
      )
      const [host] = sandbox.hosts
      assert.strictEqual(yield* host?.connections ?? Effect.succeed(0), 1)
      const asked = yield* run(
        Command.make("sftp", "-F", sandbox.configFile, "-o", `ControlPath=${control}`, "-b", "-", "host-1").pipe(
          Command.feed("pwd\n")
        )
      )
      assert.strictEqual(asked.code, 0, asked.stderr)
      assert.strictEqual(yield* host?.connections ?? Effect.succeed(0), 1)
    }))

  inSandbox("ssh-keyscan shows the key of the host", {}, (sandbox) =>
    Effect.gen(function*() {
      const [host] = sandbox.hosts
      const scanned = yield* run(Command.make("ssh-keyscan", "-p", String(host?.port), "127.0.0.1"))
      assert.strictEqual(scanned.stdout.toString(), `[127.0.0.1]:${host?.port} ${host?.hostKey}\n`)
    }))

  for (const authorizedKeys of [true, false]) {
    inSandbox(
      `ssh-copy-id with a password leaves a key, which ${
        authorizedKeys ? "lets in when authorizedKeys is on" : "opens nothing by itself"
      }`,
      { authorizedKeys, users: [{ name: "guest", password: Redacted.make("open sesame"), runKey: false }] },
      (sandbox, home) =>
        Effect.gen(function*() {
          const key = join(sandbox.home, "mine")
          const askpass = join(sandbox.home, "askpass")
          writeFileSync(askpass, "#!/bin/sh\necho 'open sesame'\n", { mode: 0o700 })
          yield* run(Command.make("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key))
          const to = ["-o", `UserKnownHostsFile=${sandbox.knownHostsFile}`, "-p", String(sandbox.hosts[0]?.port)]
          const copied = yield* run(
            Command.make("ssh-copy-id", "-i", `${key}.pub`, ...to, "guest@127.0.0.1").pipe(
              Command.env({
                SSH_ASKPASS: askpass,
                SSH_ASKPASS_REQUIRE: "force",
                DISPLAY: ":0",
                HOME: sandbox.home,
                SSH_AUTH_SOCK: ""
              })
            )
          )
          assert.strictEqual(copied.code, 0, copied.stderr)
          assert.strictEqual(
            readFileSync(join(home, ".ssh/authorized_keys"), "utf8"),
            readFileSync(`${key}.pub`, "utf8")
          )
          const config = join(sandbox.home, "as-guest")
          writeFileSync(config, readFileSync(sandbox.configFile, "utf8").replaceAll(sandbox.identityFile, key))
          const entered = yield* run(ssh(sandbox, "-F", config, "-l", "guest", "host-1", "echo $USER"))
          assert.strictEqual(`${entered.code} ${entered.stdout}`, authorizedKeys ? "0 guest\n" : "255 ", entered.stderr)
        })
    )
  }
})

const script = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false

describe.skipIf(!script)(`terminals of a Sandbox${script ? "" : " (skipped: no script of util-linux here)"}`, () => {
  inSandbox("-t gives a terminal", {}, (sandbox) =>
    Effect.gen(function*() {
      const t = (command: string, feed = "") =>
        run(ssh(sandbox, "-tt", "host-1", command).pipe(Command.feed(feed), Command.env({ TERM: "vt100" })))
      const told = yield* t("test -t 0 && test -t 1 && echo $TERM; test \"$SSH_TTY\" = \"$(tty)\" && exit 7")
      assert.deepStrictEqual([told.code, told.stdout.toString()], [7, "vt100\r\n"])
      // What is typed is echoed, and Ctrl-C interrupts.
      const typed = yield* t("read -r line; echo \"got $line\"", "abc\n")
      assert.strictEqual(typed.stdout.toString(), "abc\r\ngot abc\r\n")
      const shell = yield* run(ssh(sandbox, "-tt", "host-1").pipe(Command.feed("echo $((40+2))\nexit 3\n")))
      assert.strictEqual(shell.code, 3)
      assert.include(shell.stdout.toString(), "42\r\n")

      const connection = yield* client(sandbox, "host-1")
      const channel = yield* Effect.async<ClientChannel, Error>((resume) => {
        connection.exec(
          // Rows and columns are set one after the other.
          "trap 's=$(stty size); [ \"$s\" != \"30 100\" ] || { echo \"$s\"; exit 5; }' WINCH; stty size; echo $$; while :; do sleep 0.02; done",
          { pty: { rows: 24, cols: 80 } },
          (error, channel) => resume(error === undefined ? Effect.succeed(channel) : Effect.fail(error))
        )
      })
      let heard = ""
      channel.on("data", (chunk: Buffer) => {
        heard += chunk.toString()
      })
      yield* eventually(Effect.filterOrFail(Effect.sync(() => heard), (heard) => /^24 80\r\n\d+\r\n/.test(heard)))
      const exit = yield* Effect.fork(once(channel, "exit"))
      channel.setWindow(30, 100, 0, 0)
      assert.strictEqual((yield* exit)[0], 5)
      yield* eventually(Effect.filterOrFail(Effect.sync(() => heard), (heard) => heard.endsWith("30 100\r\n")))
    }))

  inSandbox(
    "a terminal that is lost hangs up, a signal reaches what runs in it",
    {},
    (sandbox, home) =>
      Effect.gen(function*() {
        const [host] = sandbox.hosts
        const up = yield* Command.start(ssh(sandbox, "-tt", "host-1", "echo $$; exec sleep 600"))
        const pid = Number((yield* firstLine(up.stdout)).trim())
        assert.isTrue(yield* alive(pid))
        yield* host?.cut ?? Effect.void
        yield* alive(pid).pipe(Effect.filterOrFail((lives) => !lives), eventually, Effect.timeout("20 seconds"))

        const connection = yield* client(sandbox, "host-1")
        const channel = yield* Effect.async<ClientChannel, Error>((resume) => {
          connection.exec(
            `trap 'echo >${home}/caught; exit 4' TERM; echo up; while :; do sleep 0.02; done`,
            { pty: true },
            (error, channel) => resume(error === undefined ? Effect.succeed(channel) : Effect.fail(error))
          )
        })
        yield* once(channel, "data")
        const exit = yield* Effect.fork(once(channel, "exit"))
        channel.signal("TERM")
        assert.strictEqual((yield* exit)[0], 4)
        assert.isTrue(existsSync(join(home, "caught")))
      })
  )
})
