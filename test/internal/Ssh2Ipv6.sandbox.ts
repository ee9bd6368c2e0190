import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { connect as dialHere } from "node:net"
import { networkInterfaces, userInfo } from "node:os"
import { join } from "node:path"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { configOf, connect, hostOf, layerOf, run } from "./ssh2Lab.ts"

const available = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"))

const inSandbox = (name: string, body: (sandbox: Sandbox.Sandbox["Type"]) => Effect.Effect<void, unknown, never>) =>
  it.scopedLive(name, () => Effect.flatMap(Sandbox.make({ address: "::1", hosts: 2 }), body), 60_000)

const hello = "echo $SSH_CONNECTION"

describe.skipIf(!available)("IPv6 (skipped where this machine has no ::1)", () => {
  inSandbox(
    "a host of the config, and a literal address with its port in known_hosts",
    (sandbox) =>
      Effect.gen(function*() {
        const { port } = hostOf(sandbox, "host-1")
        const literal = [
          `User ${userInfo().username}`,
          `IdentityFile ${sandbox.identityFile}`,
          `UserKnownHostsFile ${sandbox.knownHostsFile}`
        ]
        const file = configOf(sandbox, "literal", "Host ::1", ...literal, "AddressFamily inet6")
        for (const name of ["host-1", `[::1]:${port}`, `${userInfo().username}@[::1]:${port}`, `[0:0::0:1]:${port}`]) {
          // A spelling of its own is another name for the config, but not for known_hosts.
          const config = name.startsWith("[0") ? configOf(sandbox, "other", "Host 0:0::0:1", ...literal) : file
          const said = yield* connect(name).pipe(
            Effect.flatMap((connection) => Effect.all([run(connection, hello), connection.identity])),
            Effect.scoped,
            Effect.provide(layerOf(config))
          )
          assert.match(said[0].stdout, /^::1 \d+ ::1 \d+\n$/, name)
          assert.strictEqual(said[1].address, "::1")
        }
        const stranger = configOf(
          sandbox,
          "stranger",
          "Host ::1",
          ...literal.slice(0, 2),
          "UserKnownHostsFile /dev/null"
        )
        const error = yield* connect(`[::1]:${port}`).pipe(
          Effect.scoped,
          Effect.flip,
          Effect.provide(layerOf(stranger))
        )
        assert.strictEqual(error.reason, "HostKeyUnknown")
        assert.include(error.message, `[::1]:${port} offers ssh-ed25519 SHA256:`)
      })
  )

  inSandbox(
    "a key accepted as new is written down in brackets, as OpenSSH reads it",
    (sandbox) =>
      Effect.gen(function*() {
        const { hostKey, port } = hostOf(sandbox, "host-1")
        const known = join(sandbox.home, "known")
        const file = join(sandbox.home, ".ssh", "new")
        const text = readFileSync(sandbox.configFile, "utf8").replaceAll(sandbox.knownHostsFile, known)
        writeFileSync(file, text.replaceAll("StrictHostKeyChecking yes", "StrictHostKeyChecking accept-new"))
        for (const _ of [1, 2]) yield* connect("host-1").pipe(Effect.scoped, Effect.provide(layerOf(file)))
        assert.strictEqual(readFileSync(known, "utf8"), `[::1]:${port} ${hostKey}\n`)
        // Another host's key under that name.
        writeFileSync(known, `[::1]:${port} ${hostOf(sandbox, "host-2").hostKey}\n`)
        const error = yield* connect("host-1").pipe(Effect.scoped, Effect.flip, Effect.provide(layerOf(file)))
        assert.strictEqual(error.reason, "HostKeyChanged")
      })
  )

  inSandbox("a jump host, and an address behind it", (sandbox) =>
    Effect.gen(function*() {
      const { port } = hostOf(sandbox, "host-1")
      const file = configOf(sandbox, "jump", "Host host-2", `  ProxyJump ${userInfo().username}@[::1]:${port}`)
      appendFileSync(
        file,
        `Host ::1\n  IdentityFile ${sandbox.identityFile}\n  UserKnownHostsFile ${sandbox.knownHostsFile}\n`
      )
      const { stdout } = yield* connect("host-2").pipe(
        Effect.flatMap((connection) => run(connection, "echo $HOME")),
        Effect.scoped,
        Effect.provide(layerOf(file))
      )
      assert.strictEqual(stdout, `${hostOf(sandbox, "host-2").home}\n`)
    }))

  inSandbox("ports are forwarded over ::1, both ways", (sandbox) =>
    Effect.gen(function*() {
      const connection = yield* connect("host-1")
      const listener = yield* connection.listen({ address: "::1", port: 0 })
      yield* Effect.forkScoped(
        Stream.runForEach(listener.connections, (socket) => Effect.sync(() => void socket.end("from the manager")))
      )
      // The host is this machine: what listens there can be dialled from here, and only under ::1.
      const heard = (host: string) =>
        Effect.async<string, Error>((resume) => {
          const chunks: Array<Buffer> = []
          const socket = dialHere({ host, port: listener.port })
          socket.on("data", (chunk) => chunks.push(chunk))
          socket.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString())))
          socket.on("error", (cause) => resume(Effect.fail(cause)))
          return Effect.sync(() => socket.destroy())
        })
      assert.strictEqual(yield* heard("::1"), "from the manager")
      yield* Effect.flip(heard("127.0.0.1"))
      const through = yield* Effect.scoped(
        Effect.flatMap(
          connection.dial({ address: "::1", port: listener.port }),
          (socket) =>
            Effect.async<string>((resume) => {
              const chunks: Array<Buffer> = []
              socket.on("data", (chunk: Buffer) => chunks.push(chunk))
              socket.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString())))
            })
        )
      )
      assert.strictEqual(through, "from the manager")
    }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile)), Effect.provide(NodeContext.layer)))
})
