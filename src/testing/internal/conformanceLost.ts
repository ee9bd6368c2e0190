/**
 * What every transport says when its link goes: all that waits hears of it, and nothing looks like a clean end.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SshConnection } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import type { Case } from "../SshConformance.ts"
import { type Body, type Context, fails, holds, make, same } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

const goes = (context: Context, cut: (connection: SshConnection) => Body) =>
  Effect.gen(function*() {
    const { host } = context
    const connection = yield* context.connect
    const listener = yield* connection.listen({ port: 0 })
    const silent = yield* Effect.forkScoped(Stream.runDrain(Stream.take(listener.connections, 2)))
    const duplex = yield* connection.dial({ port: listener.port })
    const process = yield* Run.startLasting(connection, "hold")
    const deaf = yield* Run.startLasting(connection, "deaf")
    const files = yield* connection.files
    const said = Option.getOrElse(yield* Stream.runHead(process.stdout), () => new Uint8Array())
    yield* same("what the program says", Buffer.from(said).toString(), "up\n")
    const waits: Readonly<Record<string, Effect.Effect<unknown, SshError>>> = {
      lost: connection.lost,
      exit: process.exit,
      stdout: Stream.runDrain(process.stdout),
      stderr: Stream.runDrain(process.stderr),
      // More than windows and pipes on the way hold: what they have taken is written, whatever becomes of it.
      write: deaf.write(Buffer.alloc(64 * 1024 * 1024)),
      listener: Fiber.join(silent)
    }
    const waiting = yield* Effect.fork(
      Effect.forEach(
        Object.entries(waits),
        ([name, wait]) => fails(name, wait, { host, reason: "LinkLost" }),
        { concurrency: "unbounded", discard: true }
      )
    )
    const dialled = yield* Effect.fork(Effect.either(Run.drain(duplex)))
    yield* Effect.yieldNow()
    yield* cut(connection)
    yield* Fiber.join(waiting)
    const end = yield* Fiber.join(dialled)
    yield* holds(
      "the end of a connection through a port",
      Either.isLeft(end) && end.left.came.includes("LinkLost"),
      "an error that says LinkLost",
      Either.isLeft(end) ? end.left.came : "a clean end"
    )
    const late: Readonly<Record<string, Effect.Effect<unknown, SshError>>> = {
      exec: Run.run(connection, "say", "", "", "0"),
      dial: Effect.scoped(connection.dial({ port: 1 })),
      listen: Effect.scoped(connection.listen({ port: 0 })),
      stat: files.stat("/"),
      list: files.list("/"),
      readAll: Stream.runDrain(files.readAll("/etc/passwd")),
      stdout: Stream.runDrain(deaf.stdout),
      write: deaf.write("x"),
      exit: process.exit,
      lost: connection.lost
    }
    for (const [name, effect] of Object.entries(late)) {
      yield* fails(`${name}, asked for afterwards`, effect, { host, reason: "LinkLost" })
    }
    const again = yield* context.connect
    yield* holds("the next connection", again !== connection, "another one", "the one that was lost")
    yield* same("a program over it", (yield* Run.run(again, "say", "x", "", "0")).stdout, "x")
  })

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make(
    "all that waits hears that the link was severed, and the next user gets another",
    ["link"],
    (context) => goes(context, ({ sever }) => sever)
  ),

  make(
    "all that waits hears that the host has cut the connection, and the next user gets another",
    ["cut"],
    (context) => goes(context, () => Effect.flatten(context.means("cut")))
  ),

  make("a connection that is severed is over for all of its users, each time", ["link"], (context) =>
    Effect.forEach(
      Array.from({ length: 5 }),
      () =>
        Effect.gen(function*() {
          const [one, two] = [yield* context.connect, yield* context.connect]
          const waiting = yield* Effect.fork(fails("lost", two.lost, { host: context.host, reason: "LinkLost" }))
          yield* one.sever
          yield* Fiber.join(waiting)
          yield* one.sever
        }),
      { discard: true }
    ))
]
