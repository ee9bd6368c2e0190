/**
 * One SSH connection over OpenSSH's own client: a master of ours, and what runs over it.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { HostIdentity } from "../services/HostIdentity.ts"
import type { Transport } from "../services/Ssh.ts"
import type { SessionFiles } from "../services/SshConnection.ts"
import { SshConfigError, SshError } from "../services/SshError.ts"
import { canonical } from "./address.ts"
import * as Asking from "./asking.ts"
import * as Args from "./opensshArgs.ts"
import * as Askpass from "./opensshAskpass.ts"
import * as Errors from "./opensshErrors.ts"
import * as Folder from "./opensshFolder.ts"
import * as Forward from "./opensshForward.ts"
import * as OpenSshLink from "./opensshLink.ts"
import type { Log } from "./opensshLog.ts"
import * as Process from "./opensshProcess.ts"
import { linkLost } from "./ssh2Errors.ts"
import * as SshFiles from "./ssh2Files.ts"
import * as Sftp from "./ssh2Sftp.ts"
import { placeOf } from "./ssh2Socket.ts"
import { wayOf } from "./sshJumps.ts"

/** Since it names user and host in what servers ask. */
const oldest = [8, 5] as const

const marksPrompts = (log: Log): boolean => {
  const [, major, minor] = /^OpenSSH_(\d+)\.(\d+)/.exec(log.version() ?? "") ?? []
  return Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
}

/** What may be asked for, and how often: a secret that was refused would be refused again. */
const asksOf = ({ host, resolved }: Args.Target, { asking }: Args.Settings) =>
  resolved !== undefined && asking.ask !== undefined
    ? "as the config says"
    : host.password !== undefined || host.passphrase !== undefined || host.answers !== undefined
    ? "once"
    : "never"

const prepare = (target: Args.Target, settings: Args.Settings): OpenSshLink.Prepare => (place) =>
  Effect.gen(function*() {
    const { host, resolved } = target
    const { controlPath, directory, log } = place
    const asks = asksOf(target, settings)
    const keyFile = typeof host.key === "object" ? `${directory}/key` : undefined
    // OpenSSH reads no key without a line end.
    if (keyFile !== undefined && typeof host.key === "object") {
      yield* Folder.write(host.alias, keyFile, `${Redacted.value(host.key).trimEnd()}\n`, 0o600)
    }
    const askpass = asks === "never" || resolved === undefined
      ? undefined
      : yield* Askpass.make(
        host.alias,
        directory,
        Askpass.answers(resolved, settings.asking, () => marksPrompts(log))
      )
    return { args: Args.master(target, settings, { controlPath, keyFile, asks }), askpass }
  })

/** Whose question it is that comes, only our own reading of the config tells. */
const refuseUnread = ({ host, resolved }: Args.Target, asks: string): Effect.Effect<void, SshConfigError> =>
  resolved !== undefined || asks === "never" ? Effect.void : new SshConfigError({
    reason: "Unsupported",
    host: host.alias,
    detail: "the host comes with a secret, and its ssh config says what only OpenSSH's client understands",
    hint: "put keys into an agent (ssh-add) for it, or name the host without CanonicalizeHostname and ProxyUseFdpass"
  })

const files = (link: OpenSshLink.Link): Effect.Effect<SessionFiles, SshError, Scope.Scope> =>
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
    through,
    server: log.software()
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
    const asks = asksOf(target, settings)
    yield* refuseUnread(target, asks)
    const { link, ready } = yield* OpenSshLink.make({
      host: host.alias,
      program: settings.program,
      prepare: prepare(target, settings)
    })
    yield* Effect.mapError(ready, (code) =>
      Errors.connect({
        host: host.alias,
        where: resolved === undefined ? host.alias : placeOf(resolved),
        program: settings.program,
        code,
        said: link.log.said(),
        hostKey: link.log.hostKey(),
        asked: asks !== "never"
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
  }).pipe((opening) => {
    const duration = Args.deadlineOf(target, settings)
    return Asking.within(opening, settings.asking, {
      duration,
      concerns: (alias) => alias === target.host.alias,
      late: () => late(target, duration)
    })
  })
