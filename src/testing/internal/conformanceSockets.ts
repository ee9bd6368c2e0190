/**
 * What every transport does with Unix sockets of a host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { SshConnection } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import type { Case } from "../SshConformance.ts"
import { type Context, fails, filesOf, make, same } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

/** Says its path to each. */
const serve = (connection: SshConnection, path: string) =>
  Effect.gen(function*() {
    const listener = yield* connection.listen({ path })
    yield* Effect.forkScoped(
      Stream.runForEach(listener.connections, (duplex) => Effect.sync(() => void duplex.end(`from ${path}`)))
    )
    return listener
  })

const ask = (connection: SshConnection, path: string) =>
  Effect.scoped(Effect.flatMap(connection.dial({ path }), (duplex) => Effect.map(Run.exchange(duplex, ""), String)))

const look = (connection: SshConnection, path: string) =>
  Effect.map(Run.run(connection, "look", path), ({ stdout }) => stdout.trim())

const refused = (context: Context, connection: SshConnection, path: string, reason: SshError["reason"]) =>
  fails(`listen at ${path.slice(0, 120)}`, Effect.scoped(connection.listen({ path })), {
    host: context.host,
    reason,
    step: "listen",
    names: path
  })

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make(
    "a Unix socket of the host is for its user alone, and gone with its scope",
    [],
    (context) =>
      Effect.gen(function*() {
        const connection = yield* context.connect
        const path = `${yield* context.folder}/a b.sock`
        const scope = yield* Scope.make()
        const { port } = yield* Scope.extend(serve(connection, path), scope)
        yield* same("the port", port, 0)
        yield* same("what is there", yield* look(connection, path), "srw-------")
        const answers = yield* Effect.all(Array.from({ length: 50 }, () => ask(connection, path)), { concurrency: 50 })
        yield* same("the answers", answers, Array.from({ length: 50 }, () => `from ${path}`))
        yield* Scope.close(scope, Exit.void)
        yield* same("what is left", yield* look(connection, path), "")
        const dial = Effect.scoped(connection.dial({ path }))
        yield* fails("dial", dial, { host: context.host, reason: "ForwardRefused", step: "dial" })
      })
  ),

  make("a socket that is in use is not taken, nor is what is no socket", [], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const files = yield* filesOf(context)
      const folder = yield* context.folder
      yield* serve(connection, `${folder}/live.sock`)
      yield* refused(context, connection, `${folder}/live.sock`, "PortInUse")
      yield* same("the one in use", yield* ask(connection, `${folder}/live.sock`), `from ${folder}/live.sock`)
      yield* files.write(`${folder}/file`, Stream.make(Buffer.from("kept")))
      yield* files.makeDirectory(`${folder}/directory`)
      for (const name of ["file", "directory"]) yield* refused(context, connection, `${folder}/${name}`, "PortInUse")
      yield* same("the file", (yield* Run.bytes(files.readAll(`${folder}/file`))).toString(), "kept")
    })),

  make("a link is not replaced by a socket", ["links"], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const path = `${yield* context.folder}/link`
      yield* Run.run(connection, "link", "nowhere", path)
      yield* refused(context, connection, path, "PortInUse")
      yield* same("what is there", (yield* look(connection, path)).slice(0, 1), "l")
    })),

  make("a socket needs a directory, and a short absolute path", [], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const folder = yield* context.folder
      yield* refused(context, connection, `${folder}/none/x`, "ForwardForbidden")
      yield* refused(context, connection, `${folder}/${"x".repeat(120)}`, "ForwardForbidden")
      yield* refused(context, connection, "relative", "ForwardForbidden")
      const dial = Effect.scoped(connection.dial({ path: "relative" }))
      const expected = { host: context.host, reason: "ForwardForbidden", step: "dial", names: "absolute path" } as const
      yield* fails("dial", dial, expected)
    })),

  make("a socket that nobody listens on any more is replaced", [], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const path = `${yield* context.folder}/dead.sock`
      yield* Run.run(connection, "dead", path)
      yield* same("what is there", (yield* look(connection, path)).slice(0, 1), "s")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* serve(connection, path)
        yield* same("the answer", yield* ask(connection, path), `from ${path}`)
      }))
      yield* same("what is left", yield* look(connection, path), "")
    }))
]
