/**
 * Many users of one host, within the server's limit of sessions (MaxSessions). The limit is learned from a refused open.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as RcRef from "effect/RcRef"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import type { Host } from "../services/Host.ts"
import type { Transport } from "../services/Ssh.ts"
import type { Files, Invocation, SshConnection } from "../services/SshConnection.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as allOrNothing from "./allOrNothing.ts"
import * as hostFileCalls from "./hostFileCalls.ts"
import * as reopenedFiles from "./reopenedFiles.ts"
import * as socketListener from "./socketListener.ts"
import * as socketPath from "./socketPath.ts"

type Kind = "lasting" | "short"

/** One TCP connection and the sessions on it. */
interface Line {
  readonly transport: Transport
  readonly lasting: number
  readonly short: number
}

/** What runs on every further line, as long as its scope is open. */
interface Anchor {
  readonly invocation: Invocation
  readonly scope: Scope.Scope
}

interface State {
  readonly lines: ReadonlyArray<Line>
  /** Sessions that one TCP connection carries; unknown until the server refuses one. */
  readonly limit: number
  /** When one more is tried than that: a session may be refused for want of memory, too. */
  readonly retry: { readonly at: number; readonly after: number }
  readonly anchors: ReadonlyArray<Anchor>
  /** When a session has ended last, by this side's clock: the server hears of it later. */
  readonly ended: number
  /** Wakes those that wait for a session to end. */
  readonly freed: Deferred.Deferred<void>
}

/** The wait until a limit is doubted again, at first; each refusal doubles it. */
const firstRetry = 60_000
const lastRetry = 3_600_000

/** So long after the end of the last session a server without room for any may still be about to have it. */
const closing = 5000
const pause = 50

type Place = { readonly line: Transport } | "wait" | "open"

/** Lasting sessions leave one slot to the short ones, where that leaves them more than an anchor. */
const mostLasting = (limit: number): number => limit > 2 ? limit - 1 : limit

const place = (state: State, kind: Kind, now: number): Place => {
  const limit = now < state.retry.at ? state.limit : state.limit + 1
  const most = mostLasting(state.limit)
  const line = state.lines.find((line) =>
    line.lasting + line.short < limit && (kind === "short" || line.lasting < most)
  )
  if (line !== undefined) return { line: line.transport }
  return kind === "short" && state.lines.some((line) => line.short > 0) ? "wait" : "open"
}

const sessionsOn = (state: State, transport: Transport): number =>
  state.lines.reduce((sum, line) => line.transport === transport ? sum + line.lasting + line.short : sum, 0)

const count = (state: State, transport: Transport, kind: Kind, by: number): State => ({
  ...state,
  lines: state.lines.map((line) => line.transport === transport ? { ...line, [kind]: line[kind] + by } : line)
})

/**
 * A connection over transports that `open` makes: one, and further ones only when lasting sessions have used up the limit.
 * When one of them is lost, the connection is.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  host: Host,
  open: Effect.Effect<Transport, SshError | SshConfigError, Scope.Scope>
) {
  const scope = yield* Effect.scope
  const lost = yield* Deferred.make<never, SshError>()
  /** Closed with the connection, or at once when it cannot be opened to its end. */
  const watched = allOrNothing.make(
    Effect.tap(
      open,
      (transport) => Effect.forkScoped(Effect.catchAll(transport.lost, (error) => Deferred.fail(lost, error)))
    )
  ).pipe(Scope.extend(scope))
  const first = yield* watched
  const state = yield* Ref.make<State>({
    lines: [{ transport: first, lasting: 0, short: 0 }],
    limit: Number.POSITIVE_INFINITY,
    retry: { at: Number.POSITIVE_INFINITY, after: firstRetry },
    anchors: [],
    ended: Number.NEGATIVE_INFINITY,
    freed: yield* Deferred.make<void>()
  })
  const opening = yield* Effect.makeSemaphore(1)

  /** Changes the state and wakes those that wait, so that they look again. */
  const update = Effect.fnUntraced(function*(change: (state: State) => State) {
    const next = yield* Deferred.make<void>()
    const freed = yield* Ref.modify(state, (s) => [s.freed, { ...change(s), freed: next }])
    yield* Deferred.succeed(freed, undefined)
  })
  yield* Effect.forkScoped(Effect.catchAll(Deferred.await(lost), () => update((s) => s)))
  /** Who waits for another's session to end would not hear that the link has gone. */
  const unlessLost = Effect.flatMap(
    Deferred.poll(lost),
    Option.match({ onNone: () => Effect.void, onSome: (gone) => gone })
  )
  const release = (transport: Transport, kind: Kind) =>
    Effect.flatMap(Clock.currentTimeMillis, (ended) => update((s) => ({ ...count(s, transport, kind, -1), ended })))

  /** An anchor that finds no room is left out: what the line was opened for comes first. */
  const settle = (transport: Transport, { invocation, scope }: Anchor) =>
    Effect.acquireRelease(
      Ref.update(state, (s) => count(s, transport, "lasting", 1)),
      () => release(transport, "lasting")
    ).pipe(
      Effect.zipRight(transport.exec(invocation)),
      allOrNothing.make,
      Scope.extend(scope),
      Effect.ignore
    )

  const openLine = (kind: Kind) =>
    opening.withPermits(1)(Effect.gen(function*() {
      const before = yield* Ref.get(state)
      // Somebody else may have opened one meanwhile.
      if (place(before, kind, yield* Clock.currentTimeMillis) !== "open") return
      const transport = yield* Effect.catchTag(watched, "SshConfigError", (error) => Effect.die(error))
      yield* Ref.update(state, (s) => ({ ...s, lines: [...s.lines, { transport, lasting: 0, short: 0 }] }))
      const room = mostLasting(before.limit) - 1
      yield* Effect.forEach(room < 1 ? [] : before.anchors.slice(-room), (anchor) => settle(transport, anchor), {
        discard: true
      })
      yield* update((s) => s)
    }))

  /** The sessions that stood when one was refused are the limit; none at all means another cause. */
  const learn = (transport: Transport): Effect.Effect<boolean> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.modify(state, (s) => {
        const standing = sessionsOn(s, transport) - 1
        const { after } = s.retry
        return standing < 1 ? [false, s] : [true, {
          ...s,
          limit: Math.min(s.limit, standing),
          retry: { at: now + after, after: Math.min(2 * after, lastRetry) }
        }]
      }))

  /** More stand than were thought possible: the limit was another's doing, and there may be room for yet another. */
  const unlearn = (transport: Transport) =>
    Ref.update(state, (s) => {
      const standing = sessionsOn(s, transport)
      return standing <= s.limit ? s : { ...s, limit: standing, retry: { ...s.retry, after: firstRetry } }
    })

  const session = <A>(
    kind: Kind,
    use: (transport: Transport) => Effect.Effect<A, SshError, Scope.Scope>
  ): Effect.Effect<A, SshError, Scope.Scope> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        // Chosen and counted in one step.
        const now = yield* Clock.currentTimeMillis
        const { freed, where } = yield* Ref.modify(state, (s) => {
          const where = place(s, kind, now)
          return [{ where, freed: s.freed }, typeof where === "string" ? s : count(s, where.line, kind, 1)]
        })
        if (where === "wait") {
          return yield* restore(unlessLost.pipe(
            Effect.zipRight(Deferred.await(freed)),
            Effect.zipRight(unlessLost),
            Effect.zipRight(session(kind, use))
          ))
        }
        // A connection that has gone dials nobody.
        if (where === "open") {
          return yield* restore(unlessLost.pipe(Effect.zipRight(openLine(kind)), Effect.zipRight(session(kind, use))))
        }
        const inner = yield* Scope.make()
        const exit = yield* Effect.exit(restore(Scope.extend(use(where.line), inner)))
        if (Exit.isSuccess(exit)) {
          yield* unlearn(where.line)
          yield* Effect.addFinalizer((exit) => Effect.ensuring(Scope.close(inner, exit), release(where.line, kind)))
          return exit.value
        }
        yield* Scope.close(inner, exit)
        const refused = exit.cause._tag === "Fail" && exit.cause.error.reason === "ChannelRefused"
        if (!refused) return yield* Effect.zipRight(release(where.line, kind), Effect.failCause(exit.cause))
        const learned = yield* learn(where.line)
        yield* update((s) => count(s, where.line, kind, -1))
        if (learned) return yield* restore(session(kind, use))
        // Those that have ended here may still be ending there.
        const { ended } = yield* Ref.get(state)
        return yield* (yield* Clock.currentTimeMillis) - ended < closing
          ? restore(Effect.zipRight(Effect.sleep(pause), session(kind, use)))
          : Effect.failCause(exit.cause)
      })
    )

  const exec: SshConnection["exec"] = (invocation, options) =>
    session(options?.lasting === true ? "lasting" : "short", (transport) => transport.exec(invocation))
  const files = yield* RcRef.make({
    acquire: Effect.map(
      reopenedFiles.make(session("lasting", (transport) => transport.files)),
      (files): Files => ({ ...files, calls: hostFileCalls.make(host.alias, files.calls, exec) })
    )
  })

  const connection: SshConnection = {
    host,
    lost: Deferred.await(lost),
    sever: Effect.flatMap(
      Ref.get(state),
      (s) => Effect.forEach(s.lines, (line) => line.transport.sever, { discard: true })
    ),
    exec,
    files: RcRef.get(files),
    dial: first.dial,
    listen: (at) => socketPath.isSocket(at) ? socketListener.listen(first, exec, at) : first.listen(at),
    anchor: (invocation) =>
      Effect.gen(function*() {
        const anchor = { invocation, scope: yield* Effect.scope }
        yield* Effect.acquireRelease(
          Ref.update(state, (s) => ({ ...s, anchors: [...s.anchors, anchor] })),
          () => Ref.update(state, (s) => ({ ...s, anchors: s.anchors.filter((other) => other !== anchor) }))
        )
        const { limit, lines } = yield* Ref.get(state)
        // Lines that were opened before: those that have room.
        yield* Effect.forEach(
          lines.slice(1).filter((line) => line.lasting + line.short < limit && line.lasting < mostLasting(limit)),
          (line) => settle(line.transport, anchor),
          { discard: true }
        )
      }),
    aside: (invocation) =>
      Effect.catchTag(open, "SshConfigError", (error) => Effect.die(error)).pipe(
        Effect.flatMap((transport) => transport.exec(invocation))
      ),
    identity: first.identity,
    transports: Effect.map(Ref.get(state), (s) => s.lines.length)
  }
  return connection
})
