/**
 * What `exec` does on a host in memory: finds the program that a test has scripted and runs it.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import { splitWords } from "../../internal/words.ts"
import type { Handler, Process } from "../InMemoryHost.ts"
import * as memoryBuiltins from "./memoryBuiltins.ts"
import { atPace } from "./memoryConditions.ts"
import * as memoryDuplex from "./memoryDuplex.ts"
import * as memoryFiles from "./memoryFiles.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryHttp from "./memoryHttp.ts"
import * as memoryLan from "./memoryLan.ts"
import * as memoryListen from "./memoryListen.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryPipe from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"

const Shipped = Schema.parseJson(Schema.Struct({ words: Schema.Array(Schema.String) }))

const notFound = (name: string): Handler => ({ stderr }) =>
  Effect.zipRight(stderr(`sh: 1: ${name}: not found\n`), Effect.succeed(127))

/** Blanks, words and quotes: what needs no shell to be understood. */
const plainLine = /^(?:[\w\s/.:=@%+,!-]|'[^']*')+$/

/** A Python or JavaScript program of this package has its words on the first line of standard input. */
const shipped = (argv: ReadonlyArray<string>): string | undefined =>
  (argv[1] === "-c" || argv[1] === "-e") && argv[3]?.startsWith("lazycluster-") === true ? argv[3] : undefined

/**
 * Runs what `argv` names, in the place of the process that calls it.
 *
 * @internal
 */
export const exec = (host: MemoryHost, process: memoryProcess.MemoryProcess): ReturnType<memoryProcess.Body> =>
  Effect.gen(function*() {
    const python = shipped(process.argv)
    if (python !== undefined) {
      const line = yield* process.io.stdin.readLine
      const { words } = yield* Schema.decodeUnknown(Shipped)(line._tag === "Some" ? line.value : "").pipe(
        Effect.orElseSucceed(() => ({ words: [] }))
      )
      process.argv = [python, ...words]
    }
    yield* host.note({
      _tag: "Exec",
      pid: process.pid,
      argv: process.argv,
      env: Object.fromEntries(Object.entries(process.env).filter(([name, value]) => host.env[name] !== value)),
      cwd: process.cwd
    })
    return yield* run(host, process)
  })

const find = (host: MemoryHost, argv: ReadonlyArray<string>): Handler | undefined => {
  const match = host.matches.find(({ when }) => when(argv))
  if (match !== undefined) return match.run
  const name = posix.basename(argv[0] ?? "")
  const key = name === "sh" && argv[1] === "-c" ? argv[2] ?? "" : name
  return [...host.commands, memoryBuiltins.make(host)].find((commands) => Object.hasOwn(commands, key))?.[key]
}

const run = (host: MemoryHost, process: memoryProcess.MemoryProcess): ReturnType<memoryProcess.Body> =>
  Effect.suspend(() => {
    const { argv } = process
    const self = view(host, process)
    const handler = find(host, argv)
    if (handler !== undefined) return atPace(host, handler(self))
    const [name = "", flag, line = ""] = argv
    if (posix.basename(name) === "env") return env(host, process, self)
    if (posix.basename(name) === "sh" && flag === "-c") {
      if (!plainLine.test(line)) return notFound(line)(self)
      process.argv = splitWords(line)
      return run(host, process)
    }
    return notFound(name)(self)
  })

const env = (host: MemoryHost, process: memoryProcess.MemoryProcess, self: Process) =>
  Effect.suspend(() => {
    const rest = process.argv.slice(1)
    const end = rest.findIndex((word) => !word.includes("="))
    const assigned = end < 0 ? rest : rest.slice(0, end)
    process.env = { ...process.env, ...Object.fromEntries(assigned.map(assignment)) }
    if (end >= 0) {
      process.argv = rest.slice(end)
      return run(host, process)
    }
    const lines = Object.entries(process.env).map(([name, value]) => `${name}=${value}\n`)
    return Effect.zipRight(self.stdout(lines.join("")), Effect.succeed(0))
  })

/** @internal */
export const assignment = (word: string): readonly [string, string] => {
  const at = word.indexOf("=")
  return [word.slice(0, at), word.slice(at + 1)]
}

const view = (host: MemoryHost, process: memoryProcess.MemoryProcess): Process => {
  const say = (sink: memoryProcess.Sink) => (chunk: Uint8Array | string) =>
    Effect.flatMap(
      sink(memoryPipe.bytesOf(chunk)),
      (taken) => taken ? Effect.void : Effect.zipRight(memoryProcess.signal(host, process, "PIPE"), Effect.never)
    )
  const listen: Process["listen"] = (at) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.gen(function*() {
          const bound = yield* memoryListen.bind(host, at, `${process.pid} ${process.argv.join(" ")}`)
          const release = Effect.suspend(() =>
            host.network.bound.has(bound)
              ? Effect.zipRight(
                memoryNetwork.close(host.network, bound),
                host.note({ _tag: "Freed", port: bound.port, path: bound.path })
              )
              : Effect.void
          )
          process.held.add(release)
          yield* host.note({
            _tag: "Listening",
            port: bound.port,
            path: bound.path,
            owner: `process ${process.pid}`
          })
          return { bound, release }
        }),
        ({ release }) => Effect.zipRight(release, Effect.sync(() => process.held.delete(release)))
      ),
      ({ bound }) => ({ port: bound.port, connections: Stream.fromQueue(bound.arrivals) })
    )
  return {
    host: host.alias,
    pid: process.pid,
    argv: process.argv,
    env: process.env,
    cwd: process.cwd,
    stdin: process.io.stdin.stream,
    readLine: process.io.stdin.readLine,
    stdout: say(process.io.stdout),
    stderr: say(process.io.stderr),
    files: memoryFiles.make(host, process.cwd),
    listen,
    dial: (to) =>
      Effect.acquireRelease(
        memoryLan.connect(host, to),
        (end) => Effect.sync(() => memoryDuplex.destroy(end))
      ),
    serveHttp: (at, answer) =>
      Effect.gen(function*() {
        const { connections, port } = yield* listen(at)
        yield* Effect.forkScoped(memoryHttp.serve(connections, answer))
        return port
      }),
    spawn: (argv, options = {}) =>
      Effect.gen(function*() {
        const stdin = yield* memoryPipe.make
        yield* stdin.end
        const child = yield* memoryProcess.spawn(host, {
          argv,
          env: options.env ?? process.env,
          cwd: process.cwd,
          io: { ...process.io, stdin },
          body: (child) => exec(host, child),
          ...(options.detached === true ? {} : { parent: process.pid, session: process.session })
        })
        return { pid: child.pid, exit: Deferred.await(child.exit) }
      }),
    export: (env) =>
      Effect.sync(() => {
        process.exported = { ...process.exported, ...env }
      }),
    ignore: (signal) => Effect.sync(() => process.ignored.add(signal))
  }
}
