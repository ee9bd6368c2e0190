/**
 * An open file of a host as @effect/platform has it: with a position of its own.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { OpenFile } from "../services/FileCalls.ts"
import { named } from "./remoteFilesError.ts"

/**
 * `append` leaves the place of what is written to the host.
 *
 * @internal
 */
export const make = (file: OpenFile, number: number, append: boolean): Effect.Effect<FileSystem.File> =>
  Effect.gen(function*() {
    const one = yield* Effect.makeSemaphore(1)
    const position = yield* Ref.make(0n)
    const at = Effect.map(Ref.get(position), Number)
    const forward = (bytes: number) => Ref.update(position, (before) => before + BigInt(bytes))

    const read = (method: string, length: number): Effect.Effect<Uint8Array, PlatformError> =>
      one.withPermits(1)(
        Effect.flatMap(at, (offset) => named(method, number)(file.read(offset, length))).pipe(
          Effect.tap((bytes) => forward(bytes.length))
        )
      )
    const write = (method: string, bytes: Uint8Array): Effect.Effect<void, PlatformError> =>
      one.withPermits(1)(
        Effect.flatMap(at, (offset) => named(method, number)(file.write(offset, bytes))).pipe(
          Effect.zipLeft(append ? Effect.void : forward(bytes.length))
        )
      )

    return {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      fd: FileSystem.FileDescriptor(number),
      stat: named("stat", number)(file.info),
      sync: named("sync", number)(file.sync),
      seek: (offset, from) =>
        one.withPermits(1)(
          Ref.updateAndGet(position, (before) => from === "start" ? BigInt(offset) : before + BigInt(offset))
        ),
      read: (buffer) =>
        Effect.map(read("read", buffer.length), (bytes) => {
          buffer.set(bytes)
          return FileSystem.Size(bytes.length)
        }),
      readAlloc: (size) =>
        Effect.map(
          read("readAlloc", Number(size)),
          (bytes) => bytes.length === 0 ? Option.none() : Option.some(bytes)
        ),
      truncate: (length = 0) =>
        one.withPermits(1)(
          Effect.zipRight(
            named("truncate", number)(file.truncate(Number(length))),
            append
              ? Effect.void
              : Ref.update(position, (before) => before > BigInt(length) ? BigInt(length) : before)
          )
        ),
      write: (buffer) => Effect.as(write("write", buffer), FileSystem.Size(buffer.length)),
      writeAll: (buffer) => write("writeAll", buffer)
    }
  })
