/**
 * Forwards beside those of OpenSSH, on one real sshd host of the fleet (root), in one run: MB/s and new connections per second.
 *
 *     npm run bench:forward
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import * as Lazycluster from "../src/Lazycluster.ts"
import * as Host from "../src/services/Host.ts"
import { Ssh } from "../src/services/Ssh.ts"
import * as Tunnel from "../src/services/Tunnel.ts"
import * as Fleet from "../test/fleet/Fleet.ts"

const peer = fileURLToPath(new URL("forwardPeer.mjs", import.meta.url))
const rounds = 5
const megabytes = "256"
const connections = "1000"

const numberOf = (text: string) => Number(text.trim())

/** A server of its own process; gives its port. */
const serve = (command: Command.Command) =>
  Effect.flatMap(Command.start(command), (child) =>
    child.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.runHead,
      Effect.flatten,
      Effect.map(numberOf)
    ))

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const program = (fleet: Fleet.FleetService) =>
  Effect.gen(function*() {
    const inside = (...argv: ReadonlyArray<string>) => Command.make("ssh", "-F", fleet.configFile, "host1", ...argv)
    const measure = (client: (...words: ReadonlyArray<string>) => Command.Command) => (port: number) =>
      Effect.gen(function*() {
        const run = (...words: ReadonlyArray<string>) =>
          Effect.filterOrDieMessage(
            Effect.map(Command.string(client(...words)), numberOf),
            (value) => value > 0,
            `${words.join(" ")} has measured nothing`
          )
        return {
          up: yield* run("up", String(port), megabytes),
          down: yield* run("down", String(port), megabytes),
          connect: yield* run("connect", String(port), connections)
        }
      })
    const here = (...words: ReadonlyArray<string>) => Command.make(process.execPath, peer, ...words)
    const there = (...words: ReadonlyArray<string>) => inside(process.execPath, peer, ...words)

    /** OpenSSH with the cipher that ours takes first. */
    const openSsh = (...forward: ReadonlyArray<string>) =>
      Command.start(
        Command.make("ssh", "-F", fleet.configFile, "-c", "aes128-gcm@openssh.com", "-N", ...forward, "host1")
      )
    const free = Effect.flatMap(Ssh, (ssh) =>
      Effect.scoped(Effect.flatMap(ssh.connect(Host.manager), (connection) =>
        Effect.map(connection.listen({ port: 0 }), ({ port }) =>
          port))))
    const answers = (client: (...words: ReadonlyArray<string>) => Command.Command, port: number) =>
      Command.string(client("connect", String(port), "1")).pipe(
        Effect.filterOrFail((said) =>
          numberOf(said) > 0
        ),
        Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo("10 seconds")))
      )

    const connect = (host: Host.Host) => Effect.flatMap(Ssh, (ssh) => ssh.connect(host))
    const host = Host.make({ alias: "host1" })
    const ends = Effect.all({ manager: connect(Host.manager), host: connect(host) })

    const local = yield* serve(here("serve"))
    const remote = yield* serve(there("serve"))
    const kinds = {
      "-L, ssh": Effect.gen(function*() {
        const port = yield* free
        yield* openSsh("-L", `127.0.0.1:${port}:127.0.0.1:${remote}`)
        yield* answers(here, port)
        return yield* measure(here)(port)
      }),
      "-L, ours": Effect.gen(function*() {
        const { host: to, manager: from } = yield* ends
        const { port } = yield* Tunnel.make({
          from: { host: Host.manager, connection: Effect.succeed(from) },
          at: { port: 0 },
          to: { host, connection: Effect.succeed(to) },
          target: { port: remote }
        })
        return yield* measure(here)(port)
      }),
      "-R, ssh": Effect.gen(function*() {
        const port = yield* free
        yield* openSsh("-R", `127.0.0.1:${port}:127.0.0.1:${local}`)
        yield* answers(there, port)
        return yield* measure(there)(port)
      }),
      "-R, ours": Effect.gen(function*() {
        const { host: from, manager: to } = yield* ends
        const { port } = yield* Tunnel.make({
          from: { host, connection: Effect.succeed(from) },
          at: { port: 0 },
          to: { host: Host.manager, connection: Effect.succeed(to) },
          target: { port: local }
        })
        return yield* measure(there)(port)
      })
    }
    // In turn, so that what else the machine does falls on all alike.
    const results = yield* Effect.forEach(
      Array.from({ length: rounds }),
      () =>
        Effect.all({
          "-L, ssh": Effect.scoped(kinds["-L, ssh"]),
          "-L, ours": Effect.scoped(kinds["-L, ours"]),
          "-R, ssh": Effect.scoped(kinds["-R, ssh"]),
          "-R, ours": Effect.scoped(kinds["-R, ours"])
        })
    )
    const row = (kind: keyof typeof kinds) => {
      const all = results.map((result) => result[kind])
      return {
        up: median(all.map(({ up }) => up)),
        down: median(all.map(({ down }) => down)),
        connect: median(all.map(({ connect }) => connect))
      }
    }
    yield* Console.log(`medians of ${rounds}        MB/s up   MB/s down   new connections/s`)
    for (const way of ["-L", "-R"] as const) {
      const [theirs, ours] = [row(`${way}, ssh`), row(`${way}, ours`)]
      const line = (name: string, { connect, down, up }: typeof ours, digits: number) =>
        `${name.padEnd(20)} ${up.toFixed(digits).padStart(9)} ${down.toFixed(digits).padStart(11)} ${
          connect.toFixed(digits).padStart(19)
        }`
      yield* Console.log(line(`ssh ${way} gcm`, theirs, 0))
      yield* Console.log(line(`lazycluster ${way}`, ours, 0))
      yield* Console.log(line(
        "  ratio",
        { up: ours.up / theirs.up, down: ours.down / theirs.down, connect: ours.connect / theirs.connect },
        2
      ))
    }
  })

Fleet.make({ hosts: 1 }).pipe(
  Effect.flatMap((fleet) =>
    program(fleet).pipe(
      Effect.scoped,
      Effect.provide(Lazycluster.layerOf({ sshConfig: { file: fleet.configFile } }))
    )
  ),
  Effect.scoped,
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
