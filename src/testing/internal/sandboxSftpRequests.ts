/**
 * The requests of SFTP, version 3, and OpenSSH's extensions of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as data from "./sandboxSftpData.ts"
import { refuse } from "./sandboxSftpData.ts"
import * as files from "./sandboxSftpFiles.ts"
import { call } from "./sandboxSftpFiles.ts"
import type { Handles } from "./sandboxSftpHandles.ts"
import { most } from "./sandboxSftpHandles.ts"
import * as packets from "./sandboxSftpPacket.ts"
import type { Reader } from "./sandboxSftpPacket.ts"

/**
 * What a session works on.
 *
 * @internal
 */
export interface Place {
  readonly home: Buffer
  readonly handles: Handles
  readonly targetFirst: boolean
}

/** A packet but for its length and id. */
interface Reply {
  readonly type: number
  readonly fields: ReadonlyArray<Buffer>
}

/** Reads its fields at once, acts when run. */
type Request = (fields: Reader, place: Place) => Effect.Effect<Reply, data.Refusal>

const readAtMost = 255 * 1024
const namesAtOnce = 100

const reply = (type: number, ...fields: ReadonlyArray<Buffer>): Reply => ({ type, fields })
const done = <A>(effect: Effect.Effect<A, data.Refusal>) => Effect.as(effect, reply(101))
const handle = (effect: Effect.Effect<Buffer, data.Refusal>) =>
  Effect.map(effect, (name) => reply(102, packets.bytes(name)))
const attributes = (effect: Effect.Effect<fs.Stats, data.Refusal>) =>
  Effect.map(effect, (stats) => reply(105, data.attributes(stats)))
const path = (effect: Effect.Effect<Buffer, data.Refusal>) =>
  Effect.map(effect, (name) => reply(104, packets.u32(1), packets.bytes(name), packets.bytes(name), packets.u32(0)))

const ok = (run: (done: (error: NodeJS.ErrnoException | null) => void) => void) =>
  done(call((done) => run((error) => done(error))))

const at = (fields: Reader, { home }: Place): Buffer => files.within(home, fields.bytes())

const read: Request = (fields, { handles }) => {
  const [name, offset, length] = [fields.bytes(), fields.u64(), fields.u32()]
  return handles.file(name).pipe(
    Effect.flatMap(({ fd }) => files.read(fd, offset, Math.min(length, readAtMost))),
    Effect.flatMap((bytes) =>
      bytes.length === 0 && length > 0
        ? refuse("endOfFile")
        : Effect.succeed(reply(103, packets.u32(bytes.length), bytes))
    )
  )
}

const list: Request = (fields, { handles }) => {
  const name = fields.bytes()
  return Effect.gen(function*() {
    const directory = yield* handles.directory(name)
    const names = directory.names.splice(0, namesAtOnce)
    if (names.length === 0) return yield* refuse("endOfFile")
    const entries = yield* Effect.forEach(
      names,
      (name) =>
        call<fs.Stats>((done) => fs.lstat(files.within(directory.path, name), done)).pipe(
          Effect.map((stats) => [
            Buffer.concat([
              packets.bytes(name),
              packets.bytes(data.longName(name, stats)),
              data.attributes(stats)
            ])
          ]),
          // One that has gone since is left out.
          Effect.orElseSucceed((): Array<Buffer> => [])
        ),
      { concurrency: 16 }
    )
    const told = entries.flat()
    return reply(104, packets.u32(told.length), ...told)
  })
}

const symlink: Request = (fields, place) => {
  const [first, second] = [fields.bytes(), fields.bytes()]
  const [target, link] = place.targetFirst ? [first, second] : [second, first]
  return ok((done) => fs.symlink(target, files.within(place.home, link), done))
}

interface Extension {
  readonly version: string
  readonly request: Request
}

const extended: ReadonlyMap<string, Extension> = new Map(Object.entries<Extension>({
  "posix-rename@openssh.com": {
    version: "1",
    request: (fields, place) => {
      const [from, to] = [at(fields, place), at(fields, place)]
      return ok((done) => fs.rename(from, to, done))
    }
  },
  "statvfs@openssh.com": {
    version: "2",
    request: (fields, place) => statFs(at(fields, place))
  },
  "fstatvfs@openssh.com": {
    version: "2",
    request: (fields, { handles }) => Effect.flatMap(handles.file(fields.bytes()), ({ path }) => statFs(path))
  },
  "hardlink@openssh.com": {
    version: "1",
    request: (fields, place) => {
      const [from, to] = [at(fields, place), at(fields, place)]
      return ok((done) => fs.link(from, to, done))
    }
  },
  "fsync@openssh.com": {
    version: "1",
    request: (fields, { handles }) =>
      Effect.flatMap(handles.file(fields.bytes()), ({ fd }) => ok((done) => fs.fsync(fd, done)))
  },
  "lsetstat@openssh.com": {
    version: "1",
    request: (fields, place) => {
      const path = at(fields, place)
      return done(files.changeLink(path, fields.attributes()))
    }
  },
  "limits@openssh.com": {
    version: "1",
    request: () => Effect.succeed(reply(201, ...[256 * 1024, readAtMost, readAtMost, most].map(packets.u64)))
  },
  "expand-path@openssh.com": {
    version: "1",
    request: (fields, { home }) => {
      const name = fields.bytes().toString("latin1").replace(/^~(?=\/|$)\/*/, "")
      return path(Effect.succeed(files.within(home, Buffer.from(name, "latin1"))))
    }
  },
  "copy-data": {
    version: "1",
    request: (fields, { handles }) => {
      const [source, offset, length, target, start] = [
        fields.bytes(),
        fields.u64(),
        fields.u64(),
        fields.bytes(),
        fields.u64()
      ]
      return Effect.gen(function*() {
        const from = yield* handles.file(source)
        const to = yield* handles.file(target)
        if (from.fd === to.fd) return yield* refuse("failure")
        return yield* done(files.copy({ fd: from.fd, offset }, { fd: to.fd, offset: start }, length))
      })
    }
  }
}))

const statFs = (path: Buffer): Effect.Effect<Reply, data.Refusal> =>
  Effect.map(
    call<fs.BigIntStatsFs>((done) => fs.statfs(path, { bigint: true }, done)),
    (stats) => reply(201, data.fileSystem(stats))
  )

/**
 * The extensions that the first packet names.
 *
 * @internal
 */
export const extensions: ReadonlyArray<{ readonly name: string; readonly version: string }> = Array.from(
  extended,
  ([name, { version }]) => ({ name, version })
)

/**
 * By type of packet.
 *
 * @internal
 */
export const requests: ReadonlyMap<number, Request> = new Map<number, Request>([
  [3, (fields, place) => {
    const [path, flags, { mode }] = [at(fields, place), fields.u32(), fields.attributes()]
    return handle(place.handles.openFile(path, data.toOpenFlags(flags), mode ?? 0o666))
  }],
  [4, (fields, { handles }) => done(handles.close(fields.bytes()))],
  [5, read],
  [6, (fields, { handles }) => {
    const [name, offset, bytes] = [fields.bytes(), fields.u64(), fields.bytes()]
    return done(Effect.flatMap(handles.file(name), ({ fd }) => files.write(fd, offset, bytes)))
  }],
  [7, (fields, place) => {
    const path = at(fields, place)
    return attributes(call((done) => fs.lstat(path, done)))
  }],
  [
    8,
    (fields, { handles }) =>
      attributes(Effect.flatMap(handles.file(fields.bytes()), ({ fd }) => call((done) => fs.fstat(fd, done))))
  ],
  [9, (fields, place) => {
    const path = at(fields, place)
    return done(files.change(path, fields.attributes()))
  }],
  [10, (fields, { handles }) => {
    const [name, wanted] = [fields.bytes(), fields.attributes()]
    return done(Effect.flatMap(handles.file(name), ({ fd }) => files.changeOpen(fd, wanted)))
  }],
  [11, (fields, place) => handle(place.handles.openDirectory(at(fields, place)))],
  [12, list],
  [13, (fields, place) => {
    const path = at(fields, place)
    return ok((done) => fs.unlink(path, done))
  }],
  [14, (fields, place) => {
    const [path, { mode }] = [at(fields, place), fields.attributes()]
    return ok((done) => fs.mkdir(path, mode ?? 0o777, done))
  }],
  [15, (fields, place) => {
    const path = at(fields, place)
    return ok((done) => fs.rmdir(path, done))
  }],
  [16, (fields, place) => path(files.realPath(at(fields, place)))],
  [17, (fields, place) => {
    const path = at(fields, place)
    return attributes(call((done) => fs.stat(path, done)))
  }],
  [18, (fields, place) => {
    const [from, to] = [at(fields, place), at(fields, place)]
    return done(files.rename(from, to))
  }],
  [19, (fields, place) => {
    const target = at(fields, place)
    return path(call((done) => fs.readlink(target, { encoding: "buffer" }, done)))
  }],
  [20, symlink],
  [200, (fields, place) => {
    const found = extended.get(fields.bytes().toString())
    return found === undefined ? refuse("unsupported") : found.request(fields, place)
  }]
])
