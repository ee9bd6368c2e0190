/**
 * Commands of hosts in memory that work on files.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import type { SshError } from "../../services/SshError.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { type Call, type Command, command, each, fail } from "./memoryOptions.ts"
import { why } from "./memoryTreeError.ts"

const at = ({ host, self }: Call, path: string) => host.tree.resolve(path, self.cwd)

const isDirectory = (host: MemoryHost, path: string) =>
  Effect.map(host.tree.stat(path), Option.exists(({ type }) => type === "directory"))

const exists = (host: MemoryHost, path: string) => Effect.map(host.tree.stat(path), Option.isSome)

const done = (act: Effect.Effect<unknown, SshError>, call: Call, step: string) =>
  act.pipe(Effect.as(0), Effect.catchAll((error) => fail(call.self, `${step}: ${why(error)}`)))

const cat = command("u", (call) =>
  each(call.operands.length === 0 ? ["-"] : call.operands, (path) =>
    path === "-"
      ? Effect.as(Stream.runForEach(call.self.stdin, call.self.stdout), 0)
      : done(Effect.flatMap(call.host.tree.read(at(call, path)), call.self.stdout), call, path)))

const mkdir = command("pm:", (call) =>
  each(call.operands, (path) =>
    Effect.gen(function*() {
      const { tree } = call.host
      const full = at(call, path)
      const mode = call.values.has("m") ? Number.parseInt(call.values.get("m") ?? "", 8) : undefined
      const step = `cannot create directory '${path}'`
      if (!call.flags.has("p")) {
        if (yield* exists(call.host, full)) return yield* fail(call.self, `${step}: File exists`)
        if (!(yield* exists(call.host, posix.dirname(full)))) {
          return yield* fail(call.self, `${step}: No such file or directory`)
        }
      }
      return yield* done(tree.makeDirectory(full, mode), call, step)
    })))

const rm = command("rRf", (call) =>
  each(call.operands, (path) =>
    Effect.gen(function*() {
      const full = at(call, path)
      const step = `cannot remove '${path}'`
      if (!(yield* exists(call.host, full))) {
        return call.flags.has("f") ? 0 : yield* fail(call.self, `${step}: No such file or directory`)
      }
      const deep = call.flags.has("r") || call.flags.has("R")
      if (!deep && (yield* isDirectory(call.host, full))) return yield* fail(call.self, `${step}: Is a directory`)
      return yield* done(call.host.tree.remove(full), call, step)
    })))

const rmdir = command("", (call) =>
  each(call.operands, (path) => {
    const full = at(call, path)
    const step = `failed to remove '${path}'`
    return Effect.matchEffect(call.host.tree.list(full), {
      onFailure: (error) => fail(call.self, `${step}: ${why(error)}`),
      onSuccess: (names) =>
        names.length > 0
          ? fail(call.self, `${step}: Directory not empty`)
          : done(call.host.tree.remove(full), call, step)
    })
  }))

const copy = (host: MemoryHost, from: string, to: string): Effect.Effect<void, SshError> =>
  Effect.gen(function*() {
    const { tree } = host
    if (yield* isDirectory(host, from)) {
      yield* tree.makeDirectory(to)
      yield* Effect.forEach(yield* tree.list(from), (name) => copy(host, posix.join(from, name), posix.join(to, name)))
      return
    }
    const stat = yield* tree.stat(from)
    yield* tree.write(to, yield* tree.read(from), Option.getOrUndefined(Option.map(stat, ({ mode }) => mode)))
  })

/** Sources and the place of each: in a directory, or under the name that was given. */
const placed = (call: Call, act: (from: string, to: string, source: string) => Effect.Effect<number>) =>
  Effect.gen(function*() {
    const sources = call.operands.slice(0, -1)
    const target = call.operands[call.operands.length - 1]
    if (target === undefined || sources.length === 0) return yield* fail(call.self, "missing file operand")
    const into = yield* isDirectory(call.host, at(call, target))
    if (sources.length > 1 && !into) return yield* fail(call.self, `target '${target}': Not a directory`)
    return yield* each(sources, (source) =>
      Effect.gen(function*() {
        const from = at(call, source)
        if (!(yield* exists(call.host, from))) {
          return yield* fail(call.self, `cannot stat '${source}': No such file or directory`)
        }
        const to = at(call, target)
        return yield* act(from, into ? posix.join(to, posix.basename(from)) : to, source)
      }))
  })

const cp = command("rRapf", (call) =>
  placed(call, (from, to, source) =>
    Effect.gen(function*() {
      const deep = ["r", "R", "a"].some((flag) => call.flags.has(flag))
      if (!deep && (yield* isDirectory(call.host, from))) {
        return yield* fail(call.self, `-r not specified; omitting directory '${source}'`)
      }
      return yield* done(copy(call.host, from, to), call, `cannot copy '${source}'`)
    })))

const mv = command(
  "fT",
  (call) => placed(call, (from, to, source) => done(call.host.tree.rename(from, to), call, `cannot move '${source}'`))
)

const ls = command("aA1d", (call) =>
  Effect.gen(function*() {
    const asked = call.operands.length === 0 ? ["."] : call.operands
    return yield* each(asked, (path) =>
      Effect.gen(function*() {
        const full = at(call, path)
        if (!(yield* exists(call.host, full))) {
          return yield* fail(call.self, `cannot access '${path}': No such file or directory`, 2)
        }
        if (call.flags.has("d") || !(yield* isDirectory(call.host, full))) {
          return yield* Effect.as(call.self.stdout(`${path}\n`), 0)
        }
        const names = yield* Effect.orElseSucceed(call.host.tree.list(full), () => [])
        const shown = names.filter((name) => !name.startsWith(".") || call.flags.has("a") || call.flags.has("A"))
        const lines = call.flags.has("a") ? [".", "..", ...shown] : shown
        const head = asked.length > 1 ? `${path}:\n` : ""
        return yield* Effect.as(call.self.stdout(head + lines.map((name) => `${name}\n`).join("")), 0)
      }))
  }))

const touch = command(
  "",
  (call) =>
    each(
      call.operands,
      (path) => done(call.host.tree.append(at(call, path), new Uint8Array()), call, `cannot touch '${path}'`)
    )
)

/** `u+x` on a mode; what is no mode gives nothing. */
const changed = (mode: number, word: string): number | undefined => {
  if (/^[0-7]{1,4}$/.test(word)) return Number.parseInt(word, 8)
  const [, who = "", sign, bits = ""] = /^([ugoa]*)([-+])([rwx]+)$/.exec(word) ?? []
  if (sign === undefined) return undefined
  const asked = (bits.includes("r") ? 4 : 0) | (bits.includes("w") ? 2 : 0) | (bits.includes("x") ? 1 : 0)
  const all = who === "" || who.includes("a")
  const mask = ["u", "g", "o"].reduce(
    (sum, each, index) => all || who.includes(each) ? sum | (asked << (6 - 3 * index)) : sum,
    0
  )
  return sign === "+" ? mode | mask : mode & ~mask
}

const chmod = command("", (call) => {
  const [word = "", ...paths] = call.operands
  return each(paths, (path) =>
    Effect.flatMap(call.host.tree.stat(at(call, path)), (found) => {
      const mode = changed(Option.match(found, { onNone: () => 0, onSome: ({ mode }) => mode & 0o7777 }), word)
      return mode === undefined
        ? fail(call.self, `invalid mode: '${word}'`)
        : done(call.host.tree.chmod(at(call, path), mode), call, `cannot access '${path}'`)
    }))
})

const mktemp = command("d", (call) =>
  Effect.gen(function*() {
    const { host, self } = call
    const path = posix.join(self.env["TMPDIR"] ?? host.temporary, `tmp.${self.pid}`)
    yield* Effect.ignore(
      call.flags.has("d")
        ? host.tree.makeDirectory(path, 0o700)
        : host.tree.write(path, new Uint8Array(), 0o600)
    )
    return yield* Effect.as(self.stdout(`${path}\n`), 0)
  }))

const tee = command("a", (call) =>
  Effect.gen(function*() {
    const paths = call.operands.map((path) => at(call, path))
    const add = (bytes: Uint8Array) =>
      Effect.forEach(paths, (path) => Effect.ignore(call.host.tree.append(path, bytes)), { discard: true })
    const open = each(
      paths,
      (path) =>
        done(
          call.flags.has("a") ? Effect.void : call.host.tree.write(path, new Uint8Array()),
          call,
          posix.basename(path)
        )
    )
    const code = yield* open
    yield* Stream.runForEach(call.self.stdin, (bytes) => Effect.zipRight(add(bytes), call.self.stdout(bytes)))
    return code
  }))

/** @internal */
export const commands: Readonly<Record<string, Command>> = {
  cat,
  chmod,
  cp,
  ls,
  mkdir,
  mktemp,
  mv,
  rm,
  rmdir,
  tee,
  touch
}
