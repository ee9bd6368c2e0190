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
import * as memoryFileCalls from "./memoryFileCalls.ts"
import * as memoryFileWork from "./memoryFileWork.ts"
import type { MemoryHost } from "./memoryHost.ts"

/** What SFTP moves at a time. */
const chunkSize = 262144

/**
 * `way` is what each request takes first, with the bytes that it carries; relative paths are taken from `directory`.
 *
 * @internal
 */
export const make = (
  host: MemoryHost,
  directory: string,
  way: (bytes?: number) => Effect.Effect<void, SshError> = () => Effect.void
): Files => {
  const { tree } = host
  const at = (path: string) => tree.resolve(path, directory)
  const request = <A, E, R>(act: Effect.Effect<A, E, R>, bytes = 0) => Effect.zipRight(way(bytes), act)
  const read = (path: string, from: number, to?: number) =>
    Effect.tapBoth(Effect.map(tree.read(at(path)), (bytes) => bytes.slice(from, to)), {
      onFailure: () => way(),
      onSuccess: (bytes) => way(bytes.length)
    })
  return {
    stat: (path) => request(tree.stat(at(path))),
    list: (path) => request(tree.list(at(path))),
    makeDirectory: (path) => request(tree.makeDirectory(at(path))),
    read: (path, offset, length) => read(path, offset, offset + length),
    readAll: (path, offset = 0) =>
      Stream.paginateEffect(offset, (from) =>
        Effect.map(
          read(path, from, from + chunkSize),
          (chunk) => [chunk, chunk.length < chunkSize ? Option.none() : Option.some(from + chunkSize)] as const
        )).pipe(Stream.filter((chunk) => chunk.length > 0)),
    write: (path, content, mode = 0o644) =>
      Effect.gen(function*() {
        yield* request(tree.write(at(path), new Uint8Array()))
        // An open file stays writable for its writer, whatever mode it is to have.
        yield* tree.chmod(at(path), mode | 0o200)
        yield* Stream.runForEach(content, (chunk) => request(tree.append(at(path), chunk), chunk.length))
        yield* tree.chmod(at(path), mode)
      }),
    chmod: (path, mode) => request(tree.chmod(at(path), mode)),
    rename: (from, to) => request(tree.rename(at(from), at(to))),
    removeFile: (path) => request(tree.removeFile(at(path))),
    calls: memoryFileWork.make(
      tree,
      memoryFileCalls.make(tree, way, (path, bytes, mode) => host.note({ _tag: "Wrote", path, bytes, mode }))
    )
  }
}
