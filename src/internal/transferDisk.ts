/**
 * Where what comes from a host is put together on this machine, before it gets its final names.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import * as process from "node:process"
import type { FileTransferError } from "../services/FileTransferError.ts"
import type { Entry, Plan } from "../services/FileTransferPlan.ts"
import * as blockWriter from "./blockWriter.ts"
import * as transferFile from "./transferFile.ts"
import * as transferName from "./transferName.ts"
import { piece } from "./transferSource.ts"
import type { Take } from "./transferTokens.ts"
import { below, keep } from "./transferTree.ts"

/** @internal */
export interface Stage {
  readonly write: (entry: Entry, content: Uint8Array) => Effect.Effect<void, FileTransferError>
  /** A file has the content of one that was written before. */
  readonly copy: (entry: Entry, as: string) => Effect.Effect<void, FileTransferError>
  /** Bytes of a file that a transfer before this one has left, in whole pieces. */
  readonly partial: (key: string) => number
  /** The hash of the first bytes of it. */
  readonly prefix: (key: string, size: number) => Effect.Effect<string, FileTransferError>
  /** What follows so many bytes of a file, as `fill` brings it: gives what that gave, and the hash of the whole. */
  readonly append: <A, E, E1>(
    key: string,
    options: {
      readonly from: number
      readonly size: number
      /** Hears how many bytes more there are. */
      readonly told: (more: number) => Effect.Effect<void, E1>
    },
    fill: (take: Take<E1 | FileTransferError>) => Effect.Effect<A, E>
  ) => Effect.Effect<readonly [A, string], E | E1 | FileTransferError>
  /** A partial file that is whole gets its name here. */
  readonly place: (key: string, entry: Entry) => Effect.Effect<void, FileTransferError>
  readonly publish: (plan: Plan) => Effect.Effect<void, FileTransferError>
  readonly end: Effect.Effect<void, FileTransferError>
}

/** When a process started, so that its number is not taken for another's; empty where there is no /proc. */
const startOf = (pid: number): string => {
  const path = `/proc/${pid}/stat`
  return fs.existsSync(path) ? fs.readFileSync(path, "utf8").replace(/^.*\) /s, "").split(" ")[19] ?? "" : ""
}

/** Whether the process still runs that an `owner` file names. */
const alive = (owner: string): Effect.Effect<boolean> => {
  const [pid = "", start = ""] = owner.trim().split(" ")
  return Number(pid) > 0
    ? Effect.try(() => process.kill(Number(pid), 0)).pipe(
      Effect.map(() => start === startOf(Number(pid))),
      Effect.orElseSucceed(() => false)
    )
    : Effect.succeed(false)
}

/**
 * Gives a file or a directory the mode and the time that it has at the source.
 *
 * @internal
 */
export const setTimes = (at: Buffer, entry: Entry): void => {
  const seconds = Number(entry.time)
  fs.utimesSync(at, seconds, seconds)
  fs.chmodSync(at, entry.mode & 0o777)
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/**
 * A stage below `base`, which is made if missing; takes over what transfers to the same target have left. What is in it when the
 * scope closes without `end` is left for the next one.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  base: string,
  target: string,
  fail: (path: string) => (cause: unknown) => FileTransferError
): Effect.fn.Return<Stage, FileTransferError, Scope.Scope> {
  const attempt = <A>(path: string, work: () => A): Effect.Effect<A, FileTransferError> =>
    Effect.try({ try: work, catch: fail(path) })
  const stages = below(base, keep)
  const name = `${target}.${process.pid}.${randomUUID().slice(0, 8)}`
  const mine = `${base}/${keep}/${name}`
  const at = (path: string): Buffer => below(mine, path)
  const own = (owner: string): void => fs.writeFileSync(at("owner"), owner)

  const takeOver = (other: string): void => {
    fs.renameSync(below(base, `${keep}/${other}`), at("taken"))
    const left = fs.existsSync(at("taken/big")) ? fs.readdirSync(at("taken/big")) : []
    for (const each of left) {
      if (!fs.existsSync(at(`big/${each}`))) fs.renameSync(at(`taken/big/${each}`), at(`big/${each}`))
    }
    fs.rmSync(at("taken"), { recursive: true, force: true })
  }
  yield* Effect.acquireRelease(
    attempt(mine, () => {
      fs.mkdirSync(below(base, ""), { recursive: true })
      fs.mkdirSync(stages, { recursive: true, mode: 0o700 })
      fs.mkdirSync(at("big"), { recursive: true, mode: 0o700 })
      fs.mkdirSync(at("tree"), { recursive: true, mode: 0o700 })
      own(`${process.pid} ${startOf(process.pid)}`)
    }),
    (_, exit) =>
      Effect.ignore(attempt(mine, () => {
        if (fs.existsSync(at(""))) {
          if (Exit.isFailure(exit) && fs.readdirSync(at("big")).length > 0) return own("0")
          fs.rmSync(at(""), { recursive: true, force: true })
        }
        if (fs.readdirSync(stages).length === 0) fs.rmdirSync(stages)
      }))
  )
  yield* Effect.forEach(
    yield* attempt(
      mine,
      () => fs.readdirSync(stages).filter((other) => other.startsWith(`${target}.`) && other !== name)
    ),
    (other) => {
      const owner = below(base, `${keep}/${other}/owner`)
      return Effect.flatMap(
        attempt(other, () => fs.existsSync(owner) ? fs.readFileSync(owner, "utf8") : "").pipe(Effect.flatMap(alive)),
        // Another may have taken it meanwhile.
        (alive) => alive ? Effect.void : Effect.ignore(attempt(other, () => takeOver(other)))
      )
    },
    { discard: true }
  )

  const made = new Set<string>([""])
  const inTree = (path: string): Buffer => {
    const parent = parentOf(path)
    if (!made.has(parent)) {
      fs.mkdirSync(at(`tree/${parent}`), { recursive: true, mode: 0o700 })
      made.add(parent)
    }
    return at(`tree/${path}`)
  }
  const append: Stage["append"] = (key, { from, size, told }, fill) =>
    Effect.scoped(Effect.gen(function*() {
      const file = yield* transferFile.open({ path: at(`big/${key}`), way: "write", from, size }, fail(key))
      let come = from
      const writer = blockWriter.make(file, from, (size) => {
        const more = size - come
        come = size
        return told(more)
      })
      const result = yield* fill(writer.take)
      return [result, yield* writer.flush] as const
    }))

  return {
    write: (entry, content) =>
      attempt(entry.path, () => {
        const path = inTree(entry.path)
        fs.writeFileSync(path, content, { mode: 0o600 })
        setTimes(path, entry)
      }),
    copy: (entry, as) =>
      attempt(entry.path, () => {
        const path = inTree(entry.path)
        fs.copyFileSync(at(`tree/${as}`), path)
        setTimes(path, entry)
      }),
    partial: (key) => {
      const size = fs.statSync(at(`big/${key}`), { throwIfNoEntry: false })?.size ?? 0
      return size - size % piece
    },
    prefix: (key, size) => transferFile.hash(at(`big/${key}`), size, fail(key)),
    append,
    place: (key, entry) =>
      attempt(entry.path, () => {
        const path = inTree(entry.path)
        fs.renameSync(at(`big/${key}`), path)
        setTimes(path, entry)
      }),
    publish: (plan) =>
      Effect.gen(function*() {
        yield* Effect.forEach(plan.make, ({ path }) => attempt(path, () => fs.mkdirSync(below(base, path))), {
          discard: true
        })
        yield* Effect.forEach(
          plan.send,
          ({ path }) => attempt(path, () => fs.renameSync(at(`tree/${path}`), below(base, path))),
          { discard: true }
        )
        yield* Effect.forEach(plan.link, (entry) =>
          attempt(entry.path, () => {
            const path = inTree(entry.path)
            fs.symlinkSync(transferName.encode(entry.link ?? ""), path)
            fs.lutimesSync(path, Number(entry.time), Number(entry.time))
            fs.renameSync(path, below(base, entry.path))
          }), { discard: true })
        // The deepest first: into a directory that is closed nothing can be put.
        yield* Effect.forEach(
          [...plan.settle, ...plan.make.toReversed()],
          (entry) => attempt(entry.path, () => setTimes(below(base, entry.path), entry)),
          { discard: true }
        )
      }),
    end: attempt(mine, () => fs.rmSync(at(""), { recursive: true, force: true }))
  }
})
