/**
 * A transfer to a host with the program `transfer`: a plan of both sides, what is missing staged there, verified, published.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { FileTransferError } from "../services/FileTransferError.ts"
import * as Plan from "../services/FileTransferPlan.ts"
import type { SshError } from "../services/SshError.ts"
import type * as transferHost from "./transferHost.ts"
import * as transferName from "./transferName.ts"
import * as transferSource from "./transferSource.ts"

type Failure = SshError | FileTransferError

/** What a transfer tells while it goes on. */
export interface Listener {
  readonly planned: (plan: Plan.Plan) => Effect.Effect<void>
  readonly sent: (files: number, bytes: number) => Effect.Effect<void>
  /** What a transfer before this one has left there. */
  readonly resumed: (files: number, bytes: number) => Effect.Effect<void>
}

/** A name for what is staged that only the same state of the same file has. */
export const keyOf = (entry: Plan.Entry): string =>
  createHash("sha256").update(`${entry.path}\0${entry.size}\0${entry.time}`).digest("hex").slice(0, 32)

/** A name for transfers to one target. */
export const targetKey = (path: string): string => createHash("sha256").update(path).digest("hex").slice(0, 12)

const isBig = (entry: Plan.Entry): boolean => entry.size >= transferSource.big

/** Paths of candidates whose contents are the same on both sides. */
export const sameContent = <E, E1>(
  list: ReadonlyArray<Plan.Entry>,
  here: (entry: Plan.Entry) => Effect.Effect<string, E>,
  there: Effect.Effect<ReadonlyMap<string, string>, E1>
): Effect.Effect<ReadonlySet<string>, E | E1> =>
  list.length === 0 ? Effect.succeed(new Set<string>()) : Effect.gen(function*() {
    const [own, others] = yield* Effect.all([Effect.forEach(list, here), there], { concurrency: 2 })
    return new Set(list.flatMap(({ path }, index) => own[index] === others.get(path) ? [path] : []))
  })

/** Directories come twice: some `tar` set the time of one at once, and what is put into it then changes that. */
const inOrder = (plan: Plan.Plan, files: ReadonlyArray<Plan.Entry>): ReadonlyArray<Plan.Entry> => [
  ...plan.make,
  ...files,
  ...plan.link,
  ...plan.make.toReversed()
]

/** What the plan leaves to be set when everything has its name. */
const settled = (plan: Plan.Plan): ReadonlyArray<Plan.Entry> => {
  const parents = new Set(plan.send.filter(isBig).map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/")))))
  return [
    ...plan.settle,
    ...plan.send.filter(({ mode }) => (mode & 0o600) !== 0o600),
    // The deepest first: what is in a directory cannot be reached once it is closed.
    ...plan.make.filter(({ mode, path }) => (mode & 0o700) !== 0o700 || parents.has(path)).toReversed()
  ]
}

/**
 * Sends what is missing. Gives what was done, or what the host lacks for it.
 *
 * @internal
 */
export const send = Effect.fn("Transfer.send")(function*(options: {
  readonly client: transferHost.Client
  readonly source: transferSource.Source
  readonly manifest: Effect.Effect<Plan.Manifest, Failure>
  readonly root: Plan.Entry
  readonly kind: "file" | "directory"
  readonly name: string
  readonly target: string
  readonly compare: Plan.Compare
  readonly dry: boolean
  readonly listener: Listener
}) {
  const { client, listener, source } = options
  const opening = client.open(options.target, options.name, options.kind, targetKey(options.target))
  const { root } = options
  const [session, manifest] = yield* Effect.all([opening, options.manifest], { concurrency: 2 })
  if ("lacks" in session) return session
  // A single file is an entry below its parent, under the name that it has there; its source is the root itself.
  const single = options.kind === "file"
  const name = session.path.slice(session.path.lastIndexOf("/") + 1)
  const there: Plan.Manifest = single && session.rootEntry !== undefined
    ? { root: session.rootEntry.kind, entries: [{ ...session.rootEntry, path: name }] }
    : session.manifest
  if (!single && session.manifest.root !== undefined && session.manifest.root !== "directory") {
    return yield* client.fail("InTheWay", session.path, "a directory cannot be put where a file is")
  }
  const named: Plan.Manifest = single ? { root: "file", entries: [{ ...root, path: name }] } : manifest
  const base = single ? session.path.slice(0, session.path.lastIndexOf("/") + 1) : session.path
  const list = Plan.candidates(named, there, options.compare)
  const same = yield* sameContent(list, source.hash, client.hashes(base, list))
  const plan = Plan.make({ source: named, target: there, compare: options.compare, same })
  yield* listener.planned(plan)
  const [blocked] = plan.inTheWay
  if (blocked !== undefined && !options.dry) {
    return yield* client.fail(
      "InTheWay",
      transferName.show(blocked.path),
      `a ${blocked.found} is where a ${blocked.wanted} must be`,
      "move it away; a transfer removes nothing"
    )
  }
  const rootIsNew = !single && session.manifest.root === undefined
  if (options.dry) return plan
  const news = [...plan.make, ...plan.send, ...plan.link]
  if (news.length === 0 && plan.settle.length === 0 && !rootIsNew) return plan

  if (news.length > 0 || rootIsNew) {
    const stage = yield* session.stage
    const staged = new Map(stage.tree.map((entry) => [entry.path, entry]))
    const isStaged = (entry: Plan.Entry): boolean => {
      const found = staged.get(entry.path)
      return found?.kind === "file" && found.size === entry.size && found.time === entry.time
    }
    const files = plan.send.filter((entry) => !isBig(entry))
    const missing = files.filter((entry) => !isStaged(entry))
    const kept = files.filter(isStaged)
    yield* Effect.forEach(kept, (entry) => listener.resumed(1, entry.size), { discard: true })
    const corrupt = (entry: Plan.Entry) =>
      session.end.pipe(
        Effect.ignore,
        Effect.zipRight(client.fail(
          "Corrupt",
          transferName.show(entry.path),
          "what arrived does not have the hash of what was sent",
          "send it again; if it happens again, look at the disk and the memory of the host"
        ))
      )
    if (missing.length + plan.make.length + plan.link.length > 0 || kept.length > 0) {
      const archive = source.archive(inOrder(plan, missing)).pipe(
        // Told when it has been written: that is when the next one is asked for.
        Stream.tap(({ bytes, files }) => listener.sent(files, bytes)),
        Stream.map(({ chunk }) => chunk)
      )
      const hashes = yield* client.unpack(stage.at, archive)
      for (const entry of files) {
        const hash = hashes.get(entry.path) ?? (yield* client.hashOne(`${stage.at}/tree`, entry.path))
        if (hash !== (yield* source.hash(entry))) return yield* corrupt(entry)
      }
    }

    const partials = new Map(stage.big.map((entry) => [entry.path, entry.size]))
    yield* Effect.forEach(plan.send.filter(isBig), (entry) =>
      Effect.gen(function*() {
        const key = keyOf(entry)
        const whole = Math.floor(Math.min(partials.get(key) ?? 0, entry.size) / transferSource.piece)
        const usable = whole > 0 &&
          (yield* session.prefix(key, whole * transferSource.piece)) === (yield* source.prefix(entry, whole))
        const from = usable ? whole : 0
        yield* listener.resumed(0, from * transferSource.piece)
        const content = yield* source.content(entry, from)
        const offset = Math.min(from * transferSource.piece, entry.size)
        const told = Stream.tap(content.chunks, (chunk) => listener.sent(0, chunk.length))
        const [hash, own] = yield* Effect.all([
          session.append(key, offset, entry.size - offset, told),
          content.hash
        ], { concurrency: 2 })
        if (hash !== own) return yield* corrupt(entry)
        yield* session.place(key, entry)
        yield* listener.sent(1, 0)
      }).pipe(Effect.scoped), { discard: true })
    if (rootIsNew) yield* session.rootMode(root.mode)
    yield* session.publish
    yield* Effect.forEach(settled(plan), session.set, { discard: true })
    if (rootIsNew) yield* session.set({ path: "", mode: root.mode, time: root.time })
    yield* session.end
  } else {
    yield* Effect.forEach(settled(plan), session.set, { discard: true })
  }
  return plan
}, Effect.scoped)
