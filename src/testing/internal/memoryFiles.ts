/**
 * The files of a host in memory as a connection or a process sees them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import type { MemoryHost } from "./memoryHost.ts"

/** What SFTP moves at a time. */
const chunkSize = 262144

/**
 * `way` is what each request takes first; relative paths are taken from `directory`.
 *
 * @internal
 */
export const make = (host: MemoryHost, directory: string, way: Effect.Effect<void, SshError>): Files => {
  const { tree } = host
  const at = (path: string) => tree.resolve(path, directory)
  const request = <A, E, R>(act: Effect.Effect<A, E, R>) => Effect.zipRight(way, act)
  return {
    stat: (path) => request(tree.stat(at(path))),
    list: (path) => request(tree.list(at(path))),
    makeDirectory: (path) => request(tree.makeDirectory(at(path))),
    read: (path, offset, length) =>
      request(Effect.map(tree.read(at(path)), (bytes) => bytes.slice(offset, offset + length))),
    readAll: (path, offset = 0) =>
      Stream.paginateEffect(offset, (from) =>
        Effect.map(request(tree.read(at(path))), (bytes) => {
          const chunk = bytes.slice(from, from + chunkSize)
          return [chunk, chunk.length < chunkSize ? Option.none() : Option.some(from + chunkSize)] as const
        })).pipe(Stream.filter((chunk) => chunk.length > 0)),
    write: (path, content, mode = 0o644) =>
      Effect.gen(function*() {
        yield* request(tree.write(at(path), new Uint8Array()))
        // An open file stays writable for its writer, whatever mode it is to have.
        yield* tree.chmod(at(path), mode | 0o200)
        yield* Stream.runForEach(content, (chunk) => request(tree.append(at(path), chunk)))
        yield* tree.chmod(at(path), mode)
        const stat = yield* tree.stat(at(path))
        const bytes = Option.match(stat, { onNone: () => 0, onSome: (found) => found.size })
        yield* host.note({ _tag: "Wrote", path: at(path), bytes, mode })
      }),
    chmod: (path, mode) => request(tree.chmod(at(path), mode)),
    rename: (from, to) => request(tree.rename(at(from), at(to))),
    removeFile: (path) => request(tree.removeFile(at(path)))
  }
}
