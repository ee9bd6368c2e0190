/**
 * Commands of @effect/platform on a host in memory: models of programs/spawn.sh and programs/signal.sh.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { posix } from "node:path"
import { splitWords } from "../../internal/words.ts"
import * as memoryExec from "./memoryExec.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryPipe from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"

type MemoryProcess = memoryProcess.MemoryProcess

interface Part {
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

const partOf = (line: string, inherited: Readonly<Record<string, string>>): Part => {
  const [cwd = "", keep, count, ...rest] = splitWords(line)
  const variables = Object.fromEntries(rest.slice(0, Number(count)).map(memoryExec.assignment))
  return { argv: rest.slice(Number(count)), env: { ...(keep === "all" ? inherited : {}), ...variables }, cwd }
}

/** What keeps a path that is not there from being there. */
const lack = (host: MemoryHost, path: string): Effect.Effect<"missing" | "file"> =>
  path === "/" || path === "."
    ? Effect.succeed("missing")
    : Effect.flatMap(
      host.tree.stat(posix.dirname(path)),
      Option.match({
        onNone: () => lack(host, posix.dirname(path)),
        onSome: ({ type }) => Effect.succeed(type === "directory" ? "missing" : "file")
      })
    )

/** Why a part cannot be started, as `spawn` says it. */
const refusal = Effect.fnUntraced(function*(host: MemoryHost, { argv, cwd }: Part) {
  const directory = yield* host.tree.stat(cwd)
  if (Option.isNone(directory)) return `access ${yield* lack(host, cwd)}`
  if (directory.value.type !== "directory") return "spawn file"
  const [name = ""] = argv
  if (memoryExec.knows(host, argv)) return undefined
  if (!name.includes("/")) return "spawn missing"
  const path = host.tree.resolve(name, cwd)
  const found = yield* host.tree.stat(path)
  if (Option.isNone(found)) return `spawn ${yield* lack(host, path)}`
  if (found.value.type !== "file" || (found.value.mode & 0o111) === 0) return "spawn denied"
  const text = new TextDecoder().decode(yield* Effect.orElseSucceed(host.tree.read(path), () => new Uint8Array(0)))
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(text) ?? []
  return interpreter === undefined || memoryExec.knows(host, [interpreter]) ? undefined : "spawn missing"
})

/**
 * Starts the parts, with pipes between them; the last one is the process itself.
 *
 * @internal
 */
export const spawn = Effect.fnUntraced(function*(
  host: MemoryHost,
  process: MemoryProcess,
  [sessions = "", ...lines]: ReadonlyArray<string>
) {
  const say = (line: string) => process.io.stdout(memoryPipe.bytesOf(`${line}\n`))
  const place = `${process.pid} ${process.start}`
  const recorded = yield* Effect.either(host.tree.append(sessions, memoryPipe.bytesOf(`${place}\n`), 0o600))
  if (recorded._tag === "Left") return 125
  yield* say(`lazycluster ${place}`)
  const guardian = [...host.guardians.values()].find(({ state }) => sessions === `${state}/sessions`)
  const parts = lines.map((line) => partOf(line, { ...process.env, ...guardian?.environment }))
  for (const [number, part] of parts.entries()) {
    const why = yield* refusal(host, part)
    if (why !== undefined) {
      yield* say(`refused ${why} ${number}`)
      return 125
    }
  }
  yield* say("started")
  let { stdin } = process.io
  for (const part of parts.slice(0, -1)) {
    const pipe = yield* memoryPipe.make
    yield* memoryProcess.spawn(host, {
      ...part,
      io: { stdin, stdout: pipe.write, stderr: () => Effect.succeed(true) },
      body: (child) => memoryExec.exec(host, child),
      parent: process.pid,
      session: process.session,
      onExit: () => pipe.end
    })
    stdin = pipe
  }
  Object.assign(process, parts.at(-1))
  return yield* Effect.ensuring(memoryExec.exec(host, process, { ...process.io, stdin }), stdin.break)
})

/**
 * Signals the group of a process.
 *
 * @internal
 */
export const signal = Effect.fnUntraced(function*(
  host: MemoryHost,
  process: MemoryProcess,
  [name = "", pid, start]: ReadonlyArray<string>
) {
  const leader = host.processes.get(Number(pid))
  const group = leader !== undefined && leader.start !== start
    ? []
    : [...host.processes.values()].filter(({ session }) => session === Number(pid))
  yield* Effect.forEach(group, (each) => memoryProcess.signal(host, each, name), { discard: true })
  yield* process.io.stdout(memoryPipe.bytesOf(group.length > 0 ? "sent\n" : "gone\n"))
  return 0
})
