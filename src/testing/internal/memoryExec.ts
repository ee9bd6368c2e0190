/**
 * What `exec` does on a host in memory: finds the program, scripted or built in, and runs it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import { quoteAll } from "../../internal/words.ts"
import type { Handler, Match } from "../InMemoryHost.ts"
import * as memoryBuiltins from "./memoryBuiltins.ts"
import { atPace } from "./memoryConditions.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { bytesOf, concat } from "./memoryPipe.ts"
import { unescape } from "./memoryPrintf.ts"
import type * as memoryProcess from "./memoryProcess.ts"
import * as memoryShell from "./memoryShell.ts"
import type { Programs } from "./memoryShellState.ts"
import * as memoryView from "./memoryView.ts"

type Body = ReturnType<memoryProcess.Body>

const Shipped = Schema.parseJson(Schema.Struct({ words: Schema.Array(Schema.String) }))

/** A Python or JavaScript program of this package has its words on the first line of standard input. */
const shipped = (argv: ReadonlyArray<string>): string | undefined =>
  (argv[1] === "-c" || argv[1] === "-e") && argv[3]?.startsWith("lazycluster-") === true ? argv[3] : undefined

/**
 * Runs what `argv` names, in the place of the process that calls it.
 *
 * @internal
 */
export const exec = (host: MemoryHost, process: memoryProcess.MemoryProcess, io = process.io): Body =>
  Effect.gen(function*() {
    const program = shipped(process.argv)
    if (program !== undefined) {
      const line = yield* io.stdin.readLine
      const { words } = yield* Schema.decodeUnknown(Shipped)(Option.getOrElse(line, () => "")).pipe(
        Effect.orElseSucceed(() => ({ words: [] }))
      )
      process.argv = [program, ...words]
    }
    yield* host.note({
      _tag: "Exec",
      pid: process.pid,
      argv: process.argv,
      env: Object.fromEntries(Object.entries(process.env).filter(([name, value]) => host.env[name] !== value)),
      cwd: process.cwd
    })
    return yield* run(host, process, io)
  })

const shells: ReadonlySet<string> = new Set(["ash", "bash", "dash", "sh"])

const lineOf = (argv: ReadonlyArray<string>): string | undefined => {
  if (!shells.has(posix.basename(argv[0] ?? "")) || argv[1] !== "-c") return undefined
  return argv[2] === "--" ? argv[3] : argv[2]
}

/** The names under which a program may be scripted, the most particular first. */
const keys = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const line = lineOf(argv)
  if (line !== undefined) return [line]
  const name = posix.basename(argv[0] ?? "")
  const [, file = ""] = argv
  if (!/^python[\d.]*$/.test(name)) return [name]
  if (file === "-m") return [`python -m ${argv[2] ?? ""}`, name]
  return file.endsWith(".py") ? [`python ${posix.basename(file)}`, name] : [name]
}

/** A pattern sees the words of each command; a line as a whole only where the shell cannot run it. */
const isMatch = ({ when }: Match, argv: ReadonlyArray<string>): boolean => {
  if (typeof when === "function") return when(argv)
  const line = lineOf(argv)
  return line === undefined ? when.test(quoteAll(argv)) : when.test(line) && !memoryShell.isUnderstood(line)
}

const scripted = (host: MemoryHost, argv: ReadonlyArray<string>): Handler | undefined => {
  const match = host.matches.find((each) => isMatch(each, argv))
  if (match !== undefined) return match.run
  for (const key of keys(argv)) {
    const found = host.commands.find((commands) => Object.hasOwn(commands, key))
    if (found !== undefined) return found[key]
  }
  return undefined
}

const run = (host: MemoryHost, process: memoryProcess.MemoryProcess, io: memoryProcess.Io): Body =>
  Effect.suspend(() => {
    const { argv, cwd, env } = process
    const [name = ""] = argv
    const base = posix.basename(name)
    const handler = scripted(host, argv) ?? memoryBuiltins.find(host, lineOf(argv) ?? base)
    if (handler !== undefined) {
      return atPace(host, handler(memoryView.make(host, process, { argv, cwd, env, io }, (child) => exec(host, child))))
    }
    if (base === "env") return environment(host, process, io)
    if (shells.has(base)) return shell(host, process, io)
    return name.includes("/") ? file(host, process, io) : said(io, `${name}: not found`, 127)
  })

const said = (io: memoryProcess.Io, text: string, code: number) =>
  Effect.as(io.stderr(bytesOf(`sh: 1: ${text}\n`)), code)

/**
 * Whether a program can be found by the name in `argv`.
 *
 * @internal
 */
export const knows = (host: MemoryHost, argv: ReadonlyArray<string>): boolean => {
  const name = posix.basename(argv[0] ?? "")
  return scripted(host, argv) !== undefined || memoryBuiltins.find(host, name) !== undefined || shells.has(name) ||
    name === "env"
}

const programs = (host: MemoryHost): Programs => ({
  path: (name) => knows(host, [name]) ? `/usr/bin/${name}` : undefined,
  isBuiltIn: (argv) => memoryBuiltins.isInShells(argv[0] ?? "") && scripted(host, argv) === undefined,
  runBuiltIn: (process, seat) => {
    const [name = "", ...words] = seat.argv
    // That of shells knows backslashes.
    const argv = name === "echo" ? [name, ...words.map(unescape)] : seat.argv
    const stderr = (bytes: Uint8Array) => seat.io.stderr(concat([bytesOf("sh: 1: "), bytes]))
    const self = memoryView.make(
      host,
      process,
      { ...seat, argv, io: { ...seat.io, stderr } },
      (child) => exec(host, child)
    )
    return Effect.scoped(memoryBuiltins.find(host, name)?.(self) ?? Effect.succeed(127))
  },
  exec: (process, io) => exec(host, process, io)
})

/** `-c LINE [NAME WORD...]`, a file, or what comes over standard input. */
const shell = (host: MemoryHost, process: memoryProcess.MemoryProcess, io: memoryProcess.Io): Body =>
  Effect.gen(function*() {
    const [name = "sh", ...words] = process.argv
    const run = (line: string, zero: string, args: ReadonlyArray<string>) =>
      memoryShell.run({ host, process, io, line, name: zero, args, programs: programs(host) })
    const [first = "-s", ...rest] = words
    if (first === "-c") {
      const [line = "", zero = name, ...args] = rest[0] === "--" ? rest.slice(1) : rest
      return yield* run(line, zero, args)
    }
    if (first === "-s" || first === "-") {
      const text = concat([...yield* Stream.runCollect(io.stdin.stream)])
      return yield* run(new TextDecoder().decode(text), name, rest)
    }
    if (first.startsWith("-")) {
      return yield* said(io, `InMemorySsh: ${first} is not understood here: script this line in \`commands\``, 2)
    }
    return yield* Effect.matchEffect(host.tree.read(host.tree.resolve(first, process.cwd)), {
      onFailure: () => said(io, `cannot open ${first}: No such file`, 2),
      onSuccess: (text) => run(new TextDecoder().decode(text), first, rest)
    })
  })

/** A script on the host's disk, run by what its first line names. */
const file = (host: MemoryHost, process: memoryProcess.MemoryProcess, io: memoryProcess.Io): Body =>
  Effect.gen(function*() {
    const [name = "", ...words] = process.argv
    const path = host.tree.resolve(name, process.cwd)
    const found = yield* host.tree.stat(path)
    if (Option.isNone(found)) return yield* said(io, `${name}: not found`, 127)
    const bytes = yield* Effect.option(host.tree.read(path))
    if (Option.isNone(bytes) || found.value.type !== "file" || (found.value.mode & 0o100) === 0) {
      return yield* said(io, `${name}: Permission denied`, 126)
    }
    const [, interpreter = "/bin/sh"] = /^#!\s*([^\n]+)/.exec(new TextDecoder().decode(bytes.value)) ?? []
    process.argv = [...interpreter.trim().split(/\s+/), path, ...words]
    return yield* run(host, process, io)
  })

const environment = (host: MemoryHost, process: memoryProcess.MemoryProcess, io: memoryProcess.Io): Body =>
  Effect.suspend(() => {
    const words = process.argv.slice(1)
    const end = words.findIndex((word) => word !== "-i" && word !== "--" && !word.includes("="))
    const head = end < 0 ? words : words.slice(0, end)
    process.env = {
      ...(head.includes("-i") ? {} : process.env),
      ...Object.fromEntries(head.filter((word) => word.includes("=")).map(assignment))
    }
    if (end >= 0) {
      process.argv = words.slice(end)
      return run(host, process, io)
    }
    const lines = Object.entries(process.env).map(([name, value]) => `${name}=${value}\n`)
    return Effect.as(io.stdout(bytesOf(lines.join(""))), 0)
  })

/** @internal */
export const assignment = (word: string): readonly [string, string] => {
  const at = word.indexOf("=")
  return [word.slice(0, at), word.slice(at + 1)]
}
