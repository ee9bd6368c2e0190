/**
 * A server of sessions without hosts: counts what is open on each line and refuses what is over its limit.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Host from "../../src/services/Host.ts"
import type { Transport } from "../../src/services/Ssh.ts"
import type { Files, Invocation, RemoteProcess } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"

export const host = Host.Host.make({ alias: "host-1" })

export const invocation = (name: string): Invocation => ({
  program: { name, language: "sh", source: "" },
  words: []
})

export interface Line {
  /** Names of the sessions that are open. */
  readonly open: Array<string>
  /** The most at one time. */
  most: number
  closed: boolean
  /** SFTP sessions that were opened, and how many of them have ended by themselves. */
  sftps: number
  ended: number
  severed: boolean
  readonly lose: Effect.Effect<void>
}

const failure = (reason: SshError["reason"]) =>
  new SshError({ reason, host: host.alias, step: "exec", detail: "as the test says" })

export const linkLost = failure("LinkLost")

const process: RemoteProcess = {
  write: () => Effect.void,
  endInput: Effect.void,
  stdout: Stream.empty,
  stderr: Stream.empty,
  exit: Effect.never
}

/** A limit that is a function is asked at each open. */
export const make = (limit: number | (() => number)) => {
  const lines: Array<Line> = []
  const unused = Effect.dieMessage("not part of this test")
  const open: Effect.Effect<Transport, never, Scope.Scope> = Effect.gen(function*() {
    const lost = yield* Deferred.make<never, SshError>()
    const line: Line = {
      open: [],
      most: 0,
      closed: false,
      sftps: 0,
      ended: 0,
      severed: false,
      lose: Effect.asVoid(Deferred.fail(lost, linkLost))
    }
    yield* Effect.acquireRelease(Effect.sync(() => lines.push(line)), () =>
      Effect.sync(() => {
        line.closed = true
      }))
    const session = (name: string) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (line.open.length >= (typeof limit === "number" ? limit : limit())) return failure("ChannelRefused")
          line.open.push(name)
          line.most = Math.max(line.most, line.open.length)
          return Effect.void
        }),
        () => Effect.sync(() => line.open.splice(line.open.indexOf(name), 1))
      )
    return {
      host,
      lost: Deferred.await(lost),
      sever: Effect.sync(() => {
        line.severed = true
      }),
      identity: Effect.succeed({ address: "host-1", port: 22, user: "user" }),
      exec: ({ program }) => Effect.as(session(program.name), process),
      files: Effect.map(session("sftp"), () => {
        const number = (line.sftps += 1)
        return {
          // Names the session that answers.
          list: () => line.ended >= number ? failure("Transfer") : Effect.succeed([`sftp ${number}`]),
          over: Effect.sync(() => line.ended >= number)
        } as unknown as Files
      }),
      dial: () => unused,
      listen: () => unused
    }
  })
  return { lines, open }
}
