/**
 * A process of a host in memory as the program in it sees itself.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as pulled from "../../internal/pulled.ts"
import type { Process } from "../InMemoryHost.ts"
import * as memoryDuplex from "./memoryDuplex.ts"
import * as memoryFiles from "./memoryFiles.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryHttp from "./memoryHttp.ts"
import * as memoryLan from "./memoryLan.ts"
import * as memoryListen from "./memoryListen.ts"
import * as memoryNetwork from "./memoryNetwork.ts"
import * as memoryPipe from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"
import type { Seat } from "./memoryShellState.ts"

/**
 * `exec` is what a child does that is started here.
 *
 * @internal
 */
export const make = (
  host: MemoryHost,
  process: memoryProcess.MemoryProcess,
  seat: Seat,
  exec: memoryProcess.Body
): Process => {
  const { argv, cwd, env, io } = seat
  const say = (sink: memoryProcess.Sink) => (chunk: Uint8Array | string) =>
    Effect.flatMap(
      sink(memoryPipe.bytesOf(chunk)),
      (taken) => taken ? Effect.void : Effect.zipRight(memoryProcess.signal(host, process, "PIPE"), Effect.never)
    )
  const listen: Process["listen"] = (at) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.gen(function*() {
          const bound = yield* memoryListen.bind(host, at, `${process.pid} ${argv.join(" ")}`)
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
      ({ bound }) => ({ port: bound.port, connections: pulled.make(memoryNetwork.accepted(bound)) })
    )
  return {
    host: host.alias,
    pid: process.pid,
    argv,
    env,
    cwd,
    stdin: io.stdin.stream,
    readLine: io.stdin.readLine,
    stdout: say(io.stdout),
    stderr: say(io.stderr),
    files: memoryFiles.make(host, cwd),
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
          env: options.env ?? env,
          cwd,
          io: { ...io, stdin },
          body: exec,
          ...(options.detached === true ? {} : { parent: process.pid, session: process.session })
        })
        return { pid: child.pid, exit: Deferred.await(child.exit) }
      }),
    export: (environment) =>
      Effect.sync(() => {
        process.exported = { ...process.exported, ...environment }
      }),
    ignore: (signal) => Effect.sync(() => process.ignored.add(signal)),
    trap: (signal) =>
      Effect.map(Deferred.make<void>(), (arrived) => {
        process.traps.set(signal, arrived)
        return Deferred.await(arrived)
      })
  }
}
