/**
 * A transfer from what was asked for to what was done: over the program of the host, over SFTP where the host lacks something,
 * and over the next connection where one is lost.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type { Options, Remote, Transferred } from "../services/FileTransfer.ts"
import { FileTransferError } from "../services/FileTransferError.ts"
import type { Entry, Manifest, Plan } from "../services/FileTransferPlan.ts"
import { manager } from "../services/Host.ts"
import * as Metrics from "../services/Metrics.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import * as fileTree from "./fileTree.ts"
import * as transferFiles from "./transferFiles.ts"
import * as transferGet from "./transferGet.ts"
import * as transferHost from "./transferHost.ts"
import * as transferIgnore from "./transferIgnore.ts"
import * as transferOnce from "./transferOnce.ts"
import * as transferPaths from "./transferPaths.ts"
import * as transferSend from "./transferSend.ts"
import * as transferSource from "./transferSource.ts"
import * as transferTree from "./transferTree.ts"

/** @internal */
export type Failure = SshError | FileTransferError

/** @internal */
export type Kind = "file" | "directory"

/** @internal */
export interface Asked {
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

/**
 * What is known of the source before any host is asked; shared by all hosts that are to have it.
 *
 * @internal
 */
export interface Origin {
  readonly root: Entry
  readonly kind: Kind
  readonly source: transferSource.Source
  readonly manifest: Effect.Effect<Manifest, Failure>
}

/** @internal */
export const originOf = Effect.fnUntraced(function*(asked: Asked, shared: boolean) {
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

/**
 * Goes on over the next connection when one is lost, as long as there is another.
 *
 * @internal
 */
export const transfer = Effect.fnUntraced(
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

/** @internal */
export const nobody = () => Effect.void

/** @internal */
export const start = (
  remote: Remote,
  asked: Asked,
  planned: (plan: Plan) => Effect.Effect<void> = nobody
): Effect.Effect<Transferred, Failure> =>
  asked.step === "get"
    ? transfer(remote, asked, undefined, planned)
    : Effect.flatMap(originOf(asked, false), (origin) => transfer(remote, asked, origin, planned))

/** @internal */
export const planned = Effect.fnUntraced(function*(remote: Remote, asked: Asked) {
  const count = yield* counter(asked.options, nobody)
  if (remote.connection === undefined) return Option.none<Plan>()
  const origin = asked.step === "send" ? yield* originOf(asked, false) : undefined
  const done = yield* overConnection(remote, yield* remote.connection, asked, origin, count)
  return "lacks" in done ? Option.none<Plan>() : Option.some<Plan>(done)
})
