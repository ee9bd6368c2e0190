/**
 * The record of what is asked of a host in memory, where it is asked.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import type { FileCalls } from "../../services/FileCalls.ts"
import type { Address, Files } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import * as memoryDuplex from "./memoryDuplex.ts"
import type { MemoryHost } from "./memoryHost.ts"

/**
 * Notes each request that has succeeded; what only looks is not noted.
 *
 * @internal
 */
export const files = (host: MemoryHost, asked: Files): Files => {
  const at = (path: string) => host.tree.resolve(path, host.home)
  return {
    ...asked,
    makeDirectory: (path) =>
      Effect.zipLeft(asked.makeDirectory(path), host.note({ _tag: "MadeDirectory", path: at(path) })),
    read: (path, offset, length) =>
      Effect.tap(
        asked.read(path, offset, length),
        (bytes) => host.note({ _tag: "Read", path: at(path), bytes: bytes.length })
      ),
    readAll: (path, offset) =>
      Stream.unwrap(Effect.map(Ref.make(0), (size) =>
        asked.readAll(path, offset).pipe(
          Stream.tap((chunk) => Ref.update(size, (sum) => sum + chunk.length)),
          Stream.concat(Stream.execute(
            Effect.flatMap(Ref.get(size), (bytes) => host.note({ _tag: "Read", path: at(path), bytes }))
          ))
        ))),
    write: (path, content, mode = 0o644) =>
      Effect.gen(function*() {
        const size = yield* Ref.make(0)
        yield* asked.write(path, Stream.tap(content, (chunk) => Ref.update(size, (sum) => sum + chunk.length)), mode)
        yield* host.note({ _tag: "Wrote", path: at(path), bytes: yield* Ref.get(size), mode })
      }),
    rename: (from, to) =>
      Effect.zipLeft(asked.rename(from, to), host.note({ _tag: "Renamed", path: at(from), to: at(to) })),
    removeFile: (path) => Effect.zipLeft(asked.removeFile(path), host.note({ _tag: "Removed", path: at(path) })),
    calls: calls(host, asked.calls)
  }
}

/** What is written is noted where it is written. */
const calls = (host: MemoryHost, asked: FileCalls): FileCalls => ({
  ...asked,
  open: (path, flag, mode) =>
    Effect.map(asked.open(path, flag, mode), (file) => ({
      ...file,
      read: (offset, length) =>
        Effect.tap(file.read(offset, length), (bytes) => host.note({ _tag: "Read", path, bytes: bytes.length }))
    })),
  makeDirectory: (path, mode) =>
    Effect.zipLeft(asked.makeDirectory(path, mode), host.note({ _tag: "MadeDirectory", path })),
  unlink: (path) => Effect.zipLeft(asked.unlink(path), host.note({ _tag: "Removed", path })),
  remove: (path, options) => Effect.zipLeft(asked.remove(path, options), host.note({ _tag: "Removed", path })),
  rename: (from, to) => Effect.zipLeft(asked.rename(from, to), host.note({ _tag: "Renamed", path: from, to }))
})

/**
 * A connection that its scope closes.
 *
 * @internal
 */
export const dial = (host: MemoryHost, to: Address, connect: Effect.Effect<Duplex, SshError>) =>
  Effect.suspend(() => {
    const number = ++host.dialled
    const where = "path" in to
      ? { address: to.path, port: 0 }
      : { address: to.address ?? "127.0.0.1", port: to.port }
    return Effect.zipRight(
      host.note({ _tag: "Dialled", number, ...where }),
      Effect.acquireRelease(
        connect,
        (end) => Effect.zipRight(Effect.sync(() => memoryDuplex.destroy(end)), host.note({ _tag: "HungUp", number }))
      )
    )
  })
