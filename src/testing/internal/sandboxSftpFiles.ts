/**
 * What SFTP asks of a file system, done on this machine's. Names are bytes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fs from "node:fs"
import { type Refusal, refusalOf, refuse } from "./sandboxSftpData.ts"
import type { Attributes } from "./sandboxSftpPacket.ts"

type Done<A> = (error: NodeJS.ErrnoException | null, value: A) => void

/**
 * A call of node:fs. Node throws what it finds wrong with the arguments.
 *
 * @internal
 */
export const call = <A = void>(run: (done: Done<A>) => void): Effect.Effect<A, Refusal> =>
  Effect.async((resume) => {
    const started = Either.try({
      try: () => run((error, value) => resume(error === null ? Effect.succeed(value) : refusalOf(error))),
      catch: refusalOf
    })
    if (Either.isLeft(started)) resume(started.left)
  })

const slash = 47

/**
 * A name as the host sees it: relative ones lie in its home.
 *
 * @internal
 */
export const within = (home: Buffer, name: Buffer): Buffer =>
  name[0] === slash ? name : Buffer.concat([home, Buffer.from([slash]), name])

/**
 * Without links; the last part need not exist, as for sftp-server.
 *
 * @internal
 */
export const realPath = (name: Buffer): Effect.Effect<Buffer, Refusal> => {
  const real = (name: Buffer) =>
    call<Buffer>((done) => fs.realpath.native(name, { encoding: "buffer" }, (error, path) => done(error, path)))
  const end = name.findLastIndex((byte) => byte !== slash) + 1
  const cut = name.subarray(0, end).lastIndexOf(slash) + 1
  return Effect.catchIf(
    real(name),
    (refusal) => refusal.code === refuse("noSuchFile").code && cut > 0,
    () =>
      Effect.map(
        real(name.subarray(0, cut)),
        (parent) => Buffer.concat([parent, Buffer.from(parent.at(-1) === slash ? "" : "/"), name.subarray(cut, end)])
      )
  )
}

const inOrder = (steps: ReadonlyArray<Effect.Effect<void, Refusal> | undefined>): Effect.Effect<void, Refusal> =>
  Effect.forEach(steps, (step) => step ?? Effect.void, { discard: true })

/**
 * Changes what is at a path, in sftp-server's order.
 *
 * @internal
 */
export const change = (path: Buffer, { mode, owner, size, times }: Attributes): Effect.Effect<void, Refusal> =>
  inOrder([
    size === undefined ? undefined : call((done) => fs.truncate(path, size, (error) => done(error))),
    mode === undefined ? undefined : call((done) => fs.chmod(path, mode, (error) => done(error))),
    times && call((done) => fs.utimes(path, times.accessed, times.modified, (error) => done(error))),
    owner && call((done) => fs.chown(path, owner.user, owner.group, (error) => done(error)))
  ])

/**
 * Changes an open file.
 *
 * @internal
 */
export const changeOpen = (fd: number, { mode, owner, size, times }: Attributes): Effect.Effect<void, Refusal> =>
  inOrder([
    size === undefined ? undefined : call((done) => fs.ftruncate(fd, size, (error) => done(error))),
    mode === undefined ? undefined : call((done) => fs.fchmod(fd, mode, (error) => done(error))),
    times && call((done) => fs.futimes(fd, times.accessed, times.modified, (error) => done(error))),
    owner && call((done) => fs.fchown(fd, owner.user, owner.group, (error) => done(error)))
  ])

/**
 * Changes a link itself, which on Linux has neither size nor mode of its own.
 *
 * @internal
 */
export const changeLink = (path: Buffer, { mode, owner, size, times }: Attributes): Effect.Effect<void, Refusal> =>
  Effect.flatMap(
    call<fs.Stats>((done) => fs.lstat(path, done)),
    (stats) =>
      size !== undefined || mode !== undefined && stats.isSymbolicLink() ? refuse("unsupported") : inOrder([
        mode === undefined ? undefined : call((done) => fs.chmod(path, mode, (error) => done(error))),
        times && call((done) => fs.lutimes(path, times.accessed, times.modified, (error) => done(error))),
        owner && call((done) => fs.lchown(path, owner.user, owner.group, (error) => done(error)))
      ])
  )

/**
 * Reads at most so much from a place. Nothing at the end of the file.
 *
 * @internal
 */
export const read = (fd: number, offset: number, length: number): Effect.Effect<Buffer, Refusal> =>
  call((done) =>
    fs.read(
      fd,
      Buffer.allocUnsafe(length),
      0,
      length,
      offset,
      (error, count, buffer) => done(error, buffer.subarray(0, count))
    )
  )

/**
 * Writes all of it at a place.
 *
 * @internal
 */
export const write = (fd: number, offset: number, data: Buffer): Effect.Effect<void, Refusal> =>
  // Node takes a place that it cannot count to for "here".
  !Number.isSafeInteger(offset) ? refuse("failure") : Effect.flatMap(
    call<number>((done) => fs.write(fd, data, 0, data.length, offset, (error, count) => done(error, count))),
    (count) => count === data.length ? Effect.void : write(fd, offset + count, data.subarray(count))
  )

/**
 * Copies between open files; a length of 0 means all that there is.
 *
 * @internal
 */
export const copy = (
  from: { readonly fd: number; readonly offset: number },
  to: { readonly fd: number; readonly offset: number },
  length: number
): Effect.Effect<void, Refusal> =>
  Effect.flatMap(
    read(from.fd, from.offset, length === 0 ? 65_536 : Math.min(length, 65_536)),
    (data) =>
      data.length === 0
        // A length that was asked for must be there.
        ? length === 0 ? Effect.void : refuse("failure")
        : Effect.zipRight(
          write(to.fd, to.offset, data),
          length === data.length ? Effect.void : Effect.suspend(() =>
            copy(
              { fd: from.fd, offset: from.offset + data.length },
              { fd: to.fd, offset: to.offset + data.length },
              length === 0 ? 0 : length - data.length
            )
          )
        )
  )

/**
 * Version 3 renames never replace.
 *
 * @internal
 */
export const rename = (from: Buffer, to: Buffer): Effect.Effect<void, Refusal> =>
  Effect.matchEffect(call<fs.Stats>((done) => fs.lstat(to, done)), {
    onSuccess: () => refuse("failure"),
    onFailure: () => call((done) => fs.rename(from, to, (error) => done(error)))
  })
