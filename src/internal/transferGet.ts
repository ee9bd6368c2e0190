/**
 * A transfer from a host with the program `transfer`. What the host says is decoded with suspicion: nothing that it names is
 * written outside the target.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { resolve } from "node:path"
import { FileTransferError } from "../services/FileTransferError.ts"
import * as Plan from "../services/FileTransferPlan.ts"
import { manager } from "../services/Host.ts"
import type { SshError } from "../services/SshError.ts"
import * as transferDisk from "./transferDisk.ts"
import type * as transferHost from "./transferHost.ts"
import * as transferIgnore from "./transferIgnore.ts"
import * as transferName from "./transferName.ts"
import { keyOf, type Listener, sameContent, targetKey } from "./transferSend.ts"
import type * as transferSession from "./transferSession.ts"
import * as transferSource from "./transferSource.ts"
import * as transferTar from "./transferTar.ts"
import * as transferTree from "./transferTree.ts"

type Failure = SshError | FileTransferError

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/**
 * A path that would lead out of the target, if there is one: each must be below a directory that is named before it.
 *
 * @internal
 */
export const outside = (entries: ReadonlyArray<Plan.Entry>): string | undefined => {
  const directories = new Set([""])
  const seen = new Set<string>()
  return entries.find(({ kind, path }) => {
    if (kind === "directory") directories.add(path)
    const bad = seen.has(path) || path.split("/").some((name) => name === "" || name === "." || name === "..") ||
      path.includes("\0") || !directories.has(parentOf(path))
    seen.add(path)
    return bad
  })?.path
}

const isBig = (entry: Plan.Entry): boolean => entry.size >= transferSource.big

const localFailure = (path: string) => (cause: unknown): FileTransferError =>
  new FileTransferError({
    reason: "Local",
    host: manager.alias,
    step: "get",
    path: transferName.show(path),
    detail: cause instanceof Error ? cause.message : String(cause),
    cause
  })

/** The contents of small files, as they come. */
const unpacked = (
  client: transferHost.Client,
  base: string,
  files: ReadonlyArray<Plan.Entry>,
  follow: boolean
): Stream.Stream<transferTar.Unpacked, Failure> => {
  if (files.length === 0) return Stream.empty
  const read = transferTar.reader(transferSource.big)
  return Stream.mapConcatEffect(client.pack(base, files.map(({ path }) => path), follow), (chunk) => {
    const found = read(chunk)
    return "problem" in found ? client.fail("Unsafe", base, found.problem) : Effect.succeed(found)
  })
}

/** Here is what there is of the entries of the source. A link is not followed: what is behind it is not the target's. */
const whatIsHere = (base: string, entries: ReadonlyArray<Plan.Entry>) =>
  Effect.map(
    Effect.forEach(entries, (entry) =>
      Effect.map(
        transferTree.look(`${base}/${entry.path}`, false, localFailure(entry.path)),
        (found): ReadonlyArray<Plan.Entry> => found === undefined ? [] : [{ ...found, path: entry.path }]
      )),
    (found): Plan.Manifest => ({ root: "directory", entries: found.flat() })
  )

/** The rules of the tree there, of its `.gitignore` files. */
const readRules = (
  client: transferHost.Client,
  looked: transferSession.Looked,
  rules: transferIgnore.Rules
): Effect.Effect<void, Failure> =>
  Stream.runForEach(
    unpacked(
      client,
      looked.path,
      looked.manifest.entries.filter(({ kind, path, size }) =>
        kind === "file" && path.split("/").at(-1) === ".gitignore" && size < transferSource.big
      ),
      false
    ),
    (file) =>
      Effect.sync(() => {
        if (file._tag === "File") rules.add(parentOf(file.path), file.content.toString("utf8"))
      })
  )

/**
 * Gets what is missing. Gives what was done, or what the host lacks for it.
 *
 * @internal
 */
export const get = Effect.fn("Transfer.get")(function*(options: {
  readonly client: transferHost.Client
  readonly path: string
  readonly kinds: ReadonlyArray<"file" | "directory">
  /** Absolute, with the slash at the end that it was given with. */
  readonly target: string
  readonly exclude: ReadonlyArray<string>
  readonly gitignore: boolean
  readonly follow: boolean
  readonly compare: Plan.Compare
  readonly dry: boolean
  readonly listener: Listener
}) {
  const { client, listener } = options
  const life = yield* Effect.flatMap(Effect.scope, (scope) => Scope.fork(scope, ExecutionStrategy.sequential))
  const looked = yield* Scope.extend(client.look(options.path, options.follow), life)
  if ("lacks" in looked) return looked
  const { manifest, rootEntry } = looked
  const kind = options.kinds.find((kind) => kind === manifest.root)
  if (manifest.root === undefined) {
    return yield* client.fail("Missing", options.path, "there is nothing at that path", "links must point at something")
  }
  if (kind === undefined) {
    const what = manifest.root === "other" ? "a pipe, a socket or a device" : `a ${manifest.root}`
    return yield* client.fail("NotAFile", options.path, `it is ${what}`)
  }
  const bad = outside(manifest.entries)
  if (bad !== undefined) {
    return yield* client.fail(
      "Unsafe",
      transferName.show(bad),
      "the host named a path that leads out of the target",
      "do not trust that host"
    )
  }
  const name = looked.path.split("/").at(-1) ?? ""
  const here = yield* transferTree.look(options.target, true, localFailure(options.target))
  const into = options.target.endsWith("/") || (kind === "file" && here?.kind === "directory")
  const root = into ? resolve(options.target, name) : options.target
  const base = kind === "file" ? resolve(root, "..") : root
  const origin = kind === "file" ? parentOf(looked.path) === "" ? "/" : parentOf(looked.path) : looked.path
  const own = root.slice(root.lastIndexOf("/") + 1)
  // A single file may get another name here.
  const there = (entry: Plan.Entry): Plan.Entry => kind === "file" ? { ...entry, path: name } : entry

  const rules = transferIgnore.make(options.exclude)
  if (options.gitignore && kind === "directory") yield* readRules(client, looked, rules)
  const listed = manifest.entries.map((entry): Plan.Entry =>
    options.follow && entry.kind === "link" ? { ...entry, kind: "other" } : entry
  )
  const source: Plan.Manifest = kind === "file" && rootEntry !== undefined
    ? { root: "file", entries: [{ ...rootEntry, path: own }] }
    : { root: "directory", entries: transferIgnore.filter(rules, listed) }
  const target = yield* whatIsHere(base, source.entries)
  if (kind === "directory" && here !== undefined && here.kind !== "directory" && !into) {
    return yield* client.fail("InTheWay", root, "a directory cannot be put where a file is")
  }
  const list = Plan.candidates(source, target, options.compare)
  const local = transferSource.make((path) => `${base}/${path}`, false)
  const found = new Map(target.entries.map((entry) => [entry.path, entry]))
  const same = yield* sameContent(
    list,
    (entry) => local.hash(found.get(entry.path) ?? entry),
    renamed(client.hashes(origin, list.map(there)), there, list)
  )
  const plan = Plan.make({ source, target, compare: options.compare, same })
  yield* listener.planned(plan)
  const [blocked] = plan.inTheWay
  if (options.dry) return plan
  if (blocked !== undefined) {
    return yield* client.fail(
      "InTheWay",
      transferName.show(blocked.path),
      `a ${blocked.found} is where a ${blocked.wanted} must be`,
      "move it away; a transfer removes nothing and follows no link"
    )
  }

  const stage = yield* transferDisk.make(base, targetKey(options.path), localFailure)
  const corrupt = (entry: Plan.Entry) =>
    Effect.zipRight(
      Effect.ignore(stage.end),
      client.fail(
        "Corrupt",
        transferName.show(entry.path),
        "what arrived does not have the hash that the host tells",
        "get it again when nothing writes to it there"
      )
    )
  const changed = (entry: Plan.Entry) =>
    client.fail("Changed", transferName.show(entry.path), "it changed while it was read", "get it again")

  // Its place is free for the next process.
  if (!plan.send.some(isBig)) yield* Scope.close(life, Exit.void)
  const files = plan.send.filter((entry) => !isBig(entry))
  const wanted = new Map(files.map((entry) => [there(entry).path, entry]))
  const hashing = yield* Effect.fork(client.hashes(origin, files.map(there)))
  const arrived = new Map<string, string>()
  yield* Stream.runForEach(
    unpacked(client, origin, files.map(there), options.follow || kind === "file"),
    (file) =>
      Effect.gen(function*() {
        const entry = wanted.get(file.path)
        if (entry === undefined) {
          return yield* client.fail("Unsafe", transferName.show(file.path), "nobody asked for it")
        }
        if (file._tag === "Same") {
          const as = wanted.get(file.as)
          const hash = arrived.get(file.as)
          if (as === undefined || hash === undefined) {
            return yield* changed(entry)
          }
          arrived.set(file.path, hash)
          yield* stage.copy(entry, as.path)
        } else {
          if (file.content.length !== entry.size) return yield* changed(entry)
          arrived.set(file.path, createHash("sha256").update(file.content).digest("hex"))
          yield* stage.write(entry, file.content)
        }
        yield* listener.sent(1, entry.size)
      })
  )
  const hashes = yield* Fiber.join(hashing)
  for (const [path, entry] of wanted) {
    if (!arrived.has(path)) return yield* changed(entry)
    if (arrived.get(path) !== hashes.get(path)) return yield* corrupt(entry)
  }

  yield* Effect.forEach(plan.send.filter(isBig), (entry) =>
    Effect.gen(function*() {
      const key = keyOf(entry)
      const path = origin.endsWith("/") ? `${origin}${there(entry).path}` : `${origin}/${there(entry).path}`
      const partial = Math.min(stage.partial(key), entry.size)
      const usable = partial > 0 && (yield* client.hashOf(path, partial)) === (yield* stage.prefix(key, partial))
      const from = usable ? partial : 0
      yield* listener.resumed(0, from)
      const [hash, own] = yield* stage.append(
        key,
        { from, size: entry.size, told: (more) => listener.sent(0, more) },
        (take) => looked.read(path, from, entry.size - from, take)
      )
      if (hash === undefined) return yield* changed(entry)
      if (hash !== own) return yield* corrupt(entry)
      yield* stage.place(key, entry)
      yield* listener.sent(1, 0)
    }), { discard: true })
  yield* stage.publish(plan)
  if (kind === "directory" && here === undefined && rootEntry !== undefined) {
    yield* stage.end
    yield* Effect.try({
      try: () => transferDisk.setTimes(transferName.encode(root), rootEntry),
      catch: localFailure(root)
    })
  }
  return plan
}, Effect.scoped)

/** Hashes under the names that entries have here. */
const renamed = <E>(
  hashes: Effect.Effect<ReadonlyMap<string, string>, E>,
  there: (entry: Plan.Entry) => Plan.Entry,
  list: ReadonlyArray<Plan.Entry>
): Effect.Effect<ReadonlyMap<string, string>, E> =>
  Effect.map(hashes, (found) => new Map(list.map((entry) => [entry.path, found.get(there(entry).path) ?? ""])))
