import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { spawnSync } from "node:child_process"
import ssh2 from "ssh2"
import * as KnownHosts from "../../src/services/KnownHosts.ts"

const isInstalled = spawnSync("ssh", ["-V"]).status === 0

const types = ["ed25519", "ecdsa", "rsa"] as const

type Type = typeof types[number]

/** What a server with all three answers to a client with no wishes, as OpenSSH has them. */
const wishes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"]

/** A server that only shows its keys: nobody gets in. */
const server = (keys: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: ssh2.Server; readonly port: number }>((resume) => {
      const server = new ssh2.Server({ hostKeys: [...keys] }, (client) => {
        client.on("authentication", (context) => context.reject()).on("error", () => undefined)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed({ server, port: typeof address === "object" && address !== null ? address.port : 0 }))
      })
    }),
    ({ server }) => Effect.sync(() => server.close())
  )

const verdict = (stderr: string) =>
  /REVOKED HOST KEY/.test(stderr)
    ? "revoked"
    : /HAS CHANGED/.test(stderr)
    ? "changed"
    : /No \S+ host key is known/.test(stderr)
    ? "unknown"
    : /Permission denied/.test(stderr)
    ? "known"
    : stderr

describe.skipIf(!isInstalled)("KnownHosts beside ssh", () => {
  it.scopedLive("judges the keys of a server as ssh does", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const make = (name: string, type: Type) => {
        spawnSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-m", "PEM", "-f", `${directory}/${name}`])
        return Effect.map(
          fs.readFileString(`${directory}/${name}.pub`),
          (text) => text.split(" ").slice(0, 2).join(" ")
        )
      }
      const mine = yield* Effect.forEach(types, (type) => make(type, type))
      const [ed = "", ec = "", rsa = ""] = mine
      const [edOther = "", , rsaOther = ""] = yield* Effect.forEach(types, (type) => make(`other-${type}`, type))
      const { port } = yield* server(yield* Effect.forEach(types, (type) => fs.readFileString(`${directory}/${type}`)))
      const file = `${directory}/known_hosts`
      const name = `[127.0.0.1]:${port}`

      const cases: Readonly<Record<string, ReadonlyArray<string>>> = {
        "nothing": [],
        "the key": [`${name} ${ed}`],
        "the key, hashed": [KnownHosts.line({ name: "127.0.0.1", port }, "ssh-ed25519", ed.split(" ")[1] ?? "", true)],
        "only the RSA key: it is asked for": [`${name} ${rsa}`],
        "only the ECDSA key": [`${name} ${ec}`],
        "another key": [`${name} ${edOther}`],
        "another RSA key": [`${name} ${rsaOther}`],
        "another key, then the key": [`${name} ${edOther}`, `${name} ${ed}`],
        "the key without a port": [`127.0.0.1 ${ed}`],
        "another key without a port": [`127.0.0.1 ${edOther}`],
        "the key without a port, another with it": [`127.0.0.1 ${ed}`, `${name} ${edOther}`],
        "a pattern": [`[127.*]:* ${ed}`],
        "a pattern but not for this": [`*,!${name} ${ed}`],
        "revoked": [`${name} ${ed}`, `@revoked * ${ed}`],
        "another revoked": [`${name} ${ed}`, `@revoked * ${edOther}`],
        "revoked and nothing else": [`@revoked ${name} ${ed}`],
        "an authority": [`@cert-authority ${name} ${ed}`],
        "a broken line before it": [`${name} ssh-ed25519 AAAA`, `${name} ${ed}`]
      }
      for (const [about, lines] of Object.entries(cases)) {
        yield* fs.writeFileString(file, `${lines.join("\n")}\n`)
        const options = [
          "BatchMode=yes",
          "StrictHostKeyChecking=yes",
          `UserKnownHostsFile=${file}`,
          "GlobalKnownHostsFile=none",
          "PubkeyAuthentication=no"
        ].flatMap((option) => ["-o", option])
        const stderr = yield* Command.make(
          "ssh",
          "-F",
          "none",
          "-p",
          String(port),
          ...options,
          "127.0.0.1",
          "true"
        ).pipe(
          Command.start,
          Effect.flatMap((process) => Stream.mkString(Stream.decodeText(process.stderr))),
          Effect.scoped
        )
        const entries = KnownHosts.parse(lines.join("\n"), file)
        const target = { name: "127.0.0.1", port }
        const [first = "ssh-ed25519"] = [...KnownHosts.keyTypes(entries, target), ...wishes]
        const [type = "", key = ""] = (mine[wishes.indexOf(first)] ?? "").split(" ")
        assert.strictEqual(KnownHosts.verify(entries, target, type, key)._tag, verdict(stderr), about)
      }
    }).pipe(Effect.provide(NodeContext.layer)))
})
