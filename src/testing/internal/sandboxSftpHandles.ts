/**
 * Files and directories that an SFTP session has open: bounded, and closed with it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { type Refusal, refuse } from "./sandboxSftpData.ts"
import { call } from "./sandboxSftpFiles.ts"
import * as packets from "./sandboxSftpPacket.ts"

/**
 * An open file.
 *
 * @internal
 */
export interface OpenFile {
  readonly _tag: "File"
  readonly fd: number
  readonly path: Buffer
}

/**
 * A directory and those of its names that were not yet told.
 *
 * @internal
 */
export interface OpenDirectory {
  readonly _tag: "Directory"
  readonly path: Buffer
  readonly names: Array<Buffer>
}

/**
 * As many as a session may have open.
 *
 * @internal
 */
export const most = 1024

/**
 * The handles of one session.
 *
 * @internal
 */
export interface Handles {
  readonly openFile: (path: Buffer, flags: number, mode: number) => Effect.Effect<Buffer, Refusal>
  readonly openDirectory: (path: Buffer) => Effect.Effect<Buffer, Refusal>
  readonly file: (name: Buffer) => Effect.Effect<OpenFile, Refusal>
  readonly directory: (name: Buffer) => Effect.Effect<OpenDirectory, Refusal>
  readonly close: (name: Buffer) => Effect.Effect<void, Refusal>
  readonly closeAll: Effect.Effect<void>
}

/**
 * No handles yet.
 *
 * @internal
 */
export const make = (): Handles => {
  const open = new Map<number, OpenFile | OpenDirectory>()
  let last = 0
  let ended = false
  const keep = (handle: OpenFile | OpenDirectory): Buffer => {
    last = (last + 1) % 2 ** 32
    open.set(last, handle)
    return packets.u32(last)
  }
  const find = (name: Buffer): OpenFile | OpenDirectory | undefined =>
    name.length === 4 ? open.get(name.readUInt32BE()) : undefined
  const bounded = <A>(effect: Effect.Effect<A, Refusal>): Effect.Effect<A, Refusal> =>
    Effect.suspend(() => open.size < most ? effect : refuse("failure"))
  return {
    openFile: (path, flags, mode) =>
      bounded(call((done) =>
        fs.open(path, flags, mode, (error, fd) => {
          if (error !== null) return done(error, Buffer.alloc(0))
          // It may have been waiting for the other end of a pipe when the session ended.
          if (ended) return fs.close(fd, () => {})
          return done(null, keep({ _tag: "File", fd, path }))
        })
      )),
    openDirectory: (path) =>
      bounded(Effect.map(
        call<Array<Buffer>>((done) => fs.readdir(path, { encoding: "buffer" }, done)),
        (names) => keep({ _tag: "Directory", path, names: [Buffer.from("."), Buffer.from(".."), ...names] })
      )),
    file: (name) =>
      Effect.suspend(() => {
        const handle = find(name)
        return handle?._tag === "File" ? Effect.succeed(handle) : refuse("failure")
      }),
    directory: (name) =>
      Effect.suspend(() => {
        const handle = find(name)
        return handle?._tag === "Directory" ? Effect.succeed(handle) : refuse("failure")
      }),
    close: (name) =>
      Effect.suspend(() => {
        const handle = find(name)
        if (handle === undefined) return refuse("failure")
        open.delete(name.readUInt32BE())
        return handle._tag === "File"
          ? call((done) => fs.close(handle.fd, (error) => done(error ?? null)))
          : Effect.void
      }),
    closeAll: Effect.sync(() => {
      ended = true
      for (const handle of open.values()) if (handle._tag === "File") fs.close(handle.fd, () => {})
      open.clear()
    })
  }
}
