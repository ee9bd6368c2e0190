/**
 * What a shell in memory does itself because it changes the shell: `cd`, `export`, `exit` and their like.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { bytesOf } from "./memoryPipe.ts"
import type { Io } from "./memoryProcess.ts"
import { codeOf } from "./memoryProcess.ts"
import { type Shell, ShellExit } from "./memoryShellState.ts"

type Special = (shell: Shell, args: ReadonlyArray<string>, io: Io) => Effect.Effect<number, ShellExit>

const say = (io: Io, text: string, code: number) => Effect.as(io.stderr(bytesOf(`sh: 1: ${text}\n`)), code)

const cd: Special = (shell, args, io) =>
  Effect.gen(function*() {
    const { host, process, variables } = shell
    const [asked] = args.filter((word) => word !== "--" && word !== "-P" && word !== "-L")
    const path = host.tree.resolve(
      (asked === "-" ? variables.get("OLDPWD") : asked) ?? variables.get("HOME") ?? host.home,
      process.cwd
    )
    if (!Option.exists(yield* host.tree.stat(path), ({ type }) => type === "directory")) {
      return yield* say(io, `cd: can't cd to ${asked ?? path}`, 2)
    }
    variables.set("OLDPWD", process.cwd)
    variables.set("PWD", path)
    process.cwd = path
    return 0
  })

const exports: Special = (shell, args, io) =>
  Effect.gen(function*() {
    const { exported, process, variables } = shell
    for (const word of args.filter((word) => !word.startsWith("-"))) {
      const [name = ""] = word.split("=", 1)
      if (!/^[A-Za-z_]\w*$/.test(name)) return yield* say(io, `export: ${word}: bad variable name`, 2)
      if (word.includes("=")) variables.set(name, word.slice(name.length + 1))
      exported.add(name)
      const value = variables.get(name)
      if (value !== undefined) process.exported = { ...process.exported, [name]: value }
    }
    return 0
  })

const unset: Special = (shell, args) =>
  Effect.sync(() => {
    args.forEach((name) => shell.variables.delete(name))
    return 0
  })

const read: Special = (shell, args, io) =>
  Effect.map(io.stdin.readLine, (line) => {
    const names = args.filter((word) => !word.startsWith("-"))
    const words = Option.getOrElse(line, () => "").trim().split(/[ \t]+/)
    names.forEach((name, index) =>
      shell.variables.set(name, index === names.length - 1 ? words.slice(index).join(" ") : words[index] ?? "")
    )
    return Option.isSome(line) ? 0 : 1
  })

const exit: Special = (shell, [code]) => new ShellExit({ code: code === undefined ? shell.status : Number(code) & 255 })

const wait: Special = (shell, pids) =>
  Effect.gen(function*() {
    const { host, process } = shell
    let code = 0
    for (const child of host.processes.values()) {
      if (child.parent !== process.pid || (pids.length > 0 && !pids.includes(String(child.pid)))) continue
      code = codeOf(yield* Deferred.await(child.exit))
    }
    // One that has gone already is known only if it was the last.
    const { last } = shell
    if (last !== undefined && pids.includes(String(last.pid))) code = codeOf(yield* Deferred.await(last.exit))
    return pids.length === 0 ? 0 : code
  })

const command: Special = (shell, args, io) =>
  Effect.gen(function*() {
    const [flag, name = ""] = args
    if (flag !== "-v") return yield* say(io, "InMemorySsh: `command` is understood with -v alone", 2)
    const path = has(name) || shell.programs.isBuiltIn([name]) ? name : shell.programs.path(name)
    if (path === undefined) return 127
    yield* io.stdout(bytesOf(`${path}\n`))
    return 0
  })

const shift: Special = (shell, [count = "1"], io) => {
  const by = Number(count)
  if (!(by <= shell.args.length)) return say(io, "shift: can't shift that many", 2)
  shell.args = shell.args.slice(by)
  return Effect.succeed(0)
}

const none: Special = () => Effect.succeed(0)

const specials: ReadonlyMap<string, Special> = new Map([
  [":", none],
  ["cd", cd],
  ["command", command],
  ["exit", exit],
  ["export", exports],
  ["read", read],
  ["shift", shift],
  ["unset", unset],
  ["wait", wait]
])

const has = (name: string): boolean => specials.has(name)

/** @internal */
export const find = (name: string): Special | undefined => specials.get(name)

/**
 * Builtins of real shells that this one has not: a line with one of them would do something else than it says.
 *
 * @internal
 */
export const missing: ReadonlySet<string> = new Set([
  ".",
  "alias",
  "break",
  "continue",
  "eval",
  "exec",
  "getopts",
  "local",
  "return",
  "set",
  "source",
  "trap",
  "ulimit",
  "umask"
])
