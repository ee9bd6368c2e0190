import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { eventually, exchange, firstLine, master, run, ssh, tcpServer } from "./sandboxClients.ts"

type Hosts = Sandbox.Sandbox["Type"]

const inSandbox = (
  name: string,
  options: Sandbox.Options,
  body: (
    host: Sandbox.SandboxHost,
    sandbox: Hosts
  ) => Effect.Effect<void, unknown, NodeContext.NodeContext | Scope.Scope>
) =>
  it.scopedLive(name, () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1, ...options })
      const [host] = sandbox.hosts
      assert.isDefined(host)
      yield* body(host, sandbox)
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

/** A connection on which nothing is said; gives what it hears until its end. */
const mute = (port: number) =>
  Effect.async<string>((resume) => {
    let heard = ""
    const socket = connect(port, "127.0.0.1")
    socket.on("data", (chunk) => {
      heard += chunk.toString()
    })
    socket.on("error", () => {}).once("close", () => resume(Effect.succeed(heard)))
    return Effect.sync(() => socket.destroy())
  })

describe("faults of a Sandbox host", () => {
  inSandbox(
    "refuse: nothing listens, what is open stays, restore listens again",
    {},
    (host, sandbox) =>
      Effect.gen(function*() {
        const control = join(sandbox.home, "control")
        yield* master(sandbox, "host-1", control)
        yield* host.refuse
        yield* host.refuse
        const refused = yield* run(ssh(sandbox, "host-1", "true"))
        assert.include(refused.stderr, "Connection refused")
        const open = yield* run(ssh(sandbox, "-S", control, "host-1", "echo still"))
        assert.strictEqual(open.stdout.toString(), "still\n")
        yield* host.restore
        assert.strictEqual((yield* run(ssh(sandbox, "host-1", "true"))).code, 0)
      })
  )

  inSandbox("restore says who has taken the port", {}, (host) =>
    Effect.gen(function*() {
      yield* host.refuse
      yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const server = createServer().listen(host.port, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const failed = yield* Effect.flip(host.restore)
      assert.deepStrictEqual([failed.reason, failed.host], ["Listen", "host-1"])
      assert.include(failed.detail, String(host.port))
    }))

  inSandbox("changeHostKey: clients see another key than they know", {}, (host, sandbox) =>
    Effect.gen(function*() {
      const key = yield* host.changeHostKey
      assert.notStrictEqual(key, host.hostKey)
      const refused = yield* run(ssh(sandbox, "host-1", "true"))
      assert.include(refused.stderr, "REMOTE HOST IDENTIFICATION HAS CHANGED")
      const scanned = yield* run(Command.make("ssh-keyscan", "-p", String(host.port), "127.0.0.1"))
      assert.include(scanned.stdout.toString(), key)
      yield* host.restore
      assert.strictEqual((yield* run(ssh(sandbox, "host-1", "true"))).code, 0)
    }))

  inSandbox("failAuthentication: nobody is let in", {}, (host, sandbox) =>
    Effect.gen(function*() {
      yield* host.failAuthentication
      const refused = yield* run(ssh(sandbox, "host-1", "true"))
      assert.include(refused.stderr, "Permission denied (publickey)")
      yield* host.restore
      assert.strictEqual((yield* run(ssh(sandbox, "host-1", "true"))).code, 0)
    }))

  inSandbox(
    "latency: each round trip takes twice as long, nothing is lost or out of order",
    {},
    (host, sandbox) =>
      Effect.gen(function*() {
        const control = join(sandbox.home, "control")
        yield* master(sandbox, "host-1", control)
        yield* host.latency("100 millis")
        const [took, ended] = yield* Effect.timed(
          run(ssh(sandbox, "-S", control, "host-1", "cat").pipe(Command.feed("0123456789".repeat(100_000))))
        )
        assert.strictEqual(ended.stdout.toString(), "0123456789".repeat(100_000))
        // A bound from below, which no load breaks: opening the session and its answer are a round trip.
        assert.isAtLeast(Duration.toMillis(took), 200)
        yield* host.restore
        assert.strictEqual((yield* run(ssh(sandbox, "-S", control, "host-1", "echo on"))).stdout.toString(), "on\n")
      })
  )

  inSandbox("a stall in the middle of what is sent loses nothing", {}, (host, sandbox) =>
    Effect.gen(function*() {
      const up = yield* Command.start(ssh(sandbox, "host-1", "echo up; seq 1 300000"))
      yield* host.stall
      const waiting = yield* Effect.fork(run(ssh(sandbox, "host-1", "echo late")))
      yield* eventually(Effect.filterOrFail(host.connections, (count) => count === 2))
      yield* host.resume
      assert.strictEqual((yield* waiting).stdout.toString(), "late\n")
      assert.strictEqual(yield* firstLine(up.stdout), "up")
    }))
})

describe("sshd's limits on a Sandbox host", () => {
  inSandbox(
    "MaxStartups: who has not logged in fills it, who has does not",
    { maxStartups: 2 },
    (host, sandbox) =>
      Effect.gen(function*() {
        yield* master(sandbox, "host-1", join(sandbox.home, "control"))
        yield* Effect.forkScoped(mute(host.port))
        yield* Effect.forkScoped(mute(host.port))
        yield* eventually(Effect.filterOrFail(host.connections, (count) => count === 3))
        assert.strictEqual(yield* mute(host.port), "Exceeded MaxStartups\r\n")
        const refused = yield* run(ssh(sandbox, "host-1", "true"))
        assert.match(refused.stderr, /^kex_exchange_identification|Exceeded MaxStartups/m)
      })
  )

  inSandbox(
    "LoginGraceTime: who does not log in is left",
    { loginGraceTime: "1 second" },
    (host, sandbox) =>
      Effect.gen(function*() {
        assert.match(yield* mute(host.port), /^SSH-2\.0-lazycluster-sandbox\r\n$/)
        // Who has logged in stays; who was slow to comes again.
        const ended = run(ssh(sandbox, "host-1", "sleep 1.5; echo in"))
        yield* eventually(Effect.filterOrFail(ended, ({ stdout }) => stdout.toString() === "in\n"))
      })
  )

  const echo = tcpServer((socket) => socket.on("data", (chunk) => socket.end(chunk)))

  for (const only of ["local", "remote"] as const) {
    inSandbox(
      `AllowTcpForwarding and AllowStreamLocalForwarding: ${only}`,
      { allowTcpForwarding: only, allowStreamLocalForwarding: only },
      (host, sandbox) =>
        Effect.gen(function*() {
          const port = yield* echo
          const socket = join(host.home, "socket")
          const through = yield* run(ssh(sandbox, "-W", `127.0.0.1:${port}`, "host-1").pipe(Command.feed("x")))
          assert.strictEqual(through.stdout.toString(), only === "local" ? "x" : "")
          assert.strictEqual(through.stderr.includes("administratively prohibited"), only === "remote")
          for (const at of ["0", socket]) {
            const back = yield* run(
              ssh(sandbox, "-o", "ExitOnForwardFailure=yes", "-R", `${at}:127.0.0.1:${port}`, "host-1", "true")
            )
            assert.strictEqual(back.code, only === "remote" ? 0 : 255, back.stderr)
          }
        })
    )
  }

  it.scopedLive("PermitOpen: what is not named is out of reach", () =>
    Effect.gen(function*() {
      const [open, shut] = yield* Effect.all([echo, echo])
      const sandbox = yield* Sandbox.make({ hosts: 1, permitOpen: [`127.0.0.1:${open}`] })
      const through = (port: number) => run(ssh(sandbox, "-W", `127.0.0.1:${port}`, "host-1").pipe(Command.feed("x")))
      assert.strictEqual((yield* through(open)).stdout.toString(), "x")
      const refused = yield* through(shut)
      assert.include(refused.stderr, "open failed")
      assert.strictEqual(refused.code, 255)
    }).pipe(Effect.provide(NodeContext.layer)))

  inSandbox("it listens on loopback only, whatever -R asks for", {}, (host, sandbox) =>
    Effect.gen(function*() {
      const port = yield* echo
      const up = yield* Command.start(ssh(sandbox, "-N", "-R", `0.0.0.0:0:127.0.0.1:${port}`, "host-1"))
      const line = yield* firstLine(up.stderr)
      const bound = Number(/port (\d+)/.exec(line)?.[1])
      const listening = yield* run(Command.make("ss", "-Hltn"))
      const addresses = listening.stdout.toString().split("\n").map((line) => line.trim().split(/\s+/)[3] ?? "").filter(
        (
          address
        ) => address.endsWith(`:${bound}`) || address.endsWith(`:${host.port}`)
      )
      assert.deepStrictEqual(addresses.sort(), [`127.0.0.1:${bound}`, `127.0.0.1:${host.port}`].sort())
      assert.strictEqual((yield* exchange(bound, Buffer.from("y"))).toString(), "y")
    }))
})
