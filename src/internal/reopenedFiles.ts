/**
 * Files over a session that may end by itself while its connection lives: sftp-server was killed, or ran out of memory.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { SessionFiles } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"

/**
 * What `open` opens, and opens again for the next who asks once that has ended. What was under way fails: how far it came is
 * not known.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  open: Effect.Effect<SessionFiles, SshError, Scope.Scope>
): Effect.fn.Return<SessionFiles, SshError, Scope.Scope> {
  const scope = yield* Effect.scope
  const one = yield* Effect.makeSemaphore(1)
  const session = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const files = yield* Effect.onError(
        restore(Scope.extend(open, own)),
        (cause) => Scope.close(own, Exit.failCause(cause))
      )
      return { files, own }
    })
  )
  const held = yield* Ref.make(yield* session)
  const current = one.withPermits(1)(Effect.gen(function*() {
    const before = yield* Ref.get(held)
    if (!(yield* before.files.over ?? Effect.succeed(false))) return before.files
    // Its place is free then, where the server has no room for a second.
    yield* Scope.close(before.own, Exit.void)
    const { files, own } = yield* session
    yield* Ref.set(held, { files, own })
    return files
  }))
  const use = <A, E, R>(call: (files: SessionFiles) => Effect.Effect<A, E, R>): Effect.Effect<A, E | SshError, R> =>
    Effect.flatMap(current, call)
  return {
    stat: (path) => use((files) => files.stat(path)),
    list: (path) => use((files) => files.list(path)),
    makeDirectory: (path) => use((files) => files.makeDirectory(path)),
    read: (path, offset, length) => use((files) => files.read(path, offset, length)),
    readAll: (path, offset) => Stream.unwrap(Effect.map(current, (files) => files.readAll(path, offset))),
    write: (path, content, mode) => use((files) => files.write(path, content, mode)),
    chmod: (path, mode) => use((files) => files.chmod(path, mode)),
    rename: (from, to) => use((files) => files.rename(from, to)),
    removeFile: (path) => use((files) => files.removeFile(path)),
    calls: {
      open: (path, flag, mode) => use(({ calls }) => calls.open(path, flag, mode)),
      info: (path) => use(({ calls }) => calls.info(path)),
      entries: (path) => use(({ calls }) => calls.entries(path)),
      makeDirectory: (path, mode) => use(({ calls }) => calls.makeDirectory(path, mode)),
      unlink: (path) => use(({ calls }) => calls.unlink(path)),
      rename: (from, to) => use(({ calls }) => calls.rename(from, to)),
      link: (existing, path) => use(({ calls }) => calls.link(existing, path)),
      symlink: (target, path) => use(({ calls }) => calls.symlink(target, path)),
      readLink: (path) => use(({ calls }) => calls.readLink(path)),
      realPath: (path) => use(({ calls }) => calls.realPath(path)),
      chmod: (path, mode) => use(({ calls }) => calls.chmod(path, mode)),
      chown: (path, user, group) => use(({ calls }) => calls.chown(path, user, group)),
      utimes: (path, accessed, modified) => use(({ calls }) => calls.utimes(path, accessed, modified)),
      truncate: (path, length) => use(({ calls }) => calls.truncate(path, length))
    }
  }
})
