/**
 * The master: a client of OpenSSH that holds one connection, ours alone, and what waits on it.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { SshError } from "../services/SshError.ts"
import * as LinkLoss from "./linkLoss.ts"
import { masterVariable } from "./opensshAskpass.ts"
import * as Folder from "./opensshFolder.ts"
import * as Log from "./opensshLog.ts"
import * as Mux from "./opensshMux.ts"
import * as ProcessGroup from "./processGroup.ts"
import { linkLost } from "./ssh2Errors.ts"

/**
 * A connection that a master holds.
 *
 * @internal
 */
export interface Link extends Pick<LinkLoss.LinkLoss, "lost" | "whenLost"> {
  readonly host: string
  /** The client that sessions are started with. */
  readonly program: string
  /** For this user alone, and short: the paths of sockets have little room. */
  readonly directory: string
  readonly controlPath: string
  readonly log: Log.Log
  readonly sever: Effect.Effect<void>
  /** Whether the master lives now: a socket of it that ends says nothing of why. */
  readonly alive: (tell: (lives: boolean) => void) => void
  /** Asks for a forward, or for its end. Fails with what the host says. */
  readonly ask: (request: Buffer, step: string) => Effect.Effect<number, SshError | Refused>
}

/**
 * What a master or its host refuses.
 *
 * @internal
 */
export class Refused {
  readonly _tag = "Refused"
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

/**
 * A master before it is ready. `ended` is how it went: its exit code.
 *
 * @internal
 */
export interface Master {
  readonly link: Link
  /** Succeeds once it takes requests. Fails with the exit code when it ends before. */
  readonly ready: Effect.Effect<void, number>
}

/**
 * Nothing of ours outlives us, however we go: when the pipe to us breaks, the watcher ends the group of the client, with its
 * ProxyCommand, and removes the directory. A process group has no number that could come to be another's while one of it lives.
 */
const watched = [
  `exec 3<&0 </dev/null`,
  `lc_directory=$1 lc_askpass=$2; shift 2`,
  // Clients take a question to a program only where there is a display, or seems to be.
  `[ -z "$lc_askpass" ] || export ${masterVariable}=$$ SSH_ASKPASS="$lc_askpass" SSH_ASKPASS_REQUIRE=force DISPLAY="\${DISPLAY:-none}"`,
  `( trap "" TERM HUP INT; read -r _ <&3; kill -TERM 0; sleep 1; rm -rf -- "$lc_directory"; kill -KILL 0 ) >/dev/null 2>&1 &`,
  `exec "$@" 3<&-`
].join("\n")

/**
 * What is made of its directory before it starts: its arguments, and the program that answers what it asks for; none where
 * nothing is to be asked for.
 *
 * @internal
 */
export type Prepare = (place: Pick<Link, "directory" | "controlPath" | "log">) => Effect.Effect<
  { readonly args: ReadonlyArray<string>; readonly askpass: string | undefined },
  SshError,
  Scope.Scope
>

/**
 * Starts a master. Its scope ends it, and all that runs over it.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly host: string
  readonly program: string
  readonly prepare: Prepare
}): Effect.fn.Return<Master, SshError, Scope.Scope> {
  const { host, program } = options
  const folder = yield* Folder.make(host)
  const controlPath = `${folder}/c`
  const log = Log.make()
  const { args, askpass } = yield* options.prepare({ directory: folder, controlPath, log })
  const over = yield* Deferred.make<never, number>()
  const { gone, lose, lost, whenLost } = LinkLoss.unsafeMake(host)
  const ended = (code: number, cause: unknown): void => {
    Deferred.unsafeDone(over, Effect.fail(code))
    lose(cause)
  }

  const child = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const child = spawn(
          "/bin/sh",
          ["-c", watched, "lazycluster-ssh", folder, askpass ?? "", program, ...args],
          { stdio: ["pipe", "ignore", "pipe"], detached: true }
        )
        child.stderr.setEncoding("utf8").on("data", log.hear).on("error", () => {})
        child.stdin.on("error", () => {})
        child.on("error", (cause) => ended(-1, cause))
        // A ProxyCommand and the watcher, while the group is surely there: the watcher ends a second after its pipe breaks.
        child.on("exit", () => ProcessGroup.killAll(child))
        // With all that it said.
        child.on("close", (code) => ended(code ?? -1, new Error(log.said().at(-1) ?? "ssh has ended")))
        return child
      },
      catch: (cause) =>
        new SshError({
          reason: "Spawn",
          host,
          step: "connect",
          detail: `${program} cannot be started`,
          hint: "may this user start no further process? See ulimit -u",
          cause
        })
    }),
    // Who still uses it has lost it; the client itself goes first, so that it says goodbye.
    (child) => Effect.zipRight(Effect.sync(() => lose()), ProcessGroup.end(child, "leader"))
  )

  const alive: Link["alive"] = (tell) => {
    if (gone() !== undefined) return tell(false)
    return Mux.lives(controlPath, () => gone() !== undefined, tell)
  }
  const ask: Link["ask"] = (request, step) =>
    Effect.async((resume) => {
      const failed = (cause?: unknown) => resume(Effect.fail(linkLost(host, step, cause)))
      const forget = whenLost((error) => failed(error.cause))
      if (gone() !== undefined) return undefined
      const stop = Mux.ask(controlPath, request, (answer) => {
        forget()
        return answer._tag === "done"
          ? resume(Effect.succeed(answer.port))
          : answer._tag === "refused"
          ? resume(Effect.fail(new Refused(answer.why)))
          : failed()
      })
      return Effect.sync(() => {
        forget()
        stop()
      })
    })

  const answers = Effect.async<void, "silent">((resume) =>
    void Mux.ask(
      controlPath,
      Mux.alive,
      (answer) => resume(answer._tag === "done" ? Effect.void : Effect.fail("silent"))
    )
  )
  return {
    link: {
      host,
      program,
      directory: folder,
      controlPath,
      log,
      lost,
      sever: Effect.sync(() => {
        lose()
        if (ProcessGroup.runs(child)) ProcessGroup.killAll(child)
      }),
      whenLost,
      alive,
      ask
    },
    // Its socket is there once the host has let us in.
    ready: Effect.raceFirst(
      Effect.catchAll(Effect.retry(answers, Schedule.spaced("10 millis")), () => Effect.never),
      Deferred.await(over)
    )
  }
})
