import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { createHash, randomBytes } from "node:crypto"
import { createReadStream, existsSync, readFileSync, writeFileSync } from "node:fs"
import type { Socket } from "node:net"
import { join } from "node:path"
import type ssh2 from "ssh2"
import type { ClientChannel } from "ssh2"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { client, eventually, exec, once, run } from "./sandboxClients.ts"

const megabyte = 1024 * 1024

const hashOf = (file: string) =>
  Effect.async<string>((resume) => {
    const hash = createHash("sha256")
    createReadStream(file).on("data", (chunk) => hash.update(chunk)).on("end", () => {
      resume(Effect.succeed(hash.digest("hex")))
    })
  })

/** The most that buffers took of this process, in which the hosts live, while the effect ran; in megabytes. */
const growth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const now = () => process.memoryUsage().external
    const base = now()
    let most = base
    const meter = yield* Effect.sync(() => {
      most = Math.max(most, now())
    }).pipe(Effect.repeat(Schedule.spaced("5 millis")), Effect.fork)
    yield* effect
    yield* Fiber.interrupt(meter)
    return Math.round((most - base) / megabyte)
  })

/** A number once it no longer changes. */
const settled = (read: () => number) => {
  let last = -1
  return Effect.sync(() => {
    const before = last
    last = read()
    return before
  }).pipe(
    Effect.filterOrFail((before) => before === last),
    Effect.retry(Schedule.spaced("300 millis")),
    Effect.timeout("60 seconds")
  )
}

const succeeds = (command: string, sandbox: Sandbox.Sandbox["Type"]) =>
  Effect.map(
    run(Command.make("sh", "-c", command).pipe(Command.workingDirectory(sandbox.home))),
    (ended) => assert.strictEqual(`${ended.code} ${ended.stderr}`, "0 ")
  )

describe("100 MB through a Sandbox", () => {
  it.scopedLive("exec and SFTP carry it each way, in bounded memory", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const home = sandbox.hosts[0]?.home ?? ""
      const source = join(sandbox.home, "big")
      writeFileSync(source, Buffer.concat(Array.from({ length: 100 }, () => randomBytes(megabyte))))
      const hash = yield* hashOf(source)
      const ssh = `-F ${sandbox.configFile}`
      const ways = {
        "exec, up": ["ssh $ssh host-1 'cat >up' <big", join(home, "up")],
        "exec, down": ["ssh $ssh host-1 'cat up' >down", join(sandbox.home, "down")],
        "sftp, up": ["echo 'put big put' | sftp -q $ssh -b - host-1 >/dev/null", join(home, "put")],
        "sftp, down": ["echo 'get put got' | sftp -q $ssh -b - host-1 >/dev/null", join(sandbox.home, "got")]
      }
      for (const [way, [command = "", file = ""]] of Object.entries(ways)) {
        const grown = yield* growth(succeeds(command.replaceAll("$ssh", ssh), sandbox))
        assert.strictEqual(yield* hashOf(file), hash, way)
        assert.isBelow(grown, 90, way)
      }
    }).pipe(Effect.provide(NodeContext.layer)), 300_000)

  it.scopedLive("what a command prints waits on the host while nobody reads", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const connection = yield* client(sandbox, "host-1")
      const channel = yield* exec(connection, "echo $$ >pid; exec head -c 100000000 /dev/zero")
      yield* once(channel, "readable")
      const pid = readFileSync(join(sandbox.hosts[0]?.home ?? "", "pid"), "utf8").trim()
      const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1])
      assert.isBelow(yield* settled(written), 16 * megabyte)
      let heard = 0
      channel.on("data", (chunk: Buffer) => {
        heard += chunk.length
      })
      yield* once(channel, "close")
      assert.strictEqual(heard, 100_000_000)
    }), 120_000)

  it.scopedLive("what a command does not read waits with the client", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const connection = yield* client(sandbox, "host-1")
      const channel = yield* exec(connection, "mkfifo go; echo up; read -r go <go; exec wc -c")
      const data = Buffer.alloc(50_000_000)
      yield* once(channel, "data")
      channel.write(data)
      const own = connection as ssh2.Client & { readonly _sock: Socket }
      assert.isBelow(yield* settled(() => own._sock.bytesWritten), 16 * megabyte)
      const counted = yield* Effect.fork(once(channel, "data"))
      channel.end()
      yield* run(Command.make("sh", "-c", "echo >\"$1/go\"", "sh", sandbox.hosts[0]?.home ?? ""))
      assert.strictEqual(String((yield* counted)[0]), "50000000\n")
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.scopedLive("no request of SFTP is read while answers wait for the client", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const home = sandbox.hosts[0]?.home ?? ""
      writeFileSync(join(home, "file"), Buffer.alloc(megabyte))
      const connection = yield* client(sandbox, "host-1")
      const channel = yield* Effect.async<ClientChannel, Error>((resume) => {
        connection.subsys("sftp", (error, channel) => {
          resume(error === undefined ? Effect.succeed(channel) : Effect.fail(error))
        })
      })
      const u32 = (value: number) => {
        const field = Buffer.alloc(4)
        field.writeUInt32BE(value)
        return field
      }
      const text = (value: string) => Buffer.concat([u32(value.length), Buffer.from(value)])
      const packet = (type: number, ...fields: ReadonlyArray<Buffer>) => {
        const body = Buffer.concat([Buffer.from([type]), ...fields])
        return Buffer.concat([u32(body.length), body])
      }
      const handle = Buffer.concat([u32(4), u32(1)])
      channel.write(packet(1, u32(3)))
      channel.write(packet(3, u32(0), text("file"), u32(1), u32(0)))
      for (let id = 1; id <= 24; id++) channel.write(packet(5, u32(id), handle, u32(0), u32(0), u32(255 * 1024)))
      channel.write(packet(14, u32(25), text("last"), u32(0)))
      yield* eventually(Effect.filterOrFail(Effect.sync(() => channel.readableLength), (length) => length > megabyte))
      // A server that goes on reading has come to the last request by then.
      yield* Effect.flatMap(exec(connection, "sleep 1"), (other) => once(other.resume(), "close"))
      assert.isFalse(existsSync(join(home, "last")))
      channel.resume()
      yield* eventually(Effect.filterOrFail(Effect.sync(() => existsSync(join(home, "last"))), (made) => made))
      // What cannot be a packet ends the session.
      const exit = yield* Effect.fork(once(channel, "exit"))
      channel.write(Buffer.alloc(64, 255))
      assert.strictEqual((yield* exit)[0], 255)
    }), 120_000)
})
