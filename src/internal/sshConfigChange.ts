/**
 * Changes of an ssh config: made of its bytes, judged by resolving what they would give, written all or not.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { createTwoFilesPatch } from "diff"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { Host } from "../services/Host.ts"
import type { Options } from "../services/SshConfig.ts"
import type { Change, Entry } from "../services/SshConfigEdit.ts"
import { SshConfigError } from "../services/SshError.ts"
import { canonical } from "./address.ts"
import * as LocalUser from "./localUser.ts"
import { withoutControl } from "./outputText.ts"
import * as ownPath from "./ownPath.ts"
import * as Edit from "./sshConfigEdit.ts"
import * as ConfigEntry from "./sshConfigEntry.ts"
import * as Resolver from "./sshConfigResolver.ts"
import { quote } from "./words.ts"

/** A character for each byte: a file may hold others than UTF-8, and keeps them. */
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")
const toBytes = (text: string): Uint8Array => Buffer.from(text, "latin1")
const asText = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

const unreadable = (file: string, cause: { readonly message: string }): SshConfigError =>
  new SshConfigError({
    reason: "Unreadable",
    detail: `${file}: ${cause.message}`,
    hint: "make it a file that you can read",
    cause
  })

const bytesOf = (file: string): Effect.Effect<Uint8Array | undefined, SshConfigError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.readFile(file).pipe(
      Effect.asSome,
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "NotFound",
        () => Effect.succeedNone
      ),
      Effect.map(Option.getOrUndefined),
      Effect.mapError((cause) => unreadable(file, cause))
    ))

/** The files as they would be after a change. */
const changed = (fs: FileSystem.FileSystem, { after, file }: Change, uid: number): FileSystem.FileSystem => {
  const none = Option.none()
  const info: FileSystem.File.Info = {
    type: "File",
    mtime: none,
    atime: none,
    birthtime: none,
    dev: 0,
    ino: none,
    mode: 0o600,
    nlink: none,
    uid: Option.some(uid),
    gid: none,
    rdev: none,
    size: FileSystem.Size(after.length),
    blksize: none,
    blocks: none
  }
  return {
    ...fs,
    exists: (path) => path === file ? Effect.succeed(true) : fs.exists(path),
    stat: (path) => path === file ? Effect.orElseSucceed(fs.stat(path), () => info) : fs.stat(path),
    readFileString: (path, encoding) =>
      path === file ? Effect.succeed(Buffer.from(after).toString("utf8")) : fs.readFileString(path, encoding)
  }
}

/** Where names stand that the config has already, files that it includes among them. */
const placesOf = Effect.fnUntraced(function*(name: string, options: Options, there: boolean) {
  const { places } = yield* Resolver.make(options)
  if (!there) return []
  return (yield* places).filter((place) => place.name === name).map(({ file, line }) => ({ file, line }))
})

const overridden = (entry: Entry, file: string, text: string, keyword: string, value: string): SshConfigError => {
  const line = Edit.globally(text, keyword.toLowerCase())
  return new SshConfigError({
    reason: "Overridden",
    host: entry.name,
    detail: `the entry would not count: ${keyword} would be ${withoutControl(value)}, which ${
      line === undefined ? "a file that is included, or a Match, sets first" : `${file}:${line} sets for every host`
    }`,
    hint: line === undefined
      ? `put that behind the Host lines of ${file}`
      : `put line ${line} below a \`Host *\` at the end of ${file}`
  })
}

/** Whether the config with the entry says what the entry says. */
const judge = Effect.fnUntraced(function*(entry: Entry, change: Change, options: Options) {
  const fs = yield* FileSystem.FileSystem
  const { uid } = yield* LocalUser.current
  const { resolve } = yield* Effect.provideService(
    Resolver.make(options),
    FileSystem.FileSystem,
    changed(fs, change, uid)
  )
  const found = yield* resolve(Host.make({ alias: entry.name }))
  const text = toText(change.after)
  const wanted = [
    ["HostName", canonical(entry.hostName), found.hostName],
    ["User", entry.user, found.user],
    ["Port", entry.port, found.port]
  ] as const
  for (const [keyword, want, got] of wanted) {
    if (want !== undefined && want !== got) {
      return yield* overridden(entry, change.file, text, keyword, String(got))
    }
  }
  if (entry.proxyJump !== undefined && found.proxyJump.length !== entry.proxyJump.split(",").length) {
    return yield* overridden(entry, change.file, text, "ProxyJump", found.proxyJump.map(String).join(",") || "none")
  }
})

/** Absolute: OpenSSH takes other paths from wherever it is started. */
const placed = Effect.fnUntraced(function*(entry: Entry, home: string | undefined) {
  const { identityFile: named } = entry
  if (named === undefined) return entry
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const identityFile = /^~(\/|$)/.test(named) ? named : yield* ownPath.absolute(named)
  const { home: local } = yield* LocalUser.current
  const there = identityFile.startsWith("~") ? path.join(home ?? local, identityFile.slice(1)) : identityFile
  const isThere = yield* Effect.orElseSucceed(fs.exists(there), () => false)
  return isThere
    ? { ...entry, identityFile }
    : yield* ConfigEntry.invalid(
      entry.name,
      `there is no key ${withoutControl(there)}`,
      `name one that is there, or make it: ssh-keygen -t ed25519 -f ${withoutControl(quote(there))}`
    )
})

/** @internal */
export const add = Effect.fn("SshConfigEdit.add")(function*(given: Entry, options: Options = {}) {
  yield* ConfigEntry.settings(given)
  const { home, path: file } = yield* Resolver.make(options)
  const entry = yield* placed(given, home)
  const settings = yield* ConfigEntry.settings(entry)
  const before = yield* bytesOf(file)
  const [place] = yield* placesOf(entry.name, options, before !== undefined)
  if (place !== undefined) {
    return yield* new SshConfigError({
      reason: "Exists",
      host: entry.name,
      detail: `${place.file}:${place.line} has this name already`,
      hint: place.file === file
        ? `edit it there, take another name, or remove it first: lazycluster delete-runtime ${entry.name}`
        : "edit it there, or take another name"
    })
  }
  const text = Edit.insert(
    toText(before ?? new Uint8Array()),
    asText(entry.name),
    settings.map((setting) => ({ ...setting, value: asText(setting.value) }))
  )
  const change: Change = { file, before, after: toBytes(text) }
  yield* judge(entry, change, options)
  return change
})

/** @internal */
export const remove = Effect.fn("SshConfigEdit.remove")(function*(name: string, options: Options = {}) {
  const { path: file } = yield* Resolver.make(options)
  const before = yield* bytesOf(file)
  const text = toText(before ?? new Uint8Array())
  if (Edit.linesWith(text, asText(name)).length === 0) {
    const [place] = yield* placesOf(name, options, before !== undefined)
    return yield* new SshConfigError({
      reason: "NotFound",
      host: withoutControl(name),
      detail: before === undefined ? `there is no ${file}` : `no Host line of ${file} has this name`,
      hint: place === undefined
        ? "lazycluster list-runtimes shows the names that there are"
        : `it stands in ${place.file}:${place.line}, which is included: name that file`
    })
  }
  const change: Change = { file, before, after: toBytes(Edit.remove(text, asText(name))) }
  return change
})

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0

/** Of a link that leads nowhere yet, where it leads. */
const targetOf = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* fs.realPath(file).pipe(
    Effect.orElse(() => Effect.map(fs.readLink(file), (link) => path.resolve(path.dirname(file), link))),
    Effect.orElseSucceed(() => file)
  )
})

/** The last one only: of before the last change. */
const backupEnding = ".lazycluster-backup"

/** @internal */
export const write = Effect.fn("SshConfigEdit.write")(function*(change: Change) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const unwritable = (detail: string, hint: string, cause?: unknown) =>
    new SshConfigError({
      reason: "Unwritable",
      detail: `${change.file}: ${detail}`,
      hint,
      ...(cause === undefined ? {} : { cause })
    })
  const file = yield* targetOf(change.file)
  const folder = path.dirname(file)
  const noise = (yield* Random.nextIntBetween(0, 2 ** 47)).toString(36)
  const beside = path.join(folder, `.lazycluster-${noise}.part`)

  /** Beside it first: whoever reads meanwhile sees the old file or the new one, never half of one. */
  const replace = (target: string, bytes: Uint8Array, like: Option.Option<FileSystem.File.Info>) =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const handle = yield* fs.open(beside, { flag: "wx", mode: 0o600 })
        // Nothing cannot be written, for @effect/platform.
        if (bytes.length > 0) yield* handle.writeAll(bytes)
        yield* handle.sync
      }))
      if (Option.isSome(like)) {
        const { gid, mode, uid } = like.value
        const mine = yield* fs.stat(beside)
        if (
          Option.isSome(uid) && Option.isSome(gid) &&
          (uid.value !== Option.getOrNull(mine.uid) || gid.value !== Option.getOrNull(mine.gid))
        ) {
          yield* fs.chown(beside, uid.value, gid.value)
        }
        yield* fs.chmod(beside, mode & 0o7777)
      }
      yield* fs.rename(beside, target)
    }).pipe(Effect.onError(() => Effect.ignore(fs.remove(beside, { force: true }))))

  return yield* Effect.gen(function*() {
    if (!(yield* fs.exists(folder))) yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    const { before } = change
    const like = before === undefined ? Option.none<FileSystem.File.Info>() : Option.some(yield* fs.stat(file))
    const backup = before === undefined ? Option.none<string>() : Option.some(`${file}${backupEnding}`)
    if (before !== undefined && Option.isSome(backup)) yield* replace(backup.value, before, like)
    const now = yield* bytesOf(file)
    if (!same(now, change.before)) {
      return yield* unwritable("it has changed meanwhile", "look at it, and try again")
    }
    yield* replace(file, change.after, like)
    return backup
  }).pipe(
    Effect.catchTags({
      SystemError: (cause) =>
        Effect.fail(unwritable(`it cannot be written: ${cause.message}`, "make its folder writable for you", cause)),
      BadArgument: (cause) => Effect.fail(unwritable(cause.message, "name another file", cause))
    }),
    // Half a change is none: what is begun is done, and it is short.
    Effect.uninterruptible
  )
})

/** @internal */
export const diff = ({ after, before, file }: Change): string => {
  const lines = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("utf8")
  return createTwoFilesPatch(before === undefined ? "/dev/null" : file, file, lines(before), lines(after))
    .replace(/^[^]*?(?=^--- )/m, "").split("\n").map((line) => withoutControl(line)).join("\n").trimEnd()
}
