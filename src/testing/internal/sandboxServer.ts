/**
 * One host of a Sandbox: an SSH server in this process, on a free port of loopback.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import ssh2 from "ssh2"
import type { ClientInfo, Connection } from "ssh2"
import type { SandboxError } from "../SandboxError.ts"
import * as forwards from "./sandboxForwards.ts"
import * as listeners from "./sandboxListener.ts"
import * as logins from "./sandboxLogins.ts"
import * as peers from "./sandboxPeer.ts"
import * as processes from "./sandboxProcess.ts"
import { inject } from "./sandboxQuirks.ts"
import * as sessions from "./sandboxSessions.ts"
import { sweep } from "./sandboxSweep.ts"

/**
 * What a host is made of.
 *
 * @internal
 */
export interface Options {
  readonly alias: string
  /** `127.0.0.1` or `::1`. */
  readonly address: string
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
  /** In OpenSSH's format. */
  readonly hostKey: string
  readonly logins: ReadonlyArray<logins.Login>
  readonly authorizedKeys: string | undefined
  readonly maxAuthTries: number
  readonly maxSessions: number
  readonly maxStartups: number
  /** Milliseconds. */
  readonly loginGraceTime: number
  readonly acceptEnv: ReadonlyArray<string>
  readonly terminals: boolean
  readonly forwarding: forwards.Allowed
}

/**
 * A host that listens.
 *
 * @internal
 */
export interface Running extends listeners.Faults {
  readonly port: number
  readonly connections: Effect.Effect<number>
  /** Connections that come from now on see that key. */
  readonly showHostKey: (key: string) => Effect.Effect<void>
  readonly failAuthentication: (fails: boolean) => Effect.Effect<void>
}

/** In a fiber of its own, since a deadline needs one that can be interrupted, and finalizers cannot. */
const killAll = (place: processes.Place): Effect.Effect<void> => {
  const killed = Effect.async<void>((resume) => {
    let left = place.children.size
    if (left === 0) return resume(Effect.void)
    for (const child of place.children) {
      child.once("exit", () => {
        left -= 1
        if (left === 0) resume(Effect.void)
      })
      processes.signal(child, "SIGKILL")
    }
  })
  return Effect.flatMap(
    Effect.forkDaemon(Effect.interruptible(killed).pipe(Effect.timeoutOption("5 seconds"))),
    Fiber.join
  )
}

/**
 * Starts a host. Closing the scope destroys its sockets, frees its port and kills the processes that it started.
 *
 * @internal
 */
export const listen: (options: Options) => Effect.Effect<Running, SandboxError, Scope.Scope> = Effect.fnUntraced(
  function*(options: Options) {
    const { address } = options
    const place: processes.Place = { home: options.home, environment: options.environment, children: new Set() }
    const runFork = yield* FiberSet.makeRuntime<never>()
    const fork = (effect: Effect.Effect<void>) => {
      const fiber = runFork(effect)
      return () => fiber.unsafeInterruptAsFork(FiberId.none)
    }
    yield* Effect.addFinalizer(() => Effect.zipRight(killAll(place), Effect.sync(() => sweep(options.home))))
    let failing = false
    let listener: listeners.Listener | undefined

    const serve = (connection: Connection, info: ClientInfo): void => {
      const peer = peers.make(connection)
      const port = listener?.port ?? 0
      const environment: Record<string, string> = {
        SSH_CONNECTION: `${address} ${info.port} ${address} ${port}`,
        SSH_CLIENT: `${address} ${info.port} ${port}`
      }
      logins.serve(connection, {
        logins: options.logins,
        maxTries: options.maxAuthTries,
        authorizedKeys: options.authorizedKeys,
        failing: () => failing,
        entered: (user) => {
          Object.assign(environment, { USER: user, LOGNAME: user })
          listener?.entered(info.port)
        }
      })
      sessions.serve({
        ...options,
        peer,
        place,
        environment,
        software: info.header.versions.software,
        fork
      })
      forwards.serve(peer, options.forwarding)
    }
    const withKey = (hostKey: string) =>
      new ssh2.Server({
        hostKeys: [hostKey],
        ident: "lazycluster-sandbox",
        // As sshd by default: it never asks whether the client still lives. There is no "never" here, so 24 days.
        keepaliveInterval: 2 ** 31 - 1
      }, serve)

    let ssh = withKey(options.hostKey)
    const listening = yield* listeners.listen({
      ...options,
      after: (milliseconds, run) => fork(Effect.delay(Effect.sync(run), milliseconds)),
      serve: (line) => inject(ssh, line)
    })
    listener = listening
    return {
      ...listening,
      showHostKey: (key) =>
        Effect.sync(() => {
          ssh = withKey(key)
        }),
      failAuthentication: (fails) =>
        Effect.sync(() => {
          failing = fails
        })
    }
  }
)
