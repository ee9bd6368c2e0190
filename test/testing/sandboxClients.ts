import * as Command from "@effect/platform/Command"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import ssh2 from "ssh2"
import type { Sandbox } from "../../src/testing/Sandbox.ts"

type Hosts = Sandbox["Type"]

export interface Ended {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

const bytes = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

/** Tries again until it succeeds. */
export const eventually = Effect.retry(Schedule.spaced("10 millis"))

/** Runs a command to its end. */
export const run = (command: Command.Command) =>
  Effect.scoped(Effect.gen(function*() {
    const process = yield* Command.start(command)
    const [code, stdout, stderr] = yield* Effect.all([process.exitCode, bytes(process.stdout), bytes(process.stderr)], {
      concurrency: 3
    })
    const ended: Ended = { code, stdout, stderr: stderr.toString() }
    return ended
  }))

/** OpenSSH's ssh. */
export const ssh = (sandbox: Hosts, ...words: ReadonlyArray<string>) =>
  Command.make("ssh", "-F", sandbox.configFile, "-o", "BatchMode=yes", ...words)

export const firstLine = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  stream.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead, Effect.map(Option.getOrElse(() => "")))

/** A connection that other ssh commands share through the socket at `path`; up when this succeeds. */
export const master = (sandbox: Hosts, alias: string, path: string) =>
  Effect.gen(function*() {
    const process = yield* Command.start(ssh(sandbox, "-N", "-M", "-S", path, alias))
    yield* run(ssh(sandbox, "-S", path, "-O", "check", alias)).pipe(
      Effect.filterOrFail((ended) => ended.code === 0),
      eventually
    )
    return process
  })

/** ssh2's own client. */
export const client = (sandbox: Hosts, alias: string) => {
  const host = sandbox.hosts.find((host) => host.alias === alias)
  assert.isDefined(host)
  return Effect.acquireRelease(
    Effect.async<ssh2.Client, Error>((resume) => {
      const client = new ssh2.Client()
      client.on("ready", () => resume(Effect.succeed(client.setNoDelay())))
      client.on("error", (error) => resume(Effect.fail(error)))
      client.connect({
        host: "127.0.0.1",
        port: host?.port ?? 0,
        username: process.env["USER"] ?? "root",
        privateKey: readFileSync(sandbox.identityFile)
      })
    }),
    (client) => Effect.sync(() => client.destroy())
  )
}

export const exec = (client: ssh2.Client, command: string) =>
  Effect.async<ssh2.ClientChannel, Error>((resume) => {
    client.exec(command, (error, channel) => resume(error === undefined ? Effect.succeed(channel) : Effect.fail(error)))
  })

/** What an event of Node says, once. */
export const once = (emitter: NodeJS.EventEmitter, event: string) =>
  Effect.async<ReadonlyArray<unknown>>((resume) => {
    const listener = (...values: Array<unknown>) => resume(Effect.succeed(values))
    emitter.once(event, listener)
    return Effect.sync(() => emitter.off(event, listener))
  })

/** A TCP server on a free port of loopback. */
export const tcpServer = (serve: (socket: Socket) => void, port = 0) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket.on("error", () => {})))
      server.once("error", (cause) => resume(Effect.die(cause)))
      server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return address === null || typeof address === "string" ? 0 : address.port
  }))

/** A port of those that the kernel gives to nobody: it stays free for a while. */
export const freePort = Effect.flatMap(
  Random.nextIntBetween(20_000, 32_000),
  (port) => Effect.scoped(tcpServer(() => {}, port))
).pipe(Effect.catchAllDefect(Effect.fail), Effect.retry({ times: 50 }))

/** Sends bytes and the end, answers what comes back until the end. */
export const exchange = (port: number, data: Uint8Array) =>
  Effect.async<Buffer, Error>((resume) => {
    const received: Array<Buffer> = []
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    socket.on("data", (chunk) => received.push(chunk))
    socket.on("end", () => resume(Effect.succeed(Buffer.concat(received))))
    socket.on("error", (error) => resume(Effect.fail(error)))
    socket.end(data)
    return Effect.sync(() => socket.destroy())
  })

/** Whether a process lives; one that has ended but was not waited for does not. */
export const alive = (pid: number) =>
  Effect.try(() => readFileSync(`/proc/${pid}/status`, "utf8")).pipe(
    Effect.match({ onFailure: () => false, onSuccess: (status) => !/^State:\tZ/m.test(status) })
  )
