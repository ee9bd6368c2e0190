/** Hosts that cannot be reached: each a typed error that says what to do, and nothing begun. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Net from "node:net"
import ssh2 from "ssh2"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { freePort } from "../testing/sandboxClients.ts"
import { configure, type Explained, failsOver, nothingLeft, processesWith, run, services } from "./faulty.ts"

const use = Runtime.make("bad")

const is = (error: Explained, reason: string) => {
  assert.deepStrictEqual([error.reason, error.host], [reason, "bad"])
  assert.isTrue(error.message.startsWith("bad: "), error.message)
}

/** A port of this machine where a server says what it is told to. */
const listening = (answer: (socket: Net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Net.Server>((resume) => {
        const server = Net.createServer((socket) => {
          // Read, so that it is seen when the client goes.
          socket.on("error", () => {}).resume()
          answer(socket)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    ),
    (server) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? address.port : 0
    }
  )

layer(Layer.merge(Sandbox.layer({ hosts: 2 }), NodeContext.layer), { excludeTestServices: true })("a host", (it) => {
  it.scoped("that no config names: its name does not resolve", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const error = yield* failsOver(sandbox, {}, Runtime.make("no-such-alias"))
      assert.deepStrictEqual([error._tag, error.reason, error.host], ["SshError", "NameUnknown", "no-such-alias"])
      assert.include(error.hint, "ssh config")
    }))

  it.scoped("whose HostName does not resolve", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { HostName: "nowhere.invalid" } }, use)
      is(error, "NameUnknown")
      assert.include(error.message, "nowhere.invalid")
    }))

  it.scoped("whose name holds what a shell would act on", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      for (const name of ["-oProxyCommand=touch /tmp/x", "a b", "", "root@", "host:0", "host:99999"]) {
        const error = yield* failsOver(sandbox, {}, Runtime.make(name))
        assert.deepStrictEqual([error._tag, error.reason], ["SshConfigError", "InvalidHost"])
      }
    }))

  it.scoped("where nothing listens", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { Port: String(port) } }, use)
      is(error, "Refused")
      assert.include(error.message, `127.0.0.1:${port}`)
    }))

  it.scoped("that accepts and says nothing, within its ConnectTimeout", () =>
    Effect.gen(function*() {
      const port = yield* listening(() => {})
      const error = yield* failsOver(
        yield* Sandbox.Sandbox,
        { bad: { Port: String(port), ConnectTimeout: "1" } },
        use,
        { connectTimeout: "1 hour" }
      )
      is(error, "Timeout")
      assert.include(error.message, "within 1s")
    }))

  it.scoped("that accepts and says nothing, within the timeout of the program", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const port = yield* listening(() => {})
      is(yield* failsOver(sandbox, { bad: { Port: String(port) } }, use, { connectTimeout: "300 millis" }), "Timeout")
    }))

  it.scoped("that is no SSH server", () =>
    Effect.gen(function*() {
      const port = yield* listening((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { Port: String(port) } }, use)
      is(error, "Protocol")
      assert.include(error.message, "says: HTTP/1.1 400 Bad Request")
    }))

  it.scoped("that closes the connection at once, as a full sshd does", () =>
    Effect.gen(function*() {
      const port = yield* listening((socket) => socket.destroy())
      is(yield* failsOver(yield* Sandbox.Sandbox, { bad: { Port: String(port) } }, use), "Unreachable")
    }))

  it.scoped("that is asked for a session longer than it answers", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: ["bad"] })
      const host = sandbox.hosts[0]
      if (host === undefined) return yield* Effect.dieMessage("no host")
      yield* Effect.acquireRelease(host.stall, () => host.resume)
      const error = yield* failsOver(sandbox, {}, use, { connectTimeout: "500 millis" })
      is(error, "Timeout")
    }))

  it.scoped("that does not know our key", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const fs = yield* FileSystem.FileSystem
      const file = `${sandbox.home}/other-key`
      yield* fs.writeFileString(file, ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).private, { mode: 0o600 })
      const error = yield* failsOver(sandbox, { bad: { IdentityFile: file } }, use)
      is(error, "Authentication")
      assert.include(error.message, file)
      assert.include(error.hint, "ssh-copy-id")
    }))

  it.scoped("for which we have no key", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { IdentityFile: "/nowhere/key" } }, use)
      is(error, "Authentication")
      assert.include(error.message, "/nowhere/key is not there")
      assert.include(error.hint, "IdentityFile")
    }))

  it.scoped("whose key file is no key", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { IdentityFile: "/etc/passwd" } }, use)
      is(error, "Authentication")
      assert.include(error.message, "/etc/passwd cannot be read as a key")
    }))

  it.scoped("whose ProxyCommand would pass a descriptor, where OpenSSH's client is not to be used", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(
        yield* Sandbox.Sandbox,
        { bad: { ProxyUseFdpass: "yes", ProxyCommand: "nc -F %h %p" } },
        use,
        { transport: "ssh2" }
      )
      is(error, "Unsupported")
      assert.include(error.hint, "nc %h %p")
    }))

  it.scoped("whose ProxyCommand fails: what it said is told", () =>
    Effect.gen(function*() {
      const ProxyCommand = "sh -c 'echo no way to %h >&2; exit 3'"
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { ProxyCommand } }, use)
      is(error, "Unreachable")
      assert.include(error.message, "no way to 127.0.0.1")
      assert.include(error.message, "ended with exit code 3")
    }))

  it.scoped("whose ProxyCommand is not there", () =>
    Effect.gen(function*() {
      const error = yield* failsOver(yield* Sandbox.Sandbox, { bad: { ProxyCommand: "no-such-program %h %p" } }, use)
      is(error, "Unreachable")
      assert.include(error.message, "no-such-program")
    }))

  it.scoped("whose ProxyCommand hangs: it is ended", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const mark = `LAZYCLUSTER_TEST=${crypto.randomUUID()}`
      const ProxyCommand = `env ${mark} sleep 1000`
      const error = yield* failsOver(sandbox, { bad: { ProxyCommand, ConnectTimeout: "1" } }, use)
      is(error, "Timeout")
      assert.deepStrictEqual(yield* processesWith(mark), [])
    }))

  it.scoped("behind a host that cannot be reached", () =>
    Effect.gen(function*() {
      const port = String(yield* freePort)
      const error = yield* failsOver(yield* Sandbox.Sandbox, { jump: { Port: port }, bad: { ProxyJump: "jump" } }, use)
      // The host to mend is the one in between.
      assert.deepStrictEqual([error._tag, error.reason, error.host], ["SshError", "Refused", "jump"])
    }))

  it.scoped("whose config cannot be read", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const error = yield* failsOver(sandbox, { bad: { Port: "many" } }, use)
      assert.deepStrictEqual([error._tag, error.reason, error.host], ["SshConfigError", "Syntax", "bad"])
    }))
})

layer(Layer.merge(Sandbox.layer({ hosts: 2 }), NodeContext.layer), { excludeTestServices: true })("host keys", (it) => {
  const known = (text: string) =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const fs = yield* FileSystem.FileSystem
      const file = `${sandbox.home}/known-${crypto.randomUUID()}`
      yield* fs.writeFileString(file, text)
      return { file, text: fs.readFileString(file) }
    })

  it.scoped("an unknown one is refused, with its fingerprint and both ways to allow it", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const { file, text } = yield* known("")
      for (const StrictHostKeyChecking of ["yes", "ask"]) {
        const bad = { UserKnownHostsFile: file, StrictHostKeyChecking }
        const error = yield* failsOver(sandbox, { bad }, use)
        is(error, "HostKeyUnknown")
        assert.match(error.message, /ssh-ed25519 SHA256:/)
        assert.include(error.hint, "accept-new")
        assert.include(error.hint, "ssh bad")
      }
      assert.strictEqual(yield* text, "")
    }))

  it.scoped("accept-new takes an unknown one and writes it down once, by config or by option", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const [host] = sandbox.hosts
      const accept = { hostKeys: "accept-new" } as const
      for (const [StrictHostKeyChecking, ssh] of [["accept-new", undefined], ["yes", accept]] as const) {
        const { file, text } = yield* known("")
        const config = yield* configure(sandbox, { good: { UserKnownHostsFile: file, StrictHostKeyChecking } })
        for (const _ of ["first", "second"]) {
          const { exit, reports } = yield* run(
            Effect.provide(Effect.scoped(Effect.asVoid(Runtime.make("good"))), services(sandbox, config, ssh))
          )
          assert.strictEqual(exit._tag, "Success")
          yield* nothingLeft(sandbox, reports)
          assert.strictEqual(yield* text, `[127.0.0.1]:${host?.port} ${host?.hostKey}\n`)
        }
      }
    }))

  it.scoped("a changed one is refused always, also with accept-new, and nothing is written", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const [host, other] = sandbox.hosts
      const line = `[127.0.0.1]:${host?.port} ${other?.hostKey}\n`
      const { file, text } = yield* known(line)
      for (const StrictHostKeyChecking of ["yes", "accept-new", "no"]) {
        const bad = { UserKnownHostsFile: file, StrictHostKeyChecking }
        const error = yield* failsOver(sandbox, { bad }, use, { hostKeys: "accept-new" })
        is(error, "HostKeyChanged")
        assert.include(error.message, `${file}:1`)
        assert.include(error.hint, `ssh-keygen -f ${file} -R '[127.0.0.1]:${host?.port}'`)
      }
      assert.strictEqual(yield* text, line)
    }))

  it.scoped("a revoked one is refused, and no way round it is offered", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const { file } = yield* known(`@revoked * ${sandbox.hosts[0]?.hostKey}\n`)
      const bad = { UserKnownHostsFile: file }
      const error = yield* failsOver(sandbox, { bad }, use, { hostKeys: "accept-new" })
      is(error, "HostKeyChanged")
      assert.include(error.message, "revoked")
      assert.notInclude(error.hint, "ssh-keygen")
    }))

  it.scoped("one that cannot be written down is no reason to go on", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const bad = { UserKnownHostsFile: "/proc/known_hosts", StrictHostKeyChecking: "accept-new" }
      const error = yield* failsOver(sandbox, { bad }, use)
      assert.strictEqual(error._tag, "SshError")
      assert.include(error.message, "/proc/known_hosts")
    }))
})
