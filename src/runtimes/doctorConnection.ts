/**
 * What a connection to a host can do, found by doing it: sessions, forwards both ways, sockets, files.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
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

/**
 * Opens sessions until the server refuses one: the next one is on a connection of its own then. So it is asked before anything
 * else has a session.
 *
 * @internal
 */
export const sessions = (connection: SshConnection): Effect.Effect<DoctorFinding.DoctorFinding> => {
  const host = connection.host.alias
  const say = DoctorFinding.on(host)
  const more = (held: number): Effect.Effect<DoctorFinding.DoctorFinding, never, Scope.Scope> =>
    held === usual
      ? Effect.succeed(say("sessions", "ok", `${usual} at a time on one connection, at least`))
      : programs.load("doctor", "sh").pipe(
        Effect.flatMap((program) => connection.exec({ program, words: ["hold"] }, { lasting: true })),
        Effect.zipRight(connection.transports),
        Effect.matchEffect({
          onFailure: (error) =>
            Effect.succeed(
              held === 0
                ? DoctorFinding.wrong(say, "sessions", error)
                : say(
                  "sessions",
                  "problem",
                  `${held} on one connection (MaxSessions), and no further connection: ${error.detail}`,
                  sshd(host, "MaxSessions 10")
                )
            ),
          onSuccess: (transports) =>
            transports > 1
              ? Effect.succeed(
                say(
                  "sessions",
                  "warning",
                  `${held} at a time on one connection: more take further connections, each with a login`,
                  sshd(host, "MaxSessions 10")
                )
              )
              : more(held + 1)
        })
      )
  return Effect.scoped(more(0))
}

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
