/**
 * What can be done with a host in memory: its connections, and the manager's own processes and ports.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Duplex } from "../../internal/duplex.ts"
import * as pulled from "../../internal/pulled.ts"
import * as socketPath from "../../internal/socketPath.ts"
import { connectError } from "../../internal/ssh2Errors.ts"
import type { Host } from "../../services/Host.ts"
import type { Transport } from "../../services/Ssh.ts"
import type { ExitStatus, RemoteProcess, SshConnection } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import { refusalOf } from "./memoryConditions.ts"
import type * as memoryDuplex from "./memoryDuplex.ts"
import * as memoryFiles from "./memoryFiles.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryLan from "./memoryLan.ts"
import * as memoryLink from "./memoryLink.ts"
import * as memoryListen from "./memoryListen.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryPipe from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"
import * as memoryPrograms from "./memoryPrograms.ts"
import * as memoryRecord from "./memoryRecord.ts"

/** sshd's own default. */
const defaultMaxSessions = 10

/** Where sshd's own default (10:30:100) refuses every further one. */
const defaultMaxStartups = 100

const refuse = (host: MemoryHost, step: string, reason: SshError["reason"], detail: string, hint: string) =>
  new SshError({ reason, host: host.alias, step, detail, hint })

/** A session takes its slot of the server as long as its scope is open. */
const slot = (host: MemoryHost, link: memoryLink.Link, step: string) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      if (link.sessions >= (host.options.maxSessions ?? defaultMaxSessions)) {
        return refuse(
          host,
          step,
          "ChannelRefused",
          "open failed",
          "the server allows no further session on this connection (MaxSessions)"
        )
      }
      link.sessions += 1
      return Effect.void
    }),
    () =>
      Effect.sync(() => {
        link.sessions -= 1
      })
  )

/** `local` is what is dialled through the host, `remote` what listens there. */
const forwarding = (host: MemoryHost, direction: "local" | "remote") => {
  const { allowForwarding = true } = host.options
  return allowForwarding === true || allowForwarding === direction ? Effect.void : refuse(
    host,
    direction === "local" ? "dial" : "listen",
    "ForwardForbidden",
    "administratively prohibited",
    "does sshd allow it (AllowTcpForwarding)?"
  )
}

const checked = (host: MemoryHost, step: string, at: Parameters<SshConnection["dial"]>[0]) =>
  socketPath.isSocket(at) ? socketPath.check(host.alias, step, at) : Effect.void

/** A process behind pipes; `through` is what each chunk of the client passes. */
const start = Effect.fnUntraced(function*(
  host: MemoryHost,
  link: memoryLink.Link | undefined,
  invocation: Parameters<SshConnection["exec"]>[0],
  through: (bytes?: number) => Effect.Effect<void, SshError>
) {
  const [stdin, stdout, stderr] = yield* Effect.all([memoryPipe.make, memoryPipe.make, memoryPipe.make])
  const done = yield* Deferred.make<ExitStatus>()
  const leave = Effect.zipRight(stdout.leave, stderr.leave)
  const hangUp = Effect.all([stdin.end, stdout.break, stderr.break, Effect.sync(() => link?.heard.delete(leave))], {
    discard: true
  })
  yield* memoryProcess.spawn(host, {
    argv: [`lazycluster-${invocation.program.name}`],
    env: host.env,
    cwd: host.home,
    io: { stdin, stdout: stdout.write, stderr: stderr.write },
    body: memoryPrograms.body(host, link, invocation),
    onExit: (status) => Effect.all([stdout.end, stderr.end, told(status)], { discard: true })
  })
  link?.heard.add(leave)
  const orLost = <A>(effect: Effect.Effect<A, SshError>) =>
    link === undefined ? effect : memoryLink.orLost(link, effect)
  const heard = (pipe: memoryPipe.Pipe): Stream.Stream<Uint8Array, SshError> => {
    if (link === undefined) return pipe.stream
    // A pipe that breaks with its link has no clean end.
    const end = Effect.suspend(() => link.clientOpen ? Effect.succeedNone : Deferred.await(link.lost))
    // A reader that is interrupted while a chunk is on its way has it still to come.
    let coming = Option.none<Uint8Array>()
    const next = Effect.suspend(() => Option.isSome(coming) ? Effect.succeed(coming) : pipe.read)
    return pulled.make(Effect.flatMap(next, (chunk): Effect.Effect<Option.Option<Uint8Array>, SshError> => {
      if (Option.isNone(chunk) || !link.clientOpen) return end
      coming = chunk
      return Effect.flatMap(through(chunk.value.length), (): Effect.Effect<Option.Option<Uint8Array>, SshError> => {
        coming = Option.none()
        // The link may have gone meanwhile.
        return link.clientOpen ? Effect.succeed(chunk) : end
      })
    }))
  }
  /** What ended after the link did, nobody was told of. */
  const told = (status: ExitStatus) =>
    Effect.suspend(() => link === undefined || link.clientOpen ? Deferred.succeed(done, status) : Effect.void)
  const process: RemoteProcess = {
    write: (chunk) => {
      const bytes = memoryPipe.bytesOf(chunk)
      return Effect.zipRight(
        through(bytes.length),
        Effect.suspend(() => stdin.offer(bytes) === undefined ? Effect.asVoid(orLost(stdin.write(bytes))) : Effect.void)
      )
    },
    endInput: Effect.zipRight(Effect.ignore(through()), stdin.end),
    stdout: heard(stdout),
    stderr: heard(stderr),
    exit: orLost(Effect.zipLeft(Deferred.await(done), through()))
  }
  return { process, hangUp }
})

/** A listening port whose closing is the business of the scope that it is given. */
const listen = (host: MemoryHost, at: Parameters<SshConnection["listen"]>[0], owner: string) =>
  Effect.acquireRelease(
    Effect.tap(memoryListen.bind(host, at, owner), (bound) =>
      host.note({ _tag: "Listening", port: bound.port, path: bound.path, owner })),
    (bound) =>
      free(host, bound)
  )

const free = (host: MemoryHost, bound: memoryNetwork.Bound) =>
  Effect.suspend(() =>
    host.network.bound.has(bound)
      ? Effect.zipRight(
        memoryNetwork.unbind(host.network, bound),
        host.note({ _tag: "Freed", port: bound.port, path: bound.path })
      )
      : Effect.void
  )

/** What arrives at a listener over the link, which has no clean end when it is lost. */
const arrivals = (link: memoryLink.Link, bound: memoryNetwork.Bound, taken: (arrived: Duplex) => Duplex) =>
  pulled.make(Effect.suspend(() =>
    link.clientOpen
      ? Effect.flatMap(memoryLink.orLost(link, memoryNetwork.accepted(bound)), (arrived) =>
        // Closed, or gone with the server's process, of which the client may not have heard.
        Option.isSome(arrived) || (link.clientOpen && link.serverOpen)
          ? Effect.succeed(Option.map(arrived, taken))
          : Deferred.await(link.lost))
      : Deferred.await(link.lost)
  ))

/**
 * Opens a connection. Its scope closes it.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(host: MemoryHost, name: Host, connectTimeout: Duration.DurationInput) {
  yield* Effect.interruptible(arrive(host)).pipe(
    Effect.timeoutFail({
      duration: connectTimeout,
      onTimeout: () =>
        refuse(
          host,
          "connect",
          "Timeout",
          `${host.alias} does not answer within the deadline`,
          "is the host up, and does a firewall drop packets to it? ConnectTimeout in the ssh config sets the deadline"
        )
    }),
    Effect.tapError(({ reason }) => host.note({ _tag: "NotConnected", reason }))
  )
  const link = yield* Effect.acquireRelease(
    memoryLink.make(host),
    (link) => memoryLink.hangUp(host, link, false)
  )
  yield* host.note({ _tag: "Connected", connection: link.number })
  const lost = Deferred.await(link.lost)
  const through = (bytes = 0) => memoryLink.travel(link, bytes)
  const whileOpen = (release: Effect.Effect<void>) =>
    Effect.suspend(() => link.clientOpen && link.way.isOpen() ? release : Effect.void)
  const end = (end: Parameters<typeof memoryDuplex.destroy>[0]) => {
    link.ends.add(end)
    end.once("close", () => link.ends.delete(end))
    return end
  }
  const transport: Transport = {
    host: name,
    lost,
    identity: Effect.succeed(
      host.options.identity ?? {
        hostKey: `SHA256:${host.alias}`,
        address: host.alias,
        port: name.port ?? 22,
        user: name.user ?? host.env["USER"] ?? "user"
      }
    ),
    sever: memoryLink.hangUp(host, link, true),
    exec: (invocation) =>
      Effect.gen(function*() {
        yield* through()
        yield* slot(host, link, "exec")
        const { hangUp, process } = yield* start(host, link, invocation, through)
        // What the server's process holds for it, which goes with either.
        const channel = yield* Scope.fork(link.server, ExecutionStrategy.sequential)
        yield* Scope.addFinalizer(channel, hangUp)
        yield* Effect.addFinalizer(() => whileOpen(Scope.close(channel, Exit.void)))
        return process
      }),
    files: Effect.gen(function*() {
      yield* through()
      yield* slot(host, link, "sftp")
      return memoryRecord.files(host, memoryFiles.make(host, host.home, through))
    }),
    dial: (to) =>
      Effect.gen(function*() {
        yield* checked(host, "dial", to)
        yield* through()
        yield* forwarding(host, "local")
        return end(yield* memoryRecord.dial(host, to, memoryLan.connect(host, to, [link.way])))
      }),
    listen: (at) =>
      Effect.gen(function*() {
        yield* through()
        yield* forwarding(host, "remote")
        const bound = yield* Scope.extend(listen(host, at, `sshd of connection ${link.number}`), link.server)
        yield* Effect.addFinalizer(() => whileOpen(free(host, bound)))
        return {
          port: bound.port,
          // What a lost link closes has no clean end.
          connections: arrivals(link, bound, end)
        }
      })
  }
  return transport
})

/** As long as a connection is on its way in, it counts against MaxStartups. */
const startup = (host: MemoryHost) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      if (host.arriving >= (host.options.maxStartups ?? defaultMaxStartups)) {
        return connectError(host.alias, `${host.alias}:22`, new Error("Connection lost before handshake"))
      }
      host.arriving += 1
      return Effect.void
    }),
    () =>
      Effect.sync(() => {
        host.arriving -= 1
      })
  )

/** The way to the server, up to its answer. */
const arrive = (host: MemoryHost): Effect.Effect<void, SshError> => {
  const way = memoryLan.wayTo(host)
  return way.open.pipe(
    Effect.zipRight(startup(host)),
    Effect.zipRight(way.travel()),
    Effect.scoped,
    Effect.zipRight(Effect.suspend(() => {
      if (!way.isOpen()) return arrive(host)
      const refusal = refusalOf(host)
      return refusal === undefined ? Effect.void : new SshError({ ...refusal, host: host.alias, step: "connect" })
    }))
  )
}

const execHere = Effect.fnUntraced(function*(host: MemoryHost, invocation: Parameters<SshConnection["exec"]>[0]) {
  const { hangUp, process } = yield* start(host, undefined, invocation, () => Effect.void)
  yield* Effect.addFinalizer(() => hangUp)
  return process
})

/**
 * The manager: the same without SSH between.
 *
 * @internal
 */
export const manager = (host: MemoryHost, name: Host): SshConnection => ({
  host: name,
  lost: Effect.never,
  sever: Effect.void,
  exec: (invocation) => execHere(host, invocation),
  files: Effect.succeed(memoryRecord.files(host, memoryFiles.make(host, host.home))),
  dial: (to) =>
    Effect.zipRight(
      checked(host, "dial", to),
      memoryRecord.dial(host, to, memoryLan.connect(host, to))
    ),
  listen: (at) =>
    checked(host, "listen", at).pipe(
      Effect.zipRight(memoryListen.removed(host, at, memoryListen.replacing(host, at, listen(host, at, "manager")))),
      Effect.map((bound) => ({ port: bound.port, connections: pulled.make(memoryNetwork.accepted(bound)) }))
    ),
  anchor: () => Effect.void,
  aside: (invocation) => execHere(host, invocation),
  identity: Effect.succeed({ address: name.alias, port: 0, user: host.env["USER"] ?? "user" }),
  transports: Effect.succeed(0)
})
