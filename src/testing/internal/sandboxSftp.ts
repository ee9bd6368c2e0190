/**
 * The SFTP subsystem of a Sandbox host: version 3, answered in the order of the requests, as sftp-server does.
 *
 * @since 0.1.0
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Attributes, FileEntry, SFTPWrapper } from "ssh2"
import { announce, endSftp } from "./sandboxQuirks.ts"
import { type Failure, longName, Status, statusOf, toAttributes, toOpenFlags } from "./sandboxSftpData.ts"
import * as turns from "./sandboxTurns.ts"

type Handle =
  | { readonly _tag: "File"; readonly fd: number }
  | { readonly _tag: "Directory"; readonly path: string; readonly names: Array<string> }

interface Reply {
  /** Success without an error. */
  readonly status: (error?: Failure | null) => void
  readonly code: (code: number) => void
  readonly attributes: (error: Failure | null, stats: fs.Stats) => void
  readonly name: (error: Failure | null, name: string) => void
  readonly send: (answer: () => void) => void
}

type Change = (done: (error: Failure | null) => void) => void

/** What an ATTRS block asks for, in sftp-server's order; absent fields ask for nothing. */
const changes = (attributes: Partial<Attributes>, to: {
  readonly size: (size: number) => Change
  readonly mode: (mode: number) => Change
  readonly times: (accessed: number, modified: number) => Change
  readonly owner: (user: number, group: number) => Change
}): ReadonlyArray<Change> => {
  const { atime, gid, mode, mtime, size, uid } = attributes
  return [
    ...(size === undefined ? [] : [to.size(size)]),
    ...(mode === undefined ? [] : [to.mode(mode & 0o7777)]),
    ...(atime === undefined || mtime === undefined ? [] : [to.times(atime, mtime)]),
    ...(uid === undefined || gid === undefined ? [] : [to.owner(uid, gid)])
  ]
}

const inSequence = ([first, ...rest]: ReadonlyArray<Change>, done: (error: Failure | null) => void): void =>
  first === undefined ? done(null) : first((error) => error === null ? inSequence(rest, done) : done(error))

const changePath = (target: string, attributes: Partial<Attributes>) =>
  changes(attributes, {
    size: (size) => (done) => fs.truncate(target, size, done),
    mode: (mode) => (done) => fs.chmod(target, mode, done),
    times: (accessed, modified) => (done) => fs.utimes(target, accessed, modified, done),
    owner: (user, group) => (done) => fs.chown(target, user, group, done)
  })

const changeFile = (fd: number, attributes: Partial<Attributes>) =>
  changes(attributes, {
    size: (size) => (done) => fs.ftruncate(fd, size, done),
    mode: (mode) => (done) => fs.fchmod(fd, mode, done),
    times: (accessed, modified) => (done) => fs.futimes(fd, accessed, modified, done),
    owner: (user, group) => (done) => fs.fchown(fd, user, group, done)
  })

const writeAll = (fd: number, data: Buffer, offset: number, done: (error: Failure | null) => void): void =>
  fs.write(fd, data, 0, data.length, offset, (error, written) =>
    error !== null || written === data.length
      ? done(error)
      : writeAll(fd, data.subarray(written), offset + written, done))

/** Without links, as sftp-server's realpath: the last part need not exist. */
const realPath = (target: string, done: (error: Failure | null, name: string) => void): void =>
  fs.realpath(target, (error, found) =>
    error?.code !== "ENOENT" || path.dirname(target) === target
      ? done(error, found)
      : fs.realpath(
        path.dirname(target),
        (error, parent) => done(error, path.join(parent ?? "", path.basename(target)))
      ))

/** The strings of an extended request. */
const strings = (data: Buffer | undefined): ReadonlyArray<Buffer> => {
  if (data === undefined || data.length < 4) return []
  const end = 4 + data.readUInt32BE(0)
  return [data.subarray(4, end), ...strings(data.subarray(end))]
}

const readAtMost = 256 * 1024 - 1024
const namesAtOnce = 100

/**
 * Serves a session; `whenClosed` registers what ends it.
 *
 * @internal
 */
export const serve = (sftp: SFTPWrapper, home: string, whenClosed: (end: () => void) => void): void => {
  const inTurn = turns.make()
  const handles = new Map<number, Handle>()
  let last = 0

  const at = (name: string): string => path.resolve(home, name)
  const open = (handle: Handle): Buffer => {
    last += 1
    handles.set(last, handle)
    const name = Buffer.alloc(4)
    name.writeUInt32BE(last)
    return name
  }
  const handleOf = (name: Buffer): Handle | undefined =>
    name.length === 4 ? handles.get(name.readUInt32BE()) : undefined

  const request = (id: number, job: (reply: Reply) => void): void =>
    inTurn((done) => {
      const send = (answer: () => void): void => {
        answer()
        done()
      }
      const code = (code: number) => send(() => sftp.status(id, code, Status.text(code)))
      const status = (error?: Failure | null) => code(statusOf(error))
      const orStatus = (error: Failure | null, answer: () => void) => error === null ? send(answer) : status(error)
      job({
        send,
        code,
        status,
        attributes: (error, stats) => orStatus(error, () => sftp.attrs(id, toAttributes(stats))),
        // Without attributes, which the types do not foresee.
        name: (error, name) => orStatus(error, () => sftp.name(id, [{ filename: name, longname: name } as FileEntry]))
      })
    })
  const withFile = (id: number, name: Buffer, job: (fd: number, reply: Reply) => void): void =>
    request(id, (reply) => {
      const handle = handleOf(name)
      if (handle?._tag === "File") job(handle.fd, reply)
      else reply.code(Status.failure)
    })

  sftp.on(
    "OPEN",
    (id, name, flags, attributes: Partial<Attributes>) =>
      request(
        id,
        (reply) =>
          fs.open(at(name), toOpenFlags(flags), (attributes.mode ?? 0o666) & 0o7777, (error, fd) =>
            error === null
              ? reply.send(() => sftp.handle(id, open({ _tag: "File", fd })))
              : reply.status(error))
      )
  )
  sftp.on("READ", (id, name, offset, length) =>
    withFile(id, name, (fd, reply) => {
      const size = Math.min(length, readAtMost)
      fs.read(fd, Buffer.allocUnsafe(size), 0, size, offset, (error, read, buffer) => {
        if (error !== null) reply.status(error)
        else if (read === 0) reply.code(Status.endOfFile)
        else reply.send(() => sftp.data(id, buffer.subarray(0, read)))
      })
    }))
  sftp.on(
    "WRITE",
    (id, name, offset, data) => withFile(id, name, (fd, reply) => writeAll(fd, data, offset, reply.status))
  )
  sftp.on("FSTAT", (id, name) => withFile(id, name, (fd, reply) => fs.fstat(fd, reply.attributes)))
  sftp.on(
    "FSETSTAT",
    (id, name, attributes) => withFile(id, name, (fd, reply) => inSequence(changeFile(fd, attributes), reply.status))
  )
  sftp.on("CLOSE", (id, name) =>
    request(id, (reply) => {
      const handle = handleOf(name)
      if (handle === undefined) return reply.code(Status.failure)
      handles.delete(name.readUInt32BE())
      if (handle._tag === "File") fs.close(handle.fd, reply.status)
      else reply.status()
    }))

  sftp.on("STAT", (id, name) => request(id, (reply) => fs.stat(at(name), reply.attributes)))
  sftp.on("LSTAT", (id, name) => request(id, (reply) => fs.lstat(at(name), reply.attributes)))
  sftp.on(
    "SETSTAT",
    (id, name, attributes) => request(id, (reply) => inSequence(changePath(at(name), attributes), reply.status))
  )
  sftp.on("REMOVE", (id, name) => request(id, (reply) => fs.unlink(at(name), reply.status)))
  sftp.on("RMDIR", (id, name) => request(id, (reply) => fs.rmdir(at(name), reply.status)))
  sftp.on(
    "MKDIR",
    (id, name, attributes: Partial<Attributes>) =>
      request(id, (reply) => fs.mkdir(at(name), (attributes.mode ?? 0o777) & 0o7777, reply.status))
  )
  sftp.on("READLINK", (id, name) => request(id, (reply) => fs.readlink(at(name), reply.name)))
  sftp.on("REALPATH", (id, name) => request(id, (reply) => realPath(at(name), reply.name)))
  // ssh2 has put OpenSSH's swapped arguments right; its types name them the other way round.
  sftp.on("SYMLINK", (id, link, target) => request(id, (reply) => fs.symlink(target, at(link), reply.status)))
  // Version 3 renames never replace.
  sftp.on(
    "RENAME",
    (id, from, to) =>
      request(
        id,
        (reply) =>
          fs.lstat(at(to), (error) =>
            error === null ? reply.code(Status.failure) : fs.rename(at(from), at(to), reply.status))
      )
  )

  sftp.on("OPENDIR", (id, name) =>
    request(id, (reply) =>
      fs.readdir(at(name), (error, names) =>
        error === null
          ? reply.send(() => sftp.handle(id, open({ _tag: "Directory", path: at(name), names: [".", "..", ...names] })))
          : reply.status(error))))
  sftp.on("READDIR", (id, name) =>
    request(id, (reply) => {
      const handle = handleOf(name)
      if (handle?._tag !== "Directory") return reply.code(Status.failure)
      const entries: Array<{ filename: string; longname: string; attrs: Attributes }> = []
      const names = handle.names.splice(0, namesAtOnce)
      if (names.length === 0) return reply.code(Status.endOfFile)
      let left = names.length
      for (const filename of names) {
        fs.lstat(path.join(handle.path, filename), (error, stats) => {
          // One that has gone since is left out.
          if (error === null) {
            entries.push({ filename, longname: longName(filename, stats), attrs: toAttributes(stats) })
          }
          left -= 1
          if (left === 0) reply.send(() => sftp.name(id, entries))
        })
      }
    }))

  sftp.on("error", () => {})
  announce(sftp, ["posix-rename@openssh.com", "hardlink@openssh.com", "fsync@openssh.com"])
  sftp.on("EXTENDED", (id, name, data: Buffer | undefined) => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = strings(data)
    const paths = [at(first.toString()), at(second.toString())] as const
    switch (name) {
      case "posix-rename@openssh.com":
        return request(id, (reply) => fs.rename(...paths, reply.status))
      case "hardlink@openssh.com":
        return request(id, (reply) => fs.link(...paths, reply.status))
      case "fsync@openssh.com":
        return withFile(id, first, (fd, reply) => fs.fsync(fd, reply.status))
      default:
        return request(id, (reply) => reply.code(Status.unsupported))
    }
  })

  const release = (done: () => void): void => {
    for (const handle of handles.values()) if (handle._tag === "File") fs.close(handle.fd, () => {})
    handles.clear()
    done()
  }
  sftp.on("end", () =>
    inTurn((done) => {
      endSftp(sftp)
      release(done)
    }))
  whenClosed(() => inTurn(release))
}
