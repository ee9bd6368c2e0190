/** What Unix sockets over a connection must do on any server: run on the Sandbox, on real sshd, on the manager. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import { run } from "./ssh2Lab.ts"

/** Half closes; all that comes back. */
export const exchange = (duplex: Duplex, text: string) =>
  Effect.async<string, Error>((resume) => {
    let got = ""
    duplex
      .on("data", (chunk: Buffer) => {
        got += String(chunk)
      })
      .on("end", () => resume(Effect.succeed(got)))
      .on("error", (cause) => resume(Effect.fail(cause)))
      .end(text)
  })

/** Says its path to each. */
const serve = (connection: SshConnection, path: string) =>
  Effect.gen(function*() {
    const listener = yield* connection.listen({ path })
    yield* Effect.forkScoped(
      Stream.runForEach(listener.connections, (duplex) => Effect.sync(() => void duplex.end(`from ${path}`)))
    )
    return listener
  })

const shown = (connection: SshConnection, path: string) =>
  Effect.map(run(connection, "ls -ld \"$1\" 2>/dev/null | cut -c1-10", path), ({ stdout }) => stdout.trim())

/** `folder` is there and empty. */
export const sockets = (connection: SshConnection, folder: string) =>
  Effect.gen(function*() {
    const path = `${folder}/a b.sock`
    const scope = yield* Scope.make()
    const { port } = yield* Scope.extend(serve(connection, path), scope)
    assert.strictEqual(port, 0)
    assert.strictEqual(yield* shown(connection, path), "srw-------")
    const ask = Effect.scoped(Effect.flatMap(connection.dial({ path }), (duplex) => exchange(duplex, "")))
    assert.deepStrictEqual(
      yield* Effect.all(Array.from({ length: 50 }, () => ask), { concurrency: 50 }),
      Array.from({ length: 50 }, () => `from ${path}`)
    )
    const refused = (at: string) =>
      Effect.map(Effect.flip(Effect.scoped(connection.listen({ path: at }))), ({ detail, host, reason, step }) => {
        assert.deepStrictEqual([host, step], [connection.host.alias, "listen"])
        assert.include(detail, at)
        return reason
      })
    assert.strictEqual(yield* refused(path), "PortInUse")
    // It has not been harmed.
    assert.strictEqual(yield* ask, `from ${path}`)
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(yield* shown(connection, path), "")
    assert.strictEqual((yield* Effect.flip(Effect.scoped(connection.dial({ path })))).reason, "ForwardRefused")
    // Files, links and directories are nobody's to replace; neither is a place that is not there.
    yield* run(connection, "cd \"$1\" && echo kept > file && ln -s nowhere link && mkdir directory", folder)
    for (const name of ["file", "link", "directory"]) {
      assert.strictEqual(yield* refused(`${folder}/${name}`), "PortInUse", name)
    }
    assert.strictEqual((yield* run(connection, "cat \"$1\"", `${folder}/file`)).stdout, "kept\n")
    assert.strictEqual(yield* refused(`${folder}/none/x`), "ForwardForbidden")
    assert.strictEqual(yield* refused(`${folder}/${"x".repeat(120)}`), "ForwardForbidden")
    assert.include((yield* Effect.flip(Effect.scoped(connection.dial({ path: "x" })))).detail, "absolute path")
  })

/** What a program that was killed leaves is replaced. */
export const dead = (connection: SshConnection, folder: string) =>
  Effect.gen(function*() {
    const path = `${folder}/dead.sock`
    const made = yield* run(
      connection,
      "python3 -c \"import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])\" \"$1\"; ls -d \"$1\"",
      path
    )
    assert.strictEqual(made.stdout, `${path}\n`)
    yield* Effect.scoped(Effect.gen(function*() {
      yield* serve(connection, path)
      assert.strictEqual(
        yield* Effect.scoped(Effect.flatMap(connection.dial({ path }), (duplex) => exchange(duplex, ""))),
        `from ${path}`
      )
    }))
    assert.strictEqual(yield* shown(connection, path), "")
  })
