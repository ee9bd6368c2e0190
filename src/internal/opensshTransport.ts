/**
 * One SSH connection over OpenSSH's own client: a master of ours, and what runs over it.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Host } from "../services/Host.ts"
import type { HostIdentity } from "../services/HostIdentity.ts"
import type { Transport } from "../services/Ssh.ts"
import type { Files } from "../services/SshConnection.ts"
import { SshConfigError, SshError } from "../services/SshError.ts"
import { canonical } from "./address.ts"
import * as Args from "./opensshArgs.ts"
import * as Errors from "./opensshErrors.ts"
import * as Forward from "./opensshForward.ts"
import * as OpenSshLink from "./opensshLink.ts"
import type { Log } from "./opensshLog.ts"
import * as Process from "./opensshProcess.ts"
import { linkLost } from "./ssh2Errors.ts"
import * as SshFiles from "./ssh2Files.ts"
import * as Sftp from "./ssh2Sftp.ts"
import { placeOf } from "./ssh2Socket.ts"
import { wayOf } from "./sshJumps.ts"

/** Nothing is asked for here, and no secret goes where others see it. */
const refuseSecrets = (host: Host): Effect.Effect<void, SshConfigError> => {
  const secret = host.password !== undefined || host.answers !== undefined
    ? "a password"
    : host.passphrase !== undefined
    ? "a passphrase"
    : host.key !== undefined && typeof host.key !== "string"
    ? "the text of a key"
    : undefined
  return secret === undefined ? Effect.void : new SshConfigError({
    reason: "Unsupported",
    host: host.alias,
    detail: `the host comes with ${secret}, and OpenSSH's client is given none`,
    hint: `put keys into an agent (ssh-add) for it, or use the option transport: "ssh2"`
  })
}

const files = (link: OpenSshLink.Link): Effect.Effect<Files, SshError, Scope.Scope> =>
  Effect.gen(function*() {
    const child = yield* Process.client(link, ["-s", "--", "lazycluster", "sftp"])
    const session = yield* Effect.async<SshFiles.Session, SshError>((resume) => {
      let said = ""
      child.stderr.on("data", (chunk: Buffer) => {
        if (said.length < 10_000) said += chunk.toString()
      })
      const sftp = Sftp.over(child.stdin, child.stdout, {
        software: link.log.software(),
        close: () => child.stdin.end(),
        // A link that has gone tells so itself.
        whenClosed: (tell) => child.once("close", () => link.alive((lives) => lives ? tell() : undefined))
      })
      const failed = () =>
        link.alive((lives) =>
          resume(Effect.fail(lives ? Errors.session(link.host, "sftp", said) : linkLost(link.host, "sftp")))
        )
      sftp.on("error", failed).once("ready", () => {
        child.off("close", failed)
        resume(Effect.succeed(SshFiles.session(link, sftp)))
      })
      child.once("close", failed)
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => session.end()))
    return session.files
  })

/** Behind a jump host or a proxy command, it is known by the name that these were given. */
const identity = ({ host, resolved }: Args.Target, log: Log): HostIdentity => {
  const through = resolved === undefined ? undefined : wayOf(resolved)
  return {
    hostKey: log.hostKey()?.replace(/^\S+ /, ""),
    address: canonical((through === undefined ? log.address() : undefined) ?? resolved?.hostName ?? host.alias),
    port: resolved?.port ?? host.port ?? 22,
    user: log.user() ?? resolved?.user ?? host.user ?? "",
    through
  }
}

const late = ({ host, resolved }: Args.Target, duration: Duration.Duration): SshError =>
  new SshError({
    reason: "Timeout",
    host: host.alias,
    step: "connect",
    detail: `${resolved === undefined ? host.alias : placeOf(resolved)} does not let us in within ${
      Duration.format(duration)
    }`,
    hint:
      "is the host up, and does a firewall drop packets to it? ConnectTimeout in the ssh config waits longer, as for a key that must be touched"
  })

/**
 * Opens a connection. Its scope ends it.
 *
 * @internal
 */
export const open = (
  target: Args.Target,
  settings: Args.Settings
): Effect.Effect<Transport, SshError | SshConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const { host, resolved } = target
    yield* refuseSecrets(host)
    const { link, ready } = yield* OpenSshLink.make({
      host: host.alias,
      program: settings.program,
      args: Args.master(target, settings)
    })
    yield* Effect.mapError(ready, (code) =>
      Errors.connect({
        host: host.alias,
        where: resolved === undefined ? host.alias : placeOf(resolved),
        program: settings.program,
        code,
        said: link.log.said(),
        hostKey: link.log.hostKey()
      }))
    const { dial, listen } = yield* Forward.make(link)
    return {
      host,
      lost: link.lost,
      sever: link.sever,
      identity: Effect.succeed(identity(target, link.log)),
      exec: (invocation) => Process.start(link, invocation),
      files: files(link),
      dial,
      listen
    } satisfies Transport
  }).pipe(
    // Its parts are cleaned up by the scope; without this a caller that cannot be interrupted would have no deadline.
    Effect.interruptible,
    (opening) => {
      const duration = Args.deadlineOf(target, settings)
      return Effect.timeoutFail(opening, { duration, onTimeout: () => late(target, duration) })
    }
  )
