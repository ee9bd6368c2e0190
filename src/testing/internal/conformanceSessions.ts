/**
 * What every transport does within a server's limit of sessions, and beside it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { SshConnection } from "../../services/SshConnection.ts"
import type { Case } from "../SshConformance.ts"
import { type Body, type Context, eventually, filesOf, holds, make, same } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

/** One that no case before has opened further connections for: they stay as long as it does. */
const fresh = (context: Context): Body<SshConnection> =>
  Effect.gen(function*() {
    const connection = yield* context.connect
    if ((yield* connection.transports) === 1) return connection
    yield* connection.sever
    yield* Effect.flip(connection.lost)
    return yield* context.connect
  })

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make("more programs that last than sessions fit open a further connection, and all of them work", [
    "maxSessions",
    "connections",
    "link"
  ], (context) =>
    Effect.gen(function*() {
      const connection = yield* fresh(context)
      const count = (yield* context.means("maxSessions")) + 2
      const { accepted } = yield* yield* context.means("connections")
      const sessions = yield* Effect.forEach(
        Array.from({ length: count }, (_, index) => String(index)),
        (text) => Run.startLasting(connection, "answer", text),
        { concurrency: count }
      )
      const transports = yield* connection.transports
      yield* holds("the TCP connections", transports > 1, "more than one", transports)
      const now = yield* yield* context.means("connections")
      yield* same("the connections that the server has taken meanwhile", now.accepted - accepted, transports - 1)
      yield* same("a short program beside them", (yield* Run.run(connection, "say", "x", "", "0")).stdout, "x")
      const said = yield* Effect.forEach(sessions, (session) =>
        Effect.zipRight(session.write("on\n"), Effect.map(Run.ended(session), ({ stdout }) => stdout)))
      yield* same(
        "what they say",
        said,
        sessions.map((_, index) =>
          `${index} on\n`
        )
      )
    })),

  make(
    "short programs wait for one another, and open no further connection",
    ["maxSessions", "link"],
    (context) =>
      Effect.gen(function*() {
        const connection = yield* context.connect
        const before = yield* connection.transports
        const count = 3 * (yield* context.means("maxSessions"))
        const came = yield* Effect.forEach(
          Array.from({ length: count }, (_, index) => String(index)),
          (text) => Effect.map(Run.run(connection, "say", text, "", "0"), ({ stdout }) => stdout),
          { concurrency: count }
        )
        yield* same("what they say", came, Array.from({ length: count }, (_, index) => String(index)))
        yield* same("the TCP connections", yield* connection.transports, before)
      })
  ),

  make("an anchor runs once on each further connection", ["maxSessions", "link"], (context) =>
    Effect.gen(function*() {
      const connection = yield* fresh(context)
      const files = yield* filesOf(context)
      const file = `${yield* context.folder}/anchors`
      yield* connection.anchor(yield* Run.invocation("mark", file))
      const count = 2 * (yield* context.means("maxSessions"))
      yield* Effect.forEach(
        Array.from({ length: count }, () => 0),
        () => Run.startLasting(connection, "hold"),
        { concurrency: count }
      )
      const further = (yield* connection.transports) - 1
      yield* holds("the further connections", further > 0, "at least one", further)
      yield* eventually(Effect.gen(function*() {
        const text = (yield* Run.bytes(files.readAll(file))).toString()
        yield* same("what the anchors have done", text, "start\n".repeat(further))
      }))
    })),

  make("a program aside has a connection of its own", ["connections"], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const look = yield* context.means("connections")
      const before = yield* look
      const shared = yield* connection.transports
      yield* Effect.scoped(Effect.gen(function*() {
        const process = yield* Effect.flatMap(Run.invocation("answer", "aside"), connection.aside)
        const now = yield* look
        yield* same("the connections that the server has taken", now.accepted - before.accepted, 1)
        yield* same("the connections that are shared", yield* connection.transports, shared)
        yield* process.write("on\n")
        yield* same("what it says", (yield* Run.ended(process)).stdout, "aside on\n")
      }))
      yield* eventually(Effect.flatMap(look, (now) => same("the open connections", now.open, before.open)))
    })),

  make("a program aside runs", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const process = yield* Effect.flatMap(Run.invocation("say", "a", "b", "4"), connection.aside)
      yield* same("what came", yield* Run.ended(process), { stdout: "a", stderr: "b", status: { code: 4 } })
    }))
]
