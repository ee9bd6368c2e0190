/**
 * The disk of a host in memory: directories and files with modes; no links.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { posix } from "node:path"
import type { FileStat } from "../../services/SshConnection.ts"
import { SshError } from "../../services/SshError.ts"
import { concat } from "./memoryPipe.ts"

type Node =
  | { readonly _tag: "Directory"; mode: number; modified: number }
  | { readonly _tag: "File"; mode: number; modified: number; bytes: Uint8Array }
  /** What `bind` makes; it stays when nobody listens any more. */
  | { readonly _tag: "Socket"; mode: number; modified: number }

/** @internal */
export interface Tree {
  readonly resolve: (path: string, from?: string) => string
  readonly stat: (path: string) => Effect.Effect<Option.Option<FileStat>>
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, SshError>
  readonly makeDirectory: (path: string, mode?: number) => Effect.Effect<void, SshError>
  readonly makeSocket: (path: string) => Effect.Effect<void, SshError>
  readonly read: (path: string) => Effect.Effect<Uint8Array, SshError>
  readonly write: (path: string, bytes: Uint8Array, mode?: number) => Effect.Effect<void, SshError>
  readonly append: (path: string, bytes: Uint8Array, mode?: number) => Effect.Effect<void, SshError>
  readonly chmod: (path: string, mode: number) => Effect.Effect<void, SshError>
  readonly rename: (from: string, to: string) => Effect.Effect<void, SshError>
  readonly removeFile: (path: string) => Effect.Effect<void, SshError>
  /** A directory with all that is in it, or a file; nothing there is fine. */
  readonly remove: (path: string) => Effect.Effect<void, SshError>
  /** Every path, sorted. */
  readonly paths: Effect.Effect<ReadonlyArray<string>>
}

const noSpace = "No space left on device"

/** @internal */
export const make = (host: string, home: string, isFull: () => boolean = () => false): Tree => {
  const nodes = new Map<string, Node>([["/", { _tag: "Directory", mode: 0o755, modified: 0 }]])
  const resolve = (path: string, from = home) => posix.resolve(from, path)
  const refuse = (step: string, path: string, detail: string) =>
    Effect.fail(new SshError({ reason: "Transfer", host, step: `sftp.${step}`, detail: `${path}: ${detail}` }))
  const inside = (path: string) => (other: string) =>
    other.startsWith(path === "/" ? "/" : `${path}/`) && other !== path
  const change = (step: string, asked: string, act: (path: string, now: number) => Effect.Effect<void, SshError>) =>
    Effect.flatMap(Clock.currentTimeMillis, (millis) => {
      const path = resolve(asked)
      const parent = nodes.get(posix.dirname(path))
      if (parent === undefined) return refuse(step, path, "No such file or directory")
      if (parent._tag !== "Directory") return refuse(step, path, "Not a directory")
      return act(path, Math.floor(millis / 1000))
    })
  const locked = (path: string) => ((nodes.get(posix.dirname(path))?.mode ?? 0) & 0o200) === 0
  const put = (step: string, asked: string, mode: number | undefined, next: (old: Uint8Array) => Uint8Array) =>
    change(step, asked, (path, modified) => {
      const node = nodes.get(path)
      if (node?._tag === "Directory") return refuse(step, path, "Is a directory")
      if (node?._tag === "Socket") return refuse(step, path, "No such device or address")
      if (node === undefined ? locked(path) : (node.mode & 0o200) === 0) return refuse(step, path, "Permission denied")
      const bytes = next(node?.bytes ?? new Uint8Array())
      // What needs no block more has its place.
      if (isFull() && bytes.length > (node?.bytes.length ?? 0)) return refuse(step, path, noSpace)
      nodes.set(path, { _tag: "File", mode: mode ?? node?.mode ?? 0o644, modified, bytes })
      return Effect.void
    })
  const makeDirectory: Tree["makeDirectory"] = (asked, mode = 0o755) =>
    Effect.suspend(() => {
      const path = resolve(asked)
      const node = nodes.get(path)
      if (node !== undefined) return node._tag === "Directory" ? Effect.void : refuse("mkdir", path, "File exists")
      return Effect.zipRight(
        makeDirectory(posix.dirname(path)),
        change("mkdir", path, (path, modified) => {
          if (locked(path)) return refuse("mkdir", path, "Permission denied")
          if (isFull()) return refuse("mkdir", path, noSpace)
          nodes.set(path, { _tag: "Directory", mode, modified })
          return Effect.void
        })
      )
    })
  return {
    resolve,
    stat: (asked) =>
      Effect.sync(() =>
        Option.map(Option.fromNullable(nodes.get(resolve(asked))), (node) => ({
          type: node._tag === "File" ? "file" : node._tag === "Directory" ? "directory" : "other",
          size: node._tag === "File" ? node.bytes.length : node._tag === "Directory" ? 4096 : 0,
          mode: node.mode,
          modified: node.modified
        }))
      ),
    list: (asked) =>
      Effect.suspend(() => {
        const path = resolve(asked)
        const node = nodes.get(path)
        if (node === undefined) return refuse("list", path, "No such file or directory")
        if (node._tag !== "Directory") return refuse("list", path, "Not a directory")
        return Effect.succeed(
          [...nodes.keys()].filter((other) => other !== path && posix.dirname(other) === path)
            .map((other) => posix.basename(other)).sort()
        )
      }),
    makeDirectory,
    makeSocket: (asked) =>
      change("bind", asked, (path, modified) => {
        if (nodes.has(path)) return refuse("bind", path, "Address already in use")
        if (locked(path)) return refuse("bind", path, "Permission denied")
        nodes.set(path, { _tag: "Socket", mode: 0o600, modified })
        return Effect.void
      }),
    read: (asked) =>
      Effect.suspend(() => {
        const path = resolve(asked)
        const node = nodes.get(path)
        if (node === undefined) return refuse("read", path, "No such file or directory")
        if (node._tag === "Directory") return refuse("read", path, "Is a directory")
        if (node._tag === "Socket") return refuse("read", path, "No such device or address")
        return (node.mode & 0o400) === 0 ? refuse("read", path, "Permission denied") : Effect.succeed(node.bytes)
      }),
    write: (path, bytes, mode) => put("write", path, mode, () => bytes),
    append: (path, bytes, mode) => put("write", path, mode, (old) => concat([old, bytes])),
    chmod: (asked, mode) =>
      Effect.suspend(() => {
        const node = nodes.get(resolve(asked))
        if (node === undefined) return refuse("chmod", resolve(asked), "No such file or directory")
        node.mode = mode
        return Effect.void
      }),
    rename: (asked, target) =>
      change("rename", target, (to) => {
        const from = resolve(asked)
        const node = nodes.get(from)
        if (node === undefined) return refuse("rename", from, "No such file or directory")
        if (locked(from) || locked(to)) return refuse("rename", from, "Permission denied")
        if (nodes.get(to)?._tag === "Directory") return refuse("rename", to, "Is a directory")
        for (const path of [from, ...[...nodes.keys()].filter(inside(from))]) {
          const moved = nodes.get(path)
          nodes.delete(path)
          if (moved !== undefined) nodes.set(`${to}${path.slice(from.length)}`, moved)
        }
        return Effect.void
      }),
    removeFile: (asked) =>
      Effect.suspend(() => {
        const path = resolve(asked)
        const node = nodes.get(path)
        if (node === undefined) return Effect.void
        if (node._tag === "Directory") return refuse("remove", path, "Is a directory")
        if (locked(path)) return refuse("remove", path, "Permission denied")
        nodes.delete(path)
        return Effect.void
      }),
    remove: (asked) =>
      Effect.suspend(() => {
        const path = resolve(asked)
        if (!nodes.has(path)) return Effect.void
        if (locked(path)) return refuse("remove", path, "Permission denied")
        for (const other of [path, ...[...nodes.keys()].filter(inside(path))]) nodes.delete(other)
        return Effect.void
      }),
    paths: Effect.sync(() => [...nodes.keys()].sort())
  }
}
