/**
 * What every transport does with ports of a host, in both directions.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import { Ssh } from "../../services/Ssh.ts"
import type { Listener, SshConnection } from "../../services/SshConnection.ts"
import type { SshError } from "../../services/SshError.ts"
import type { Case } from "../SshConformance.ts"
import { eventually, fails, holds, make, same, sameBytes } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

const megabyte = 1024 * 1024

/** The connections of a listener, each as long as the scope is open. */
const arrivals = (listener: Listener, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(listener.connections, count)), Chunk.toReadonlyArray)

/** Both ends of one connection through a port of the host. */
const pair = (
  connection: SshConnection
): Effect.Effect<readonly [near: Duplex, far: Duplex, port: number], SshError, Scope.Scope> =>
  Effect.gen(function*() {
    const listener = yield* connection.listen({ port: 0 })
    const arriving = yield* Effect.fork(arrivals(listener, 1))
    const near = yield* connection.dial({ port: listener.port })
    const [far] = yield* Fiber.join(arriving)
    return far === undefined
      ? yield* Effect.dieMessage("a listener that ends without a connection")
      : [near, far, listener.port]
  })

const echoing = (connection: SshConnection) =>
  Effect.gen(function*() {
    const listener = yield* connection.listen({ port: 0 })
    yield* Effect.forkScoped(
      Stream.runDrain(Stream.mapEffect(listener.connections, Run.echo, { concurrency: 300, unordered: true }))
    )
    return listener.port
  })

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make("two hundred connections at once through a port of the host", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const port = yield* echoing(connection)
      yield* holds("the port", port > 0 && port < 65_536, "one from 1 to 65535", port)
      const texts = Array.from({ length: 200 }, (_, index) => `number ${index}`)
      const answers = yield* Effect.forEach(
        texts,
        (text) => Effect.scoped(Effect.flatMap(connection.dial({ port }), (duplex) => Run.exchange(duplex, text))),
        { concurrency: "unbounded" }
      )
      yield* same("the answers", answers.map(String), texts)
    })),

  make("five megabytes through a port of the host, there and back", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const sent = Run.data(5 * megabyte)
      const duplex = yield* connection.dial({ address: "127.0.0.1", port: yield* echoing(connection) })
      yield* sameBytes("what comes back", yield* Run.exchange(duplex, sent), sent)
    })),

  make(
    "one end of a connection may end before the other: whoever dialled",
    [],
    ({ connect }) =>
      Effect.gen(function*() {
        const [near, far] = yield* pair(yield* connect)
        near.end("question")
        yield* same("what arrives", String(yield* Run.drain(far)), "question")
        far.write("an ")
        far.end("answer")
        yield* same("what comes back", String(yield* Run.drain(near)), "an answer")
      })
  ),

  make(
    "one end of a connection may end before the other: whoever listens",
    [],
    ({ connect }) =>
      Effect.gen(function*() {
        const [near, far] = yield* pair(yield* connect)
        far.end("greeting")
        yield* same("what arrives", String(yield* Run.drain(near)), "greeting")
        near.write("a ")
        near.end("reply")
        yield* same("what comes back", String(yield* Run.drain(far)), "a reply")
      })
  ),

  make("an end that is destroyed ends the other", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const [near, far] = yield* pair(connection)
      far.write("unread")
      near.destroy()
      yield* Run.over(far)
      const [other, dialled] = yield* pair(connection)
      other.write("unread")
      dialled.destroy()
      yield* Run.over(other)
    })),

  make("the end of its scope ends a connection", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const listener = yield* connection.listen({ port: 0 })
      const arriving = yield* Effect.fork(arrivals(listener, 1))
      yield* Effect.scoped(Effect.zipRight(connection.dial({ port: listener.port }), Fiber.join(arriving)))
      const [far] = yield* Fiber.join(arriving)
      if (far !== undefined) yield* Run.over(far)
    })),

  make("bytes that nobody reads hold their sender back", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const [near] = yield* pair(connection)
      const block = Buffer.alloc(megabyte)
      const write = Effect.async<void>((resume) => void near.write(block, () => resume(Effect.void)))
      const writing = yield* Effect.fork(Effect.repeatN(write, 95))
      const sent = Run.data(3 * megabyte)
      const beside = yield* connection.dial({ port: yield* echoing(connection) })
      yield* sameBytes("what goes on beside it", yield* Run.exchange(beside, sent), sent)
      const early = yield* Fiber.poll(writing)
      yield* holds("the sender", Option.isNone(early), "held back", "96 MiB went to nobody")
      yield* Fiber.interrupt(writing)
    })),

  make("a port where nothing listens: ForwardRefused", [], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const { port } = yield* Effect.scoped(connection.listen({ port: 0 }))
      yield* fails("dial", Effect.scoped(connection.dial({ port })), {
        host: context.host,
        reason: "ForwardRefused",
        step: "dial",
        names: String(port),
        hint: true
      })
    })),

  make("a port that is taken: PortInUse, and its holder is not harmed", [], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      const port = yield* echoing(connection)
      const error = yield* fails("listen", Effect.scoped(connection.listen({ port })), {
        host: context.host,
        reason: "PortInUse",
        step: "listen",
        names: String(port),
        hint: true
      })
      yield* holds("the hint", error.hint?.includes(String(port)) === true, `it names port ${port}`, error.hint)
      const duplex = yield* connection.dial({ port })
      yield* same("the holder's answer", String(yield* Run.exchange(duplex, "there?")), "there?")
    })),

  make("port 0 is any free one, each time another", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const ports = yield* Effect.forEach(Array.from({ length: 8 }), () =>
        Effect.map(connection.listen({ port: 0 }), ({ port }) => port))
      yield* same(
        "how many ports",
        new Set(ports.filter((port) =>
          port > 0
        )).size,
        ports.length
      )
    })),

  make(
    "a port is free at once when its scope has closed, also when it was never bound",
    [],
    ({ connect }) =>
      Effect.gen(function*() {
        const connection = yield* connect
        const { port } = yield* Effect.scoped(connection.listen({ port: 0 }))
        for (let round = 0; round < 5; round++) {
          const listener = yield* Effect.scoped(connection.listen({ port }))
          yield* same("the port", listener.port, port)
        }
        yield* Effect.forEach(
          Array.from({ length: 20 }, (_, index) => index),
          (index) => Effect.scoped(connection.listen({ port })).pipe(Effect.timeoutOption(index), Effect.ignore),
          { discard: true }
        )
        yield* eventually(Effect.scoped(connection.listen({ port })))
      })
  ),

  make(
    "a listener's end ends what nobody has taken, and leaves what somebody has",
    [],
    ({ connect }) =>
      Effect.gen(function*() {
        const connection = yield* connect
        const scope = yield* Scope.make()
        const listener = yield* Scope.extend(connection.listen({ port: 0 }), scope)
        const arriving = yield* Effect.fork(arrivals(listener, 1))
        const near = yield* connection.dial({ port: listener.port })
        const [far] = yield* Fiber.join(arriving)
        const waiting = yield* connection.dial({ port: listener.port })
        // It has reached the listener: what is behind it goes the same way.
        waiting.write("hello")
        yield* Run.run(connection, "say", "", "", "0")
        yield* Scope.close(scope, Exit.void)
        yield* Run.over(waiting)
        far?.end("still here")
        yield* same("what comes over the one that was taken", String(yield* Run.exchange(near, "")), "still here")
      })
  ),

  make("sixty times opened and closed uses nothing up", [], ({ connect }) =>
    Effect.gen(function*() {
      const connection = yield* connect
      const one = (round: number) =>
        Effect.scoped(Effect.gen(function*() {
          const listener = yield* connection.listen({ port: 0 })
          const { port } = listener
          // Without these words an answer that does not come says nothing of where it was lost.
          const heard: Array<string> = []
          const echo = (far: Duplex) =>
            Effect.match(Run.echoed(far), {
              onFailure: ({ came }) => void heard.push(`lost: ${came}`),
              onSuccess: (bytes) => void heard.push(String(bytes))
            })
          yield* Effect.forkScoped(
            Stream.runDrain(Stream.mapEffect(listener.connections, echo, { concurrency: 300, unordered: true }))
          )
          const duplex = yield* connection.dial({ port })
          const answer = String(yield* Run.exchange(duplex, "x"))
          yield* same(`the answer in round ${round} on port ${port}, whose end heard [${heard.join()}]`, answer, "x")
          // One that is cut off unread, and a program that nobody listens to.
          yield* connection.dial({ port })
          yield* Effect.flatMap(Run.start(connection, "hold"), ({ endInput }) => endInput)
          yield* Effect.scoped(Effect.flatMap(connection.files, (files) => files.stat("/")))
        }))
      const warnings: Array<string> = []
      const warned = (warning: Error) => void warnings.push(warning.message)
      // Node warns of the eleventh listener of an emitter.
      yield* Effect.acquireUseRelease(
        Effect.sync(() => process.on("warning", warned)),
        () => Effect.forEach(Array.from({ length: 60 }), (_, round) => one(round), { discard: true }),
        () => Effect.sync(() => process.off("warning", warned))
      )
      yield* same("what Node warns of", warnings.filter((warning) => warning.includes("listeners added")), [])
      yield* same("a program at the end", (yield* Run.run(connection, "say", "x", "", "0")).stdout, "x")
    })),

  make(
    "a server that allows no forwards: ForwardForbidden, both ways, and all else goes on",
    ["forbidding"],
    (context) =>
      Effect.gen(function*() {
        const host = yield* context.means("forbidding")
        const connection = yield* Effect.flatMap(Ssh, (ssh) => ssh.connect(host))
        const expected = { host, reason: "ForwardForbidden", hint: true } as const
        for (const port of [0, 45_678]) {
          const listening = Effect.scoped(connection.listen({ port }))
          yield* fails(`listen on ${port}`, listening, { ...expected, step: "listen" })
        }
        yield* fails("dial", Effect.scoped(connection.dial({ port: 22 })), { ...expected, step: "dial" })
        yield* same("a program", (yield* Run.run(connection, "say", "x", "", "0")).stdout, "x")
      })
  )
]
