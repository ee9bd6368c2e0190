/**
 * From a byte stream to a connection that is ready: key exchange, the host's key, ours.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import ssh2 from "ssh2"
import type { HostIdentity } from "../services/HostIdentity.ts"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { SshConfigError, type SshError } from "../services/SshError.ts"
import type { Asking } from "./asking.ts"
import { withoutControl } from "./outputText.ts"
import * as Algorithms from "./ssh2Algorithms.ts"
import * as Auth from "./ssh2Auth.ts"
import { expired, refused, unanswered } from "./ssh2AuthErrors.ts"
import { connectError } from "./ssh2Errors.ts"
import * as HostKey from "./ssh2HostKey.ts"
import * as Link from "./ssh2Link.ts"
import type { Unlocked } from "./ssh2LockedKey.ts"
import { onRejection } from "./ssh2Rejections.ts"
import { placeOf } from "./ssh2Socket.ts"

/**
 * What the live layer may be told.
 *
 * @internal
 */
export interface Settings {
  readonly acceptNew: boolean
  readonly asking: Asking
  readonly unlocked: Unlocked
  /** Held by who writes to a known_hosts file. */
  readonly recording: Effect.Semaphore
  /** For the whole way: jump hosts, resolve, connect, key exchange, authentication. */
  readonly connectTimeout: Duration.Duration
  /** Where the ssh config has no ServerAliveInterval. */
  readonly keepalive: Duration.Duration
}

const keepalive = (resolved: ResolvedHost, settings: Settings) => ({
  keepaliveInterval: resolved.serverAliveInterval > 0
    ? resolved.serverAliveInterval * 1000
    : Duration.toMillis(settings.keepalive),
  // 0 is for OpenSSH: ask, but never give up.
  keepaliveCountMax: resolved.serverAliveCountMax === 0 ? Number.POSITIVE_INFINITY : resolved.serverAliveCountMax
})

/**
 * Makes a connection over a socket. Its events stay heard until its scope closes it.
 *
 * @internal
 */
export const make = (
  resolved: ResolvedHost,
  sock: Duplex,
  settings: Settings
): Effect.Effect<
  { readonly link: Link.Link; readonly hostKey: string } & Pick<HostIdentity, "server" | "login">,
  SshError | SshConfigError,
  Scope.Scope | FileSystem.FileSystem
> =>
  Effect.gen(function*() {
    const host = resolved.host.alias
    const algorithms = yield* Either.mapLeft(Algorithms.algorithms(resolved), (line) => noneOf(resolved, line))
    const known = yield* HostKey.load(resolved, settings)
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new ssh2.Client()),
      (client) => Effect.sync(() => client.end().destroy())
    )
    const link = yield* Link.make(host, client, sock)
    const shown = yield* Effect.scoped(ready(resolved, { link, sock, known, settings, algorithms }))
    if (shown.isNew) yield* known.remember(shown.key)
    const { key, login, server } = shown
    return { link, hostKey: HostKey.fingerprint(key), login, server }
  })

const noneOf = (resolved: ResolvedHost, line: string) =>
  new SshConfigError({
    reason: "Unsupported",
    host: resolved.host.alias,
    detail: `ssh2 has nothing of what \`${line}\` names`,
    hint: "name an algorithm that it has beside them, or use Ssh.layerOpenSsh, which has all of OpenSSH's"
  })

interface Shown extends Pick<HostIdentity, "server" | "login"> {
  readonly key: Buffer
  readonly isNew: boolean
}

/** As many as sshd takes by default (MaxAuthTries): the last may be the right one. */
const mostTries = 6

/** Waits for the end of the handshake; answers the key that the host has shown. */
const ready = Effect.fnUntraced(function*(resolved: ResolvedHost, parts: {
  readonly link: Link.Link
  readonly sock: Duplex
  readonly known: HostKey.Known
  readonly settings: Settings
  readonly algorithms: Algorithms.Algorithms
}): Effect.fn.Return<Shown, SshError, Scope.Scope> {
  const { algorithms, known, link, settings, sock } = parts
  const { client } = link
  const done = yield* Deferred.make<Shown, SshError>()
  const end = (exit: Exit.Exit<Shown, SshError>): void => Deferred.unsafeDone(done, exit)
  const runFork = yield* FiberSet.makeRuntime<never, void>()
  // A bug of the one who answers ends the handshake as what it is.
  const run = (effect: Effect.Effect<void>): void =>
    void runFork(Effect.catchAllCause(effect, (cause) => Effect.sync(() => end(Exit.failCause(cause)))))

  const tried: Array<Auth.Offer> = []
  let rejected = 0
  let tries = 0
  let theirs: ReadonlyArray<string> | undefined
  const offered: Auth.Offered = yield* Auth.offers(resolved, {
    asking: settings.asking,
    unlocked: settings.unlocked,
    run,
    giveUp: (problem, decline) =>
      left.some((offer) => offer.method === "password") && theirs?.includes("password") === true
        ? decline()
        : end(Exit.fail(unanswered(resolved, problem)))
  })
  const left = [...offered.offers]
  const ours = new Set(left.map((offer) => offer.method))
  const refusal = (cause: unknown) =>
    refused(resolved, { tried: tried.map(({ name }) => name), ours, theirs, problems: offered.problems }, cause)

  const attempt = (next: (attempt: Auth.Attempt | false) => void): void => {
    const index = left.findIndex(({ method }) => theirs?.includes(method) ?? true)
    const [offer] = index < 0 || tries === mostTries ? [] : left.splice(index, 1)
    if (offer === undefined) return next(false)
    run(Effect.map(
      offer.begin,
      Option.match({
        onNone: () => attempt(next),
        onSome: (begun) => {
          tries += 1
          tried.push(offer)
          next(begun)
        }
      })
    ))
  }

  let distrust: SshError | undefined
  let shown: Shown = { key: Buffer.alloc(0), isNew: false }
  let heard = ""
  sock.once("data", (chunk: Buffer) => {
    heard = withoutControl(chunk.subarray(0, 100).toString("latin1").split("\n")[0] ?? "").trim()
  })
  /** The server has taken what was tried last. */
  const account = (): Pick<HostIdentity, "server" | "login"> => {
    const names = tried.map(({ name }) => name)
    return {
      server: /^SSH-[\d.]+-(.+)$/.exec(heard)?.[1],
      login: { by: names.at(-1) ?? "", refused: names.slice(0, -1), leftOut: [...offered.problems] }
    }
  }
  const failed = (cause: unknown): SshError =>
    distrust ?? connectError(resolved.host.alias, placeOf(resolved), cause, heard)
  client
    .on("ready", () => end(Exit.succeed({ ...shown, ...account() })))
    .on("error", (cause) => {
      // An agent that will not sign is one key less, no end.
      if (cause.level === "agent") return
      // A server that has enough says so, each in its own words.
      const hungUp = rejected > 0 && "code" in cause && typeof cause.code === "number"
      const said = cause.level === "client-authentication" || /too many authentication/i.test(cause.message)
      end(Exit.fail(said || hungUp ? refusal(cause) : failed(cause)))
    })
    .on("close", () => {
      const cause = new Error("the server closed the connection before it was ready")
      end(Exit.fail(rejected > 0 ? refusal(cause) : failed(cause)))
    })
    .on("change password", () => end(Exit.fail(expired(resolved))))
  yield* Effect.try({
    try: () => {
      client.connect({
        sock,
        username: resolved.user,
        readyTimeout: 0,
        // Unix sockets are asked for of any server: one that cannot refuses.
        strictVendor: false,
        ...keepalive(resolved, settings),
        algorithms: {
          ...algorithms.lists,
          serverHostKey: algorithms.knownKeysFirst
            ? known.inOrder(algorithms.lists.serverHostKey)
            : algorithms.lists.serverHostKey
        } as never,
        // Without the `none` probe that ssh2 begins with: a round trip less.
        authHandler: (_methods, _partial, next) => attempt((begun) => next(begun as never)),
        hostVerifier: (key: Buffer) => {
          const verdict = known.verdict(key)
          // A rekey shows it again, and it is written down by then.
          shown = { key, isNew: shown.isNew || verdict === "new" }
          if (typeof verdict !== "string") distrust = verdict
          return typeof verdict === "string"
        }
      })
      onRejection(client, (methods, partly) => {
        rejected += 1
        theirs = methods
        const last = tried.at(-1)
        // Tried before its turn (the first try is a guess): that says nothing of the key.
        if (!partly && last !== undefined && !methods.includes(last.method)) left.unshift(...tried.splice(-1))
      })
    },
    catch: failed
  })
  return yield* Deferred.await(done)
})
