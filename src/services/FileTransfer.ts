/**
 * Files and directories between this machine and a host.
 *
 * What both sides have is compared first, and makes a plan. What is missing goes to a place of its own below the target
 * (`.lazycluster-transfer`), is checked there by hash, and then gets its final names: nobody sees half a file, and a transfer that
 * was broken off goes on where it stopped. Modes, times, links and empty directories are kept, names may hold any bytes. The host
 * needs a POSIX shell, `tar`, `find` and a program for SHA-256; without them files go over SFTP, which can less.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as fileTree from "../internal/fileTree.ts"
import * as transferFiles from "../internal/transferFiles.ts"
import * as transferGet from "../internal/transferGet.ts"
import * as transferHost from "../internal/transferHost.ts"
import * as transferIgnore from "../internal/transferIgnore.ts"
import * as transferOnce from "../internal/transferOnce.ts"
import * as transferPaths from "../internal/transferPaths.ts"
import * as transferSend from "../internal/transferSend.ts"
import * as transferSource from "../internal/transferSource.ts"
import * as transferTree from "../internal/transferTree.ts"
import { FileTransferError } from "./FileTransferError.ts"
import type { Entry, Manifest, Plan } from "./FileTransferPlan.ts"
import { type Host, manager } from "./Host.ts"
import * as Metrics from "./Metrics.ts"
import type { Files, SshConnection } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

export {
  /**
   * Why a transfer failed for another reason than the connection.
   *
   * @since 0.1.0
   * @category errors
   */
  FileTransferError
} from "./FileTransferError.ts"

/**
 * A host and how to reach its files. A `Runtime` is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Remote {
  readonly host: Host
  /** Used where the host lacks what a transfer needs, or there is no `connection`. */
  readonly files: Effect.Effect<Files, SshError>
  /** The connection in use; waits while the link is away. */
  readonly connection?: Effect.Effect<SshConnection, SshError> | undefined
  /** The runtime that what runs on the host belongs to. */
  readonly id?: string | undefined
  /** Makes a path of the host absolute. Without it relative ones are taken from the home directory. */
  readonly resolve?: ((path: string) => string) | undefined
}

/**
 * What belongs to a transfer: data that serialises.
 *
 * - `exclude`: patterns as in a `.gitignore` file; they win over those of the tree
 * - `gitignore`: whether `.gitignore` files of the source count too (default: no)
 * - `links`: whether symbolic links are kept as links, which is the default, or what they point at is copied
 * - `compare`: `times` (default) takes a file of the same size and time of modification for unchanged, and compares contents by
 *   hash where only the times differ; `hash` always compares contents
 *
 * @since 0.1.0
 * @category schemas
 */
export const Selection = Schema.Struct({
  exclude: Schema.optionalWith(Schema.Array(Schema.String), { exact: true }),
  gitignore: Schema.optionalWith(Schema.Boolean, { exact: true }),
  links: Schema.optionalWith(Schema.Literal("keep", "follow"), { exact: true }),
  compare: Schema.optionalWith(Schema.Literal("times", "hash"), { exact: true })
})

/**
 * What belongs to a transfer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selection extends Schema.Schema.Type<typeof Selection> {}

/**
 * How to copy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Selection {
  /** Heard of after each piece. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** Files under way at a time where only SFTP can be used (default 16). */
  readonly concurrency?: number | undefined
}

/**
 * What has been copied so far.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly files: number
  readonly bytes: number
}

/**
 * What has been copied. Files that were there unchanged are not counted in `files` and `bytes`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transferred extends Progress {
  /** Paths (below the source) of what is neither file, directory nor link, or of links that lead nowhere if they are followed. */
  readonly skipped: ReadonlyArray<string>
  /** Files, directories and links that were there. */
  readonly unchanged: number
  /** Bytes of `bytes` that a transfer before this one, which was broken off, had left there. */
  readonly resumed: number
  /** What the host lacks, where the transfer went over SFTP: links were followed, times were not kept, all was sent. */
  readonly lacking?: string | undefined
}

/**
 * An event of a transfer; the last one is `Done`.
 *
 * @since 0.1.0
 * @category models
 */
export type Event =
  | { readonly _tag: "Planned"; readonly plan: Plan }
  | { readonly _tag: "Copied"; readonly progress: Progress }
  | { readonly _tag: "Done"; readonly transferred: Transferred }

/**
 * A copy: it fails with the connection, or with what is wrong with the files.
 *
 * @since 0.1.0
 * @category models
 */
export type Transfer = Effect.Effect<Transferred, SshError | FileTransferError>

type Failure = SshError | FileTransferError

type Kind = "file" | "directory"

interface Asked {
  readonly step: "send" | "get"
  readonly kinds: ReadonlyArray<Kind>
  /** Of this machine, as given. */
  readonly local: string
  /** Of the host, as given. */
  readonly path: string
  readonly options: Options
  readonly dry: boolean
}

const failure = (
  asked: Asked,
  host: string,
  reason: FileTransferError["reason"],
  detail: string,
  hint?: string,
  cause?: unknown
): FileTransferError =>
  new FileTransferError({
    reason,
    host,
    step: asked.step,
    path: asked.step === "send" ? asked.local : asked.path,
    detail,
    hint,
    cause
  })

const localFailure = (asked: Asked) => (cause: unknown): FileTransferError =>
  failure(asked, manager.alias, "Local", cause instanceof Error ? cause.message : String(cause), undefined, cause)

/** Counts what happens, and tells it. */
const counter = Effect.fnUntraced(function*(options: Options, planned: (plan: Plan) => Effect.Effect<void>) {
  const total = yield* Ref.make({ files: 0, bytes: 0, resumed: 0 })
  const add = (files: number, bytes: number, resumed: number): Effect.Effect<void> =>
    Effect.flatMap(
      Ref.updateAndGet(total, (now) => ({
        files: now.files + files,
        bytes: now.bytes + bytes,
        resumed: now.resumed + resumed
      })),
      ({ bytes, files }) => options.onProgress?.({ files, bytes }) ?? Effect.void
    )
  const listener: transferSend.Listener = {
    planned,
    sent: (files, bytes) => add(files, bytes, 0),
    resumed: (files, bytes) => bytes === 0 && files === 0 ? Effect.void : add(files, bytes, bytes)
  }
  return { total: Ref.get(total), listener, reset: Ref.set(total, { files: 0, bytes: 0, resumed: 0 }) }
})

type Counter = Effect.Effect.Success<ReturnType<typeof counter>>

/** What is known of the source before any host is asked; shared by all hosts that are to have it. */
interface Origin {
  readonly root: Entry
  readonly kind: Kind
  readonly source: transferSource.Source
  readonly manifest: Effect.Effect<Manifest, Failure>
}

const originOf = Effect.fnUntraced(function*(asked: Asked, shared: boolean) {
  const { kinds, options } = asked
  const local = transferPaths.withoutSlash(transferPaths.absolute(asked.local))
  const root = yield* transferTree.look(local, true, localFailure(asked))
  if (root === undefined || (root.kind === "other" && root.link !== undefined)) {
    return yield* failure(
      asked,
      manager.alias,
      "Missing",
      "there is nothing at that path",
      "check the path; links must point at something"
    )
  }
  const kind = kinds.find((kind) => kind === root.kind)
  if (kind === undefined) {
    const what = root.kind === "other" ? "a pipe, a socket or a device" : `a ${root.kind}`
    return yield* failure(asked, manager.alias, "NotAFile", `it is ${what}`)
  }
  const scan = transferTree.scan({
    root: local,
    follow: options.links === "follow",
    rules: transferIgnore.make(options.exclude ?? []),
    gitignore: options.gitignore ?? false,
    fail: localFailure(asked)
  })
  const manifest = kind === "file" ? Effect.succeed({ root: kind, entries: [] }) : scan
  const origin: Origin = {
    root,
    kind,
    source: transferSource.make((path) => kind === "file" ? local : `${local}/${path}`, shared),
    manifest: transferOnce.make(manifest)
  }
  return origin
})

const resolved = (remote: Remote, path: string): string => {
  const absolute = remote.resolve === undefined ? path : remote.resolve(path)
  return path.endsWith("/") && !absolute.endsWith("/") ? `${absolute}/` : absolute
}

/** By SFTP alone. */
const overFiles = Effect.fnUntraced(function*(remote: Remote, asked: Asked, count: Counter, lacks: string) {
  const files = yield* remote.files
  const here = fileTree.ofManager<Failure>(localFailure(asked))
  const there: fileTree.Tree<Failure> = fileTree.ofHost(files)
  const local = transferPaths.absolute(asked.local)
  const path = resolved(remote, asked.path)
  const skipped = yield* transferFiles.copy({
    ...(asked.step === "send"
      ? { from: here, source: transferPaths.withoutSlash(local), to: there, target: path }
      : { from: there, source: transferPaths.withoutSlash(path), to: here, target: local }),
    kinds: asked.kinds,
    rules: transferIgnore.make(asked.options.exclude ?? []),
    concurrency: asked.options.concurrency ?? 16,
    listener: count.listener,
    fail: (reason, detail, hint) =>
      failure(asked, asked.step === "send" ? manager.alias : remote.host.alias, reason, detail, hint)
  })
  const transferred: Transferred = { ...(yield* count.total), skipped, unchanged: 0, lacking: lacks }
  return transferred
})

/** Over one connection. */
const overConnection = Effect.fnUntraced(function*(
  remote: Remote,
  connection: SshConnection,
  asked: Asked,
  origin: Origin | undefined,
  count: Counter
) {
  const client = yield* transferHost.make({ connection, lease: remote.id, step: asked.step })
  const { listener } = count
  const { compare = "times", exclude = [], gitignore = false, links } = asked.options
  const path = resolved(remote, asked.path)
  return origin === undefined
    ? yield* transferGet.get({
      client,
      path: transferPaths.withoutSlash(path),
      kinds: asked.kinds,
      target: transferPaths.absolute(asked.local),
      exclude,
      gitignore,
      follow: links === "follow",
      compare,
      dry: asked.dry,
      listener
    })
    : yield* transferSend.send({
      client,
      ...origin,
      name: transferPaths.nameOf(asked.local),
      target: path,
      compare,
      dry: asked.dry,
      listener
    })
})

/** A link that breaks again and again is not worth more. */
const attempts = 5

/** Goes on over the next connection when one is lost, as long as there is another. */
const transfer = Effect.fnUntraced(
  function*(
    remote: Remote,
    asked: Asked,
    origin: Origin | undefined,
    planned: (plan: Plan) => Effect.Effect<void>
  ): Effect.fn.Return<Transferred, Failure> {
    const count = yield* counter(asked.options, planned)
    if (remote.connection === undefined) return yield* overFiles(remote, asked, count, "a connection for programs")
    const { connection } = remote
    // Who keeps the connection may hear later than a channel of it that it has gone.
    const next = (before: SshConnection | undefined) =>
      Effect.repeat(connection, {
        until: (now) => now !== before,
        schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("5 seconds"))
      }).pipe(Effect.zipRight(connection))
    const attempt = (left: number, before: SshConnection | undefined): Effect.Effect<Transferred, Failure> =>
      Effect.gen(function*() {
        const over = yield* next(before)
        return yield* overConnection(remote, over, asked, origin, count).pipe(
          Effect.catchIf(
            (error): error is SshError =>
              error._tag === "SshError" && error.reason === "LinkLost" && left > 0 && over !== before,
            () => Effect.zipRight(count.reset, attempt(left - 1, over))
          )
        )
      }).pipe(
        Effect.flatMap((done) =>
          "lacks" in done
            ? overFiles(remote, asked, count, done.lacks)
            : "make" in done
            ? Effect.map(count.total, (total): Transferred => ({
              ...total,
              skipped: done.skipped,
              unchanged: done.unchanged
            }))
            : Effect.succeed(done)
        )
      )
    return yield* attempt(attempts, undefined)
  },
  (effect, remote, asked) =>
    effect.pipe(
      Effect.tap(({ bytes }) =>
        Effect.tagMetrics(
          Metrics.count(Metrics.bytesTransferred, remote.host.alias, bytes),
          "direction",
          asked.step
        )
      ),
      Effect.withSpan("Transfer", { attributes: { host: remote.host.alias, step: asked.step, path: asked.path } })
    )
)

const nobody = () => Effect.void

const start = (
  remote: Remote,
  asked: Asked,
  planned: (plan: Plan) => Effect.Effect<void> = nobody
): Effect.Effect<Transferred, Failure> =>
  asked.step === "get"
    ? transfer(remote, asked, undefined, planned)
    : Effect.flatMap(originOf(asked, false), (origin) => transfer(remote, asked, origin, planned))

const planned = Effect.fnUntraced(function*(remote: Remote, asked: Asked) {
  const count = yield* counter(asked.options, nobody)
  if (remote.connection === undefined) return Option.none<Plan>()
  const origin = asked.step === "send" ? yield* originOf(asked, false) : undefined
  const done = yield* overConnection(remote, yield* remote.connection, asked, origin, count)
  return "lacks" in done ? Option.none<Plan>() : Option.some<Plan>(done)
})

const both: ReadonlyArray<Kind> = ["file", "directory"]

const sending =
  (kinds: ReadonlyArray<Kind>) => (remote: Remote, local: string, path: string, options: Options = {}): Transfer =>
    start(remote, { step: "send", kinds, local, path, options, dry: false })

const getting =
  (kinds: ReadonlyArray<Kind>) => (remote: Remote, path: string, local: string, options: Options = {}): Transfer =>
    start(remote, { step: "get", kinds, local, path, options, dry: false })

/** Progress is told as long as no more than this wait to be heard: what comes later tells what was left out. */
const waiting = 64

const streamed = (remote: Remote, asked: Asked): Stream.Stream<Event, Failure> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* Queue.unbounded<Event | undefined>()
    const offer = (event: Event | undefined) => Effect.asVoid(Queue.offer(events, event))
    const onProgress = (progress: Progress) =>
      Effect.flatMap(Queue.size(events), (size) => size < waiting ? offer({ _tag: "Copied", progress }) : Effect.void)
        .pipe(Effect.zipRight(asked.options.onProgress?.(progress) ?? Effect.void))
    const running = yield* start(
      remote,
      { ...asked, options: { ...asked.options, onProgress } },
      (plan) => offer({ _tag: "Planned", plan })
    ).pipe(Effect.ensuring(offer(undefined)), Effect.forkScoped)
    const done = Effect.map(Fiber.join(running), (transferred): Event => ({ _tag: "Done", transferred }))
    return Stream.concat(
      Stream.filter(
        Stream.takeWhile(Stream.fromQueue(events), (event) => event !== undefined),
        Predicate.isNotUndefined
      ),
      Stream.fromEffect(done)
    )
  }))

/**
 * Copies a file or a directory to a host. A target that ends in `/`, or a file's target that is a directory, takes it under
 * its own name; a directory is otherwise merged into its target. Missing parents are made.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { FileTransfer, Runtime } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const sent = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   return yield* FileTransfer.send(runtime, "./data", "data", { exclude: ["*.tmp"] })
 * }).pipe(Effect.scoped) // { files: 12, bytes: 48213, skipped: [], unchanged: 0, resumed: 0 }
 */
export const send: (remote: Remote, local: string, path: string, options?: Options) => Transfer = sending(both)

/**
 * Copies a file to a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendFile: (remote: Remote, local: string, path: string, options?: Options) => Transfer = sending(["file"])

/**
 * Copies a directory to a host, empty directories too.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendDirectory: (remote: Remote, local: string, path: string, options?: Options) => Transfer = sending([
  "directory"
])

/**
 * Copies a file or a directory from a host, as `send` does the other way.
 *
 * @since 0.1.0
 * @category execution
 */
export const get: (remote: Remote, path: string, local: string, options?: Options) => Transfer = getting(both)

/**
 * Copies a file from a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const getFile: (remote: Remote, path: string, local: string, options?: Options) => Transfer = getting(["file"])

/**
 * Copies a directory from a host, empty directories too.
 *
 * @since 0.1.0
 * @category execution
 */
export const getDirectory: (remote: Remote, path: string, local: string, options?: Options) => Transfer = getting([
  "directory"
])

/**
 * As `send`, telling what happens; leaving the stream ends the transfer.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendStream = (
  remote: Remote,
  local: string,
  path: string,
  options: Options = {}
): Stream.Stream<Event, SshError | FileTransferError> =>
  streamed(remote, { step: "send", kinds: both, local, path, options, dry: false })

/**
 * As `get`, telling what happens; leaving the stream ends the transfer.
 *
 * @since 0.1.0
 * @category execution
 */
export const getStream = (
  remote: Remote,
  path: string,
  local: string,
  options: Options = {}
): Stream.Stream<Event, SshError | FileTransferError> =>
  streamed(remote, { step: "get", kinds: both, local, path, options, dry: false })

/**
 * Something of this machine that several hosts are to have: it is read and hashed once, as far as they keep pace, and none waits
 * for another.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prepared {
  readonly send: (remote: Remote, path: string) => Transfer
}

/**
 * Makes a file or a directory ready for several hosts. Memory is bounded: a host that is much slower than the others reads again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const prepare = (local: string, options: Options = {}): Effect.Effect<Prepared, FileTransferError> => {
  const asking = (path: string): Asked => ({ step: "send", kinds: both, local, path, options, dry: false })
  return Effect.map(originOf(asking(""), true), (origin) => ({
    send: (remote: Remote, path: string) => transfer(remote, asking(path), origin, nobody)
  }))
}

/**
 * What `send` would do, without doing it. `None` where the host lacks what is needed to tell.
 *
 * @since 0.1.0
 * @category execution
 */
export const planSend = (
  remote: Remote,
  local: string,
  path: string,
  options: Options = {}
): Effect.Effect<Option.Option<Plan>, SshError | FileTransferError> =>
  planned(remote, { step: "send", kinds: both, local, path, options, dry: true })

/**
 * What `get` would do, without doing it. `None` where the host lacks what is needed to tell.
 *
 * @since 0.1.0
 * @category execution
 */
export const planGet = (
  remote: Remote,
  path: string,
  local: string,
  options: Options = {}
): Effect.Effect<Option.Option<Plan>, SshError | FileTransferError> =>
  planned(remote, { step: "get", kinds: both, local, path, options, dry: true })
