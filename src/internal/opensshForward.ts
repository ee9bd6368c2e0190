/**
 * Ports and Unix sockets forwarded by a master, in both directions: it listens or dials on a Unix socket in our directory.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { rm } from "node:fs/promises"
import { createServer, Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Address, Listener, TcpAddress } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as arrivals from "./arrivals.ts"
import * as bounded from "./bounded.ts"
import * as liveMap from "./liveMap.ts"
import { type Link, Refused } from "./opensshLink.ts"
import * as Mux from "./opensshMux.ts"
import * as ForwardedSocket from "./opensshSocket.ts"
import * as socketPath from "./socketPath.ts"
import { channelError, linkLost } from "./ssh2Errors.ts"
import { about, forbidden, taken } from "./ssh2Forward.ts"

/** As RFC 4254 numbers it, for those who read it from ssh2. */
const refusal = (why: string): Error => Object.assign(new Error(why), /prohibited/.test(why) ? { reason: 1 } : {})

/** A master without a word for so long is none. It answers of itself, the host has no part in it. */
const patience = "10 seconds"

/**
 * Both directions, for one master. Its scope ends the forwards.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(link: Link): Effect.fn.Return<
  {
    readonly dial: (to: Address) => Effect.Effect<Duplex, SshError, Scope.Scope>
    readonly listen: (at: Address) => Effect.Effect<Listener, SshError, Scope.Scope>
  },
  never,
  Scope.Scope
> {
  const { host } = link
  let count = 0
  const nextPath = Effect.sync(() => {
    count += 1
    return `${link.directory}/f${count}`
  })

  const links = yield* Effect.scope
  /**
   * Held as long as the scope is open. A master gives back only what the host has answered, so an answer is awaited by
   * itself, whoever gives up; and given back then, however long that takes.
   */
  const forward = (one: Mux.Forward, step: string): Effect.Effect<number, SshError | Refused, Scope.Scope> =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<number, SshError | Refused>()
      const close = Effect.interruptible(Effect.zipRight(Deferred.await(answer), link.ask(Mux.close(one), step)))
      yield* Effect.acquireRelease(
        Effect.forkIn(Effect.intoDeferred(Effect.interruptible(link.ask(Mux.open(one), step)), answer), links),
        () =>
          Effect.flatMap(Effect.forkIn(close, links), (closing) => bounded.within(Fiber.await(closing), "5 seconds"))
      )
      return yield* Deferred.await(answer)
    })

  /** One socket for each far end, kept for a while: a page that is looked at makes many connections. */
  const entrances = yield* liveMap.make({
    lookup: (to: Address) =>
      Effect.gen(function*() {
        // A master leaves the socket of a forward that has ended.
        const path = yield* Effect.acquireRelease(
          nextPath,
          (path) => Effect.ignore(Effect.tryPromise(() => rm(path, { force: true })))
        )
        yield* forward({ direction: "local", from: { path }, to }, "dial")
        return path
      }),
    gone: () => link.lost,
    idleTimeToLive: "1 minute"
  })

  /** The log names no connection, so they come one after the other up to where the channel has its number. */
  const turn = yield* Effect.makeSemaphore(1)
  const enter = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Duplex, SshError, Scope.Scope> {
    const answer = yield* Deferred.make<void, SshError>()
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => new Socket({ allowHalfOpen: true }).on("error", () => {})),
      (socket) => Effect.sync(() => void socket.destroy())
    )
    const lost = (cause?: unknown) => linkLost(host, "dial", cause)
    const begun = Effect.async<void, SshError>((resume) => {
      const forget = link.whenLost((error) => {
        Deferred.unsafeDone(answer, Effect.fail(lost(error.cause)))
        resume(Effect.fail(lost(error.cause)))
      })
      const unexpect = link.log.expect({
        began: () => resume(Effect.void),
        ended: (refused) => {
          forget()
          Deferred.unsafeDone(
            answer,
            refused === undefined ? Effect.void : Effect.fail(channelError(host, "dial", refusal(refused)))
          )
        }
      })
      socket.once("error", (cause) => {
        unexpect()
        forget()
        resume(Effect.fail(lost(cause)))
      }).connect(path)
    })
    // One that is under way has its place in the log, whether somebody still waits for it or not.
    yield* bounded.within(begun, patience).pipe(
      Effect.flatMap(Option.match({
        onNone: () => Effect.zipRight(link.sever, Effect.fail(lost(new Error("ssh does not answer")))),
        onSome: () => Effect.void
      })),
      Effect.uninterruptible,
      turn.withPermits(1)
    )
    yield* Deferred.await(answer)
    return yield* Effect.acquireRelease(
      Effect.sync(() => ForwardedSocket.make(link, socket)),
      (duplex) => Effect.sync(() => void duplex.destroy())
    )
  })

  const dial = Effect.fnUntraced(function*(to: Address): Effect.fn.Return<Duplex, SshError, Scope.Scope> {
    if (socketPath.isSocket(to)) yield* socketPath.check(host, "dial", to)
    const scope = yield* Effect.scope
    const key = socketPath.isSocket(to)
      ? Data.struct({ path: to.path })
      : Data.struct({ address: to.address ?? "127.0.0.1", port: to.port })
    return yield* Effect.scoped(Effect.flatMap(entrances(key), (path) => Scope.extend(enter(path), scope))).pipe(
      Effect.mapError((error) =>
        about(to)(error instanceof Refused ? channelError(host, "dial", refusal(error.why)) : error)
      )
    )
  })

  /** The server does not say why it refuses a port: whether it would give any tells. */
  const refusedPort = ({ address = "127.0.0.1", port }: TcpAddress): Effect.Effect<SshError> => {
    const rules = "AllowTcpForwarding, PermitListen"
    if (port === 0) return Effect.succeed(forbidden(host, `any port of ${address}`, rules))
    const probe = Effect.flatMap(
      nextPath,
      (path) => forward({ direction: "remote", from: { address, port: 0 }, to: { path } }, "listen")
    )
    return Effect.match(Effect.scoped(probe), {
      onFailure: (error) => error instanceof Refused ? forbidden(host, `${address}:${port}`, rules) : error,
      onSuccess: () => taken(host, `${address}:${port}`, port)
    })
  }

  const listen = Effect.fnUntraced(function*(at: Address): Effect.fn.Return<Listener, SshError, Scope.Scope> {
    if (socketPath.isSocket(at)) yield* socketPath.check(host, "listen", at)
    const arrived = yield* arrivals.until(link.lost)
    const path = yield* nextPath
    yield* accept(path, (socket) => {
      const duplex = ForwardedSocket.make(link, socket)
      if (!arrived.offer(duplex)) duplex.destroy()
    })
    const port = yield* forward({ direction: "remote", from: at, to: { path } }, "listen").pipe(
      Effect.catchIf(
        (error) => error instanceof Refused,
        () =>
          Effect.flatMap(
            socketPath.isSocket(at)
              ? Effect.succeed(
                forbidden(host, at.path, "AllowStreamLocalForwarding, and AllowTcpForwarding counts too")
              )
              : refusedPort(at),
            Effect.fail
          )
      )
    )
    return {
      port: socketPath.isSocket(at) ? 0 : at.port === 0 ? port : at.port,
      connections: arrived.taken
    }
  })

  /** Where the master brings what has arrived on the host. */
  const accept = (path: string, take: (socket: Socket) => void) =>
    Effect.flatMap(
      Effect.acquireRelease(
        Effect.sync(() => createServer({ allowHalfOpen: true }, take)),
        (server) => Effect.sync(() => void server.close(() => {}))
      ),
      (server) =>
        Effect.async<void, SshError>((resume) => {
          server
            .on("error", (cause) => resume(Effect.fail(linkLost(host, "listen", cause))))
            .listen(path, () => resume(Effect.void))
        })
    )

  return { dial, listen }
})
