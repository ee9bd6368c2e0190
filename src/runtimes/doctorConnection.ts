/**
 * What a connection to a host can do, found by doing it: sessions, forwards both ways, sockets, files.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as Nonce from "../internal/nonce.ts"
import * as nonceProbe from "../internal/nonceProbe.ts"
import * as programs from "../internal/programs.ts"
import type { Address, SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as DoctorFinding from "./DoctorFinding.ts"

/** As many as sshd carries by default. */
const usual = 10

/** One try. */
const patience: Duration.DurationInput = "8 seconds"

const sshd = (host: string, line: string): string =>
  `write \`${line}\` into /etc/ssh/sshd_config on ${host}, then: ssh ${host} sudo systemctl reload ssh`

/** A session that lasts until it is let go: the server has its slot back then, so that what comes next finds room. */
const held = Effect.gen(function*() {
  const program = yield* programs.load("doctor", "sh")
  return (connection: SshConnection) =>
    Effect.gen(function*() {
      const process = yield* connection.exec({ program, words: ["hold"] }, { lasting: true })
      yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(process.stdout)))
      yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(process.stderr)))
      const ended = Effect.ignore(Effect.timeout(Effect.zipRight(process.endInput, process.exit), "2 seconds"))
      return { ended, transports: yield* connection.transports }
    })
})

/**
 * Opens sessions until the server refuses one: the next one is on a connection of its own then. So it is asked before anything
 * else has a session.
 *
 * @internal
 */
export const sessions = (connection: SshConnection): Effect.Effect<DoctorFinding.DoctorFinding> =>
  Effect.gen(function*() {
    const host = connection.host.alias
    const say = DoctorFinding.on(host)
    const more = sshd(host, "MaxSessions 10")
    const hold = yield* held
    const standing: Array<Effect.Effect<void>> = []
    const count = Effect.gen(function*() {
      while (standing.length < usual) {
        const next = yield* Effect.either(hold(connection))
        const { length } = standing
        if (Either.isLeft(next)) {
          return length === 0
            ? DoctorFinding.wrong(say, "sessions", next.left)
            : say(
              "sessions",
              "problem",
              `${length} on one connection (MaxSessions), and no further connection: ${next.left.detail}`,
              more
            )
        }
        standing.push(next.right.ended)
        if (next.right.transports > 1) {
          return say(
            "sessions",
            "warning",
            `${length} at a time on one connection: more take further connections, each with a login`,
            more
          )
        }
      }
      return say("sessions", "ok", `${usual} at a time on one connection, at least`)
    })
    const finding = yield* count
    yield* Effect.all(standing, { concurrency: "unbounded", discard: true })
    return finding
  }).pipe(Effect.scoped)

/** Listens on the host, and dials that through the host: what is heard went both ways. */
const loop = (
  connection: SshConnection,
  at: Address
): Effect.Effect<{
  readonly listens: Either.Either<void, SshError>
  readonly dials: Either.Either<boolean, SshError>
}> =>
  Effect.gen(function*() {
    const nonce = yield* Nonce.hex(4)
    const listener = yield* Effect.either(connection.listen(at))
    if (Either.isRight(listener)) {
      yield* listener.right.connections.pipe(
        Stream.runForEach((duplex) => Effect.sync(() => duplex.end(nonce))),
        Effect.ignore,
        Effect.forkScoped
      )
    }
    // Nobody listens on 1: whether it may be dialled can be told from the refusal.
    const to = "path" in at ? at : { port: Either.isRight(listener) ? listener.right.port : 1 }
    const dials = yield* nonceProbe.says(connection, to, nonce).pipe(
      Effect.timeoutTo({ duration: patience, onTimeout: () => false, onSuccess: (said) => said }),
      Effect.either
    )
    return { listens: Either.map(listener, () => undefined), dials }
  }).pipe(Effect.scoped)

const forbids = (tried: Either.Either<unknown, SshError>): boolean =>
  Either.isLeft(tried) && tried.left.reason === "ForwardForbidden"

/**
 * TCP ports, in both directions.
 *
 * @internal
 */
export const forwards = (connection: SshConnection): Effect.Effect<ReadonlyArray<DoctorFinding.DoctorFinding>> => {
  const host = connection.host.alias
  const say = DoctorFinding.on(host)
  const allow = sshd(host, "AllowTcpForwarding yes")
  return Effect.map(loop(connection, { port: 0 }), ({ dials, listens }) => [
    forbids(dials)
      ? say(
        "forward-to",
        "problem",
        "sshd forbids it to reach ports of the host (AllowTcpForwarding, PermitOpen)",
        allow
      )
      : Either.isLeft(dials) && dials.left.reason !== "ForwardRefused"
      ? DoctorFinding.wrong(say, "forward-to", dials.left)
      : Either.isRight(listens) && !Either.getOrElse(dials, () => false)
      ? say("forward-to", "warning", "what is sent to a port of the host does not arrive there", allow)
      : say("forward-to", "ok", "ports of the host can be reached"),
    Either.isRight(listens)
      ? say("forward-from", "ok", "the host can reach ports of this machine")
      : forbids(listens)
      ? say(
        "forward-from",
        "problem",
        "sshd forbids the host to reach ports of this machine (AllowTcpForwarding, PermitListen)",
        allow
      )
      : DoctorFinding.wrong(say, "forward-from", listens.left)
  ])
}

/**
 * Unix sockets, in both directions. Few things need them.
 *
 * @internal
 */
export const sockets = (connection: SshConnection, directory: string): Effect.Effect<DoctorFinding.DoctorFinding> => {
  const host = connection.host.alias
  const say = DoctorFinding.on(host)
  return Effect.gen(function*() {
    const { dials, listens } = yield* loop(connection, {
      path: `${directory}/lazycluster-doctor-${yield* Nonce.hex(2)}`
    })
    if (forbids(listens) || forbids(dials)) {
      return say(
        "sockets",
        "warning",
        "sshd forbids Unix sockets (AllowStreamLocalForwarding): ports work, sockets do not",
        sshd(host, "AllowStreamLocalForwarding yes")
      )
    }
    return Either.isLeft(listens)
      ? DoctorFinding.wrong(say, "sockets", listens.left, "warning")
      : Either.getOrElse(dials, () => false)
      ? say("sockets", "ok", "can be forwarded both ways")
      : say("sockets", "warning", "what is sent to a socket of the host does not arrive there")
  })
}

/**
 * SFTP.
 *
 * @internal
 */
export const files = (connection: SshConnection): Effect.Effect<DoctorFinding.DoctorFinding> => {
  const host = connection.host.alias
  const say = DoctorFinding.on(host)
  return connection.files.pipe(
    Effect.flatMap((files) => files.stat(".")),
    Effect.scoped,
    Effect.match({
      onFailure: (error) =>
        say(
          "files",
          "problem",
          `no SFTP: ${error.detail}`,
          error.reason === "Spawn" ? sshd(host, "Subsystem sftp internal-sftp") : error.hint
        ),
      onSuccess: () => say("files", "ok", "SFTP answers")
    })
  )
}
