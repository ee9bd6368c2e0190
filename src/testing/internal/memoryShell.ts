/**
 * The lines of `sh -c` on hosts in memory: lists, pipes, redirections, variables, `if` and loops. Anything else is refused before
 * it runs.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AndOr, Command, CommandNode, Pipeline, Script, Statement } from "unbash"
import { bytesOf } from "./memoryPipe.ts"
import * as memoryPipe from "./memoryPipe.ts"
import { codeOf, type Io, type MemoryProcess, spawn } from "./memoryProcess.ts"
import * as Check from "./memoryShellCheck.ts"
import * as Redirects from "./memoryShellRedirects.ts"
import * as Specials from "./memoryShellSpecials.ts"
import * as State from "./memoryShellState.ts"
import type { Shell, ShellExit } from "./memoryShellState.ts"
import * as Words from "./memoryShellWords.ts"

type Run = Effect.Effect<number, ShellExit, Scope.Scope>

type Node = CommandNode | Pipeline | AndOr

/** Whether it is the last thing that the shell does: a program then takes its place. */
type Tail = boolean

const say = (io: Io, text: string) => io.stderr(bytesOf(`sh: 1: ${text}\n`))

const settled = (code: Run): Effect.Effect<number, never, Scope.Scope> =>
  Effect.catchTag(code, "ShellExit", (exit) => Effect.succeed(exit.code))

/** A child that goes on where its parent is, with variables of its own. */
const fork = (
  shell: Shell,
  io: Io,
  body: (child: Shell) => Run,
  onExit: Effect.Effect<void> = Effect.void
): Effect.Effect<MemoryProcess> =>
  spawn(shell.host, {
    argv: shell.process.argv,
    env: shell.process.env,
    cwd: shell.process.cwd,
    io,
    parent: shell.process.pid,
    session: shell.process.session,
    onExit: () => onExit,
    body: (process) => settled(body(State.copy(shell, process)))
  })

/** Input that outlives the child that reads it. */
const shared = (io: Io): Io => ({ ...io, stdin: { ...io.stdin, break: Effect.void } })

const joined = (child: Effect.Effect<MemoryProcess>): Effect.Effect<number> =>
  Effect.flatMap(child, ({ exit }) => Effect.map(Deferred.await(exit), codeOf))

/** What a shell says of a signal that ended what it waited for; of others nothing. */
const epitaphs: Readonly<Record<string, string>> = {
  ABRT: "Aborted",
  HUP: "Hangup",
  KILL: "Killed",
  TERM: "Terminated"
}

const mourned = (child: Effect.Effect<MemoryProcess>, io: Io): Effect.Effect<number> =>
  Effect.gen(function*() {
    const status = yield* Deferred.await((yield* child).exit)
    const said = epitaphs[status.signal ?? ""]
    if (said !== undefined) yield* io.stderr(bytesOf(`${said}\n`))
    return codeOf(status)
  })

const expansion = (shell: Shell, io: Io): Words.Expansion => ({
  shell,
  io,
  substitute: (script: Script) =>
    Effect.gen(function*() {
      const printed: Array<Uint8Array> = []
      const stdout = (bytes: Uint8Array) =>
        Effect.sync(() => {
          printed.push(bytes)
          return true
        })
      const to = { ...shared(io), stdout }
      shell.status = yield* joined(fork(shell, to, (child) => list(child, script.commands, to, true)))
      return new TextDecoder().decode(memoryPipe.concat(printed))
    })
})

const assigned = (self: Words.Expansion, command: Command) =>
  Effect.forEach(
    command.prefix.flatMap((each) => each.type === "Assignment" ? [each] : []),
    ({ name, value }) =>
      Effect.map(
        value.type === "Word" ? Words.text(self, value) : Effect.succeed(""),
        (text) => [name, text] as const
      )
  )

const words = (self: Words.Expansion, { args, name }: Command) =>
  Effect.map(
    Effect.forEach([...(name === undefined ? [] : [name]), ...args], (word) =>
      word.type === "Word"
        ? Words.fields(self, word)
        : Effect.map(
          word.value.type === "Word" ? Words.text(self, word.value) : Effect.succeed(""),
          (text) => [`${word.name}=${text}`]
        )),
    (all) => all.flat()
  )

const simple = (shell: Shell, command: Command, io: Io, tail: Tail): Run =>
  Effect.gen(function*() {
    const self = expansion(shell, io)
    const said = yield* words(self, command)
    const replaced = said[0] === "exec" && said[1] !== undefined && !said[1].startsWith("-")
    const argv = replaced ? said.slice(1) : said
    const [name] = argv
    if (name === undefined) shell.status = 0
    const before = yield* assigned(self, command)
    return yield* redirected(shell, command.redirects, io, (to) => {
      const { process, programs } = shell
      const special = name === undefined || replaced ? undefined : Specials.find(name)
      if (name === undefined || special !== undefined) {
        before.forEach(([variable, value]) => shell.variables.set(variable, value))
        return special?.(shell, argv.slice(1), to) ?? Effect.succeed(shell.status)
      }
      const env = { ...State.environment(shell), ...Object.fromEntries(before) }
      if (programs.isBuiltIn(argv)) {
        const ran = programs.runBuiltIn(process, { argv, env, cwd: process.cwd, io: to })
        return replaced ? Effect.flatMap(ran, (code) => new State.ShellExit({ code })) : ran
      }
      if (Specials.missing.has(name)) {
        return Effect.as(
          say(to, `InMemorySsh: \`${name}\` is not understood here: script this line in \`commands\``),
          2
        )
      }
      const inPlace = (child: Shell) => {
        child.process.argv = argv
        child.process.env = env
        return programs.exec(child.process, to)
      }
      if (replaced) return Effect.flatMap(inPlace(shell), (code) => new State.ShellExit({ code }))
      return tail ? inPlace(shell) : mourned(fork(shell, shared(to), inPlace), io)
    })
  })

const redirected = (
  shell: Shell,
  redirections: Command["redirects"],
  io: Io,
  run: (to: Io) => Run
): Run =>
  redirections.length === 0 ? run(io) : Effect.gen(function*() {
    const opened = yield* Redirects.open(expansion(shell, io), redirections)
    const code = yield* run(opened.io)
    const failure = opened.failure()
    if (failure === undefined) return code
    yield* say(io, `write error: ${failure}`)
    return code === 0 ? 1 : code
  }).pipe(Effect.catchTag("Refused", ({ said }) => Effect.as(say(io, said), 2)))

const pipeline = (shell: Shell, { commands, prefixes }: Pipeline, io: Io): Run =>
  Effect.gen(function*() {
    const [only] = commands
    const negated = prefixes.length % 2 === 1
    const code = commands.length === 1 && only !== undefined
      ? yield* evaluate(shell, only, io, false)
      : yield* connected(shell, commands, io)
    return negated ? code === 0 ? 1 : 0 : code
  })

const connected = Effect.fnUntraced(function*(shell: Shell, commands: ReadonlyArray<CommandNode>, io: Io) {
  const pipes = yield* Effect.replicateEffect(memoryPipe.make, commands.length - 1)
  const children = yield* Effect.forEach(commands, (command, index) => {
    const [before, after] = [pipes[index - 1], pipes[index]]
    const own: Io = {
      stdin: before ?? shared(io).stdin,
      stdout: after?.write ?? io.stdout,
      stderr: io.stderr
    }
    return fork(shell, own, (child) => evaluate(child, command, own, true), after?.end)
  })
  const codes = yield* Effect.forEach(children, ({ exit }) => Effect.map(Deferred.await(exit), codeOf))
  return codes[codes.length - 1] ?? 0
})

const andOr = (shell: Shell, { commands, operators }: AndOr, io: Io, tail: Tail): Run =>
  Effect.gen(function*() {
    let code = 0
    for (const [index, command] of commands.entries()) {
      const operator = operators[index - 1]
      if (operator === undefined || (operator === "&&") === (code === 0)) {
        code = yield* evaluate(shell, command, io, tail && index === commands.length - 1)
        shell.status = code
      }
    }
    return code
  })

const evaluate = (shell: Shell, node: Node, io: Io, tail: Tail): Run =>
  Effect.suspend(() => {
    switch (node.type) {
      case "Command":
        return simple(shell, node, io, tail)
      case "Pipeline":
        return pipeline(shell, node, io)
      case "AndOr":
        return andOr(shell, node, io, tail)
      case "Redirected":
        return redirected(shell, node.redirects, io, (to) => evaluate(shell, node.command, to, false))
      case "Subshell":
        return joined(fork(shell, shared(io), (child) => list(child, node.body.commands, shared(io), true)))
      case "BraceGroup":
        return list(shell, node.body.commands, io, tail)
      case "If":
        return Effect.gen(function*() {
          for (const { clause, then } of [node, ...node.elif]) {
            if ((yield* list(shell, clause.commands, io, false)) === 0) {
              return yield* list(shell, then.commands, io, tail)
            }
          }
          return node.else === undefined ? 0 : yield* list(shell, node.else.commands, io, tail)
        })
      case "For":
        return Effect.gen(function*() {
          const self = expansion(shell, io)
          const values = node.wordlist === undefined
            ? shell.args
            : (yield* Effect.forEach(node.wordlist, (word) => Words.fields(self, word))).flat()
          let code = 0
          for (const value of values) {
            shell.variables.set(node.name.value, value)
            code = yield* list(shell, node.body.commands, io, false)
          }
          return code
        })
      case "While":
        return Effect.gen(function*() {
          let code = 0
          while (((yield* list(shell, node.clause.commands, io, false)) === 0) === (node.kind === "while")) {
            code = yield* list(shell, node.body.commands, io, false)
          }
          return code
        })
      default:
        // The check lets nothing else through.
        return Effect.succeed(2)
    }
  })

const background = Effect.fnUntraced(function*(shell: Shell, node: Node, io: Io) {
  const stdin = yield* memoryPipe.make
  yield* stdin.end
  const own = { ...io, stdin }
  shell.last = yield* fork(shell, own, (child) => evaluate(child, node, own, true))
  return 0
})

const list = (shell: Shell, statements: ReadonlyArray<Statement>, io: Io, tail: Tail): Run =>
  Effect.gen(function*() {
    // An empty list has done well.
    shell.status = statements.length === 0 ? 0 : shell.status
    for (const [index, { background: apart, command }] of statements.entries()) {
      shell.status = apart === true
        ? yield* background(shell, command, io)
        : yield* evaluate(shell, command, io, tail && index === statements.length - 1)
    }
    return shell.status
  })

/** @internal */
export const isUnderstood = (line: string): boolean => !("problem" in Check.read(line))

/**
 * Runs a line in a process, up to its exit code.
 *
 * @internal
 */
export const run = (
  options: Parameters<typeof State.make>[0] & { readonly line: string; readonly io: Io }
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.suspend(() => {
    const { io, line } = options
    const script = Check.read(line)
    if ("problem" in script) return Effect.as(say(io, script.problem), 2)
    return settled(list(State.make(options), script.commands, io, true))
  })
