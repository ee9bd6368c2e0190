import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as sharedSessions from "../../src/internal/sharedSessions.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as stub from "./stubTransport.ts"

/** Everything that can go on now has. */
const settled = TestClock.adjust(0)

/** A session in a scope of its own, and how to end it. */
const begin = (connection: SshConnection, name: string, lasting = false) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Scope.extend(connection.exec(stub.invocation(name), { lasting }), scope)
    return Scope.close(scope, Exit.void)
  })

const names = (lines: ReadonlyArray<stub.Line>) => lines.map((line) => [...line.open])

describe("the server's limit", () => {
  it.scoped("is learned from a refused open: a short session waits for one to end, and nothing else is dialled", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(2)
      const connection = yield* sharedSessions.make(stub.host, open)
      const end = yield* begin(connection, "a")
      yield* begin(connection, "b")
      const third = yield* Effect.fork(begin(connection, "c"))
      yield* settled
      assert.isTrue(Option.isNone(yield* Fiber.poll(third)))
      yield* end
      yield* Fiber.join(third)
      assert.deepStrictEqual(names(lines), [["b", "c"]])
      assert.strictEqual(yield* connection.transports, 1)
    }))

  it.scoped("twenty-five at a time on a limit of ten: all run, never more than ten, on one line", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const connection = yield* sharedSessions.make(stub.host, open)
      const all = yield* Effect.fork(
        Effect.forEach(
          Array.from({ length: 25 }, (_, index) => `s${index}`),
          (name) => Effect.scoped(Effect.zipRight(connection.exec(stub.invocation(name)), Effect.sleep("1 second"))),
          {
            concurrency: "unbounded"
          }
        )
      )
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* Fiber.poll(all)))
      yield* TestClock.adjust("2 seconds")
      assert.lengthOf(yield* Fiber.join(all), 25)
      assert.deepStrictEqual(lines.map(({ most }) => most), [10])
      assert.deepStrictEqual(names(lines), [[]])
    }))

  it.scoped("who waits for a session to end hears that the link has gone", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(2)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "a")
      yield* begin(connection, "b")
      const third = yield* Effect.fork(Effect.flip(begin(connection, "c")))
      yield* settled
      yield* lines[0]?.lose ?? Effect.void
      yield* settled
      assert.strictEqual((yield* Fiber.join(third)).reason, "LinkLost")
      assert.strictEqual((yield* Effect.flip(begin(connection, "d"))).reason, "LinkLost")
    }))

  it.scoped("what has just ended may still be ending at the server: asked again for some seconds, and then an error", () =>
    Effect.gen(function*() {
      let limit = 2
      const { open } = stub.make(() => limit)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* Effect.flatten(begin(connection, "a"))
      limit = 0
      const second = yield* Effect.fork(begin(connection, "b"))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* Fiber.poll(second)))
      limit = 2
      yield* TestClock.adjust("1 second")
      yield* Effect.flatten(Fiber.join(second))
      limit = 0
      const third = yield* Effect.fork(Effect.flip(begin(connection, "c")))
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual((yield* Fiber.join(third)).reason, "ChannelRefused")
    }))

  it.scoped("one that has gone dials nobody for more sessions", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(2)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "a", true)
      yield* begin(connection, "b", true)
      yield* begin(connection, "c", true)
      yield* begin(connection, "d", true)
      assert.lengthOf(lines, 2)
      yield* lines[0]?.lose ?? Effect.void
      yield* settled
      assert.strictEqual((yield* Effect.flip(begin(connection, "e", true))).reason, "LinkLost")
      assert.lengthOf(lines, 2)
    }))

  it.scoped("a refusal where nothing else stands is an error, and no limit of zero", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(0)
      const connection = yield* sharedSessions.make(stub.host, open)
      const error = yield* Effect.flip(connection.exec(stub.invocation("a")))
      assert.strictEqual(error.reason, "ChannelRefused")
      assert.lengthOf(lines, 1)
    }))

  it.scoped("of one: a lasting session and a short one have a line each; the next short one waits", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* connection.anchor(stub.invocation("anchor"))
      yield* begin(connection, "guardian", true)
      const end = yield* begin(connection, "short")
      const next = yield* Effect.fork(begin(connection, "next"))
      yield* settled
      assert.deepStrictEqual(names(lines), [["guardian"], ["short"]])
      yield* end
      yield* Fiber.join(next)
      assert.deepStrictEqual(names(lines), [["guardian"], ["next"]])
    }))
})

describe("a limit that was another's doing", () => {
  it.scoped("is doubted after a while, and grows; a true one is doubted ever more rarely", () =>
    Effect.gen(function*() {
      let limit = 2
      let refusals = 0
      const { lines, open } = stub.make(() => limit)
      const counted = Effect.map(open, (transport) => ({
        ...transport,
        exec: (invocation: Parameters<typeof transport.exec>[0]) =>
          Effect.tapError(transport.exec(invocation), () => Effect.sync(() => refusals++))
      }))
      const connection = yield* sharedSessions.make(stub.host, counted)
      const waiting = (name: string) => Effect.zipLeft(Effect.fork(begin(connection, name)), settled)
      yield* begin(connection, "a")
      yield* begin(connection, "b")
      const first = yield* waiting("c")
      assert.strictEqual(refusals, 1)
      yield* waiting("d")
      assert.strictEqual(refusals, 1)
      // A true limit: one more try a minute later, and no other for two minutes.
      yield* TestClock.adjust("61 seconds")
      yield* waiting("e")
      yield* waiting("f")
      assert.strictEqual(refusals, 2)
      yield* TestClock.adjust("119 seconds")
      yield* waiting("g")
      assert.strictEqual(refusals, 2)
      // The server has room again.
      limit = 10
      yield* TestClock.adjust("2 seconds")
      yield* waiting("h")
      assert.strictEqual(refusals, 2)
      assert.include(lines[0]?.open ?? [], "h")
      yield* TestClock.adjust("2 minutes")
      yield* waiting("i")
      assert.lengthOf(lines, 1)
      assert.isAtLeast(lines[0]?.open.length ?? 0, 4)
      yield* Fiber.interrupt(first)
    }))
})

describe("files", () => {
  it.scoped("whose session ended alone are opened anew for those who had them", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      const connection = yield* sharedSessions.make(stub.host, open)
      const files = yield* connection.files
      assert.deepStrictEqual(yield* files.list("/"), ["sftp 1"])
      const [line] = lines
      assert.isDefined(line)
      if (line !== undefined) line.ended = 1
      assert.deepStrictEqual(
        yield* Effect.all([files.list("/"), files.list("/")], { concurrency: 2 }),
        [["sftp 2"], ["sftp 2"]]
      )
      // In the place of the other: the server has room for one.
      assert.deepStrictEqual(names(lines), [["sftp"]])
      assert.strictEqual(yield* connection.transports, 1)
    }))
})

describe("lasting and short sessions", () => {
  it.scoped("lasting ones leave a slot; short ones get it while lasting ones open a line", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(3)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "l1", true)
      yield* begin(connection, "l2", true)
      const end = yield* begin(connection, "s1")
      // Refused: the limit is known from here on.
      yield* Effect.fork(begin(connection, "s2"))
      yield* settled
      yield* end
      yield* settled
      yield* begin(connection, "l3", true)
      assert.deepStrictEqual(names(lines), [["l1", "l2", "s2"], ["l3"]])
    }))

  it.scoped("a short one does not wait behind lasting ones", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(2)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "l1", true)
      yield* begin(connection, "l2", true)
      yield* begin(connection, "short")
      assert.deepStrictEqual(names(lines), [["l1", "l2"], ["short"]])
    }))

  it.scoped("a short one that waits takes a line that a lasting one has opened", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(3)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "l1", true)
      yield* begin(connection, "l2", true)
      yield* begin(connection, "s1")
      const waits = yield* Effect.fork(begin(connection, "s2"))
      yield* settled
      assert.isTrue(Option.isNone(yield* Fiber.poll(waits)))
      yield* begin(connection, "l3", true)
      yield* Fiber.join(waits)
      assert.deepStrictEqual(names(lines), [["l1", "l2", "s1"], ["l3", "s2"]])
    }))

  it.scoped("many who need a line at once open one", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const connection = yield* sharedSessions.make(stub.host, Effect.zipLeft(open, Effect.yieldNow()))
      yield* Effect.forEach(
        Array.from({ length: 14 }, (_, index) => `l${index}`),
        (name) => begin(connection, name, true),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(lines, 2)
      assert.lengthOf(lines.flatMap(({ open }) => open), 14)
    }))

  it.scoped("a session that ends frees its slot once only", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(2)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "stays")
      for (let round = 0; round < 5; round++) yield* Effect.flatten(begin(connection, `r${round}`))
      yield* begin(connection, "last")
      const over = yield* Effect.fork(begin(connection, "over"))
      yield* settled
      assert.isTrue(Option.isNone(yield* Fiber.poll(over)))
      assert.deepStrictEqual(names(lines), [["stays", "last"]])
    }))

  it.scoped("files are one lasting session for all, from the first use to the last", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(5)
      const connection = yield* sharedSessions.make(stub.host, open)
      assert.deepStrictEqual(names(lines), [[]])
      yield* Effect.scoped(Effect.gen(function*() {
        assert.strictEqual(yield* connection.files, yield* connection.files)
        assert.deepStrictEqual(names(lines), [["sftp"]])
      }))
      assert.deepStrictEqual(names(lines), [[]])
    }))
})

describe("anchors", () => {
  it.scoped("run on every further line, not on the first, and end with their scope", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(3)
      const connection = yield* sharedSessions.make(stub.host, open)
      const scope = yield* Scope.make()
      yield* Scope.extend(connection.anchor(stub.invocation("anchor-1")), scope)
      yield* connection.anchor(stub.invocation("anchor-2"))
      for (const name of ["l1", "l2", "l3", "l4"]) yield* begin(connection, name, true)
      assert.deepStrictEqual(names(lines), [["l1", "l2", "l3"], ["anchor-2", "l4"]])
      yield* Scope.close(scope, Exit.void)
      yield* begin(connection, "l5", true)
      assert.deepStrictEqual(names(lines)[2], ["anchor-2", "l5"])
    }))

  it.scoped("that end give their slots back", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(4)
      const connection = yield* sharedSessions.make(stub.host, open)
      const scope = yield* Scope.make()
      yield* Scope.extend(connection.anchor(stub.invocation("anchor")), scope)
      for (const name of ["l1", "l2", "l3", "l4", "l5"]) yield* begin(connection, name, true)
      assert.deepStrictEqual(names(lines)[1], ["anchor", "l5"])
      yield* Scope.close(scope, Exit.void)
      for (const name of ["l6", "l7"]) yield* begin(connection, name, true)
      assert.deepStrictEqual(names(lines).slice(1), [["l5", "l6", "l7"]])
    }))

  it.scoped("of later users run on lines that were there before", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(3)
      const connection = yield* sharedSessions.make(stub.host, open)
      for (const name of ["l1", "l2", "l3", "l4"]) yield* begin(connection, name, true)
      yield* connection.anchor(stub.invocation("anchor"))
      assert.deepStrictEqual(names(lines), [["l1", "l2", "l3"], ["l4", "anchor"]])
    }))

  for (const limit of [1, 2, 3, 10]) {
    it.scoped(`of twelve runtimes on a limit of ${limit} leave room for what the line was opened for`, () =>
      Effect.gen(function*() {
        const { lines, open } = stub.make(limit)
        const connection = yield* sharedSessions.make(stub.host, open)
        for (let runtime = 0; runtime < 12; runtime++) {
          yield* begin(connection, `guardian-${runtime}`, true)
          yield* connection.anchor(stub.invocation(`anchor-${runtime}`))
        }
        yield* begin(connection, "short")
        const open_ = lines.flatMap(({ open }) => open)
        assert.lengthOf(open_.filter((name) => name.startsWith("guardian")), 12)
        assert.include(open_, "short")
        assert.isTrue(lines.every(({ most }) => most <= limit))
        if (limit > 1) assert.isTrue(lines.slice(1).every(({ open }) => open.some((name) => name.startsWith("anchor"))))
        assert.isAtMost(lines.length, 13)
      }))
  }
})

describe("interruption and loss", () => {
  it.scoped("a session that waits and is interrupted leaks no slot", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(2)
      const connection = yield* sharedSessions.make(stub.host, open)
      const end = yield* begin(connection, "a")
      yield* begin(connection, "b")
      const waits = yield* Effect.fork(begin(connection, "c"))
      yield* settled
      yield* Fiber.interrupt(waits)
      yield* end
      yield* begin(connection, "d")
      assert.deepStrictEqual(names(lines), [["b", "d"]])
    }))

  it.scoped("a line that is being opened for nobody any more is closed, and the next one opens its own", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      const slow = yield* Deferred.make<void>()
      let dials = 0
      const connection = yield* sharedSessions.make(
        stub.host,
        Effect.zipLeft(open, Effect.suspend(() => ++dials === 2 ? Deferred.await(slow) : Effect.void))
      )
      yield* begin(connection, "guardian", true)
      const waits = yield* Effect.fork(begin(connection, "a", true))
      yield* settled
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [false, false])
      yield* Fiber.interrupt(waits)
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [false, true])
      assert.strictEqual(yield* connection.transports, 1)
      yield* begin(connection, "b", true)
      assert.deepStrictEqual(names(lines), [["guardian"], [], ["b"]])
    }))

  it.scoped("an interrupted open gives its slot back and closes what had come of it", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      const slow = Effect.map(open, (transport) => ({
        ...transport,
        exec: (invocation: Parameters<typeof transport.exec>[0]) =>
          Effect.zipLeft(transport.exec(invocation), invocation.program.name === "slow" ? Effect.never : Effect.void)
      }))
      const connection = yield* sharedSessions.make(stub.host, slow)
      const fiber = yield* Effect.fork(begin(connection, "slow"))
      yield* settled
      assert.deepStrictEqual(names(lines), [["slow"]])
      yield* Fiber.interrupt(fiber)
      yield* begin(connection, "next")
      assert.deepStrictEqual(names(lines), [["next"]])
    }))

  it.scoped("a further line that is lost loses the connection; sever ends all", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "l1", true)
      yield* begin(connection, "l2", true)
      yield* connection.sever
      assert.deepStrictEqual(lines.map(({ severed }) => severed), [true, true])
      const heard = yield* Effect.fork(Effect.flip(connection.lost))
      yield* settled
      assert.isTrue(Option.isNone(yield* Fiber.poll(heard)))
      yield* lines[1]?.lose ?? Effect.void
      assert.strictEqual(yield* Fiber.join(heard), stub.linkLost)
    }))

  it.effect("closing the connection closes every line", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      yield* Effect.scoped(Effect.gen(function*() {
        const connection = yield* sharedSessions.make(stub.host, open)
        yield* connection.exec(stub.invocation("l1"), { lasting: true })
        yield* connection.exec(stub.invocation("l2"), { lasting: true })
      }))
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [true, true])
      assert.deepStrictEqual(names(lines), [[], []])
    }))

  it.scoped("a program aside has a line to itself, which closes with it", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(1)
      const connection = yield* sharedSessions.make(stub.host, open)
      yield* begin(connection, "l1", true)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* connection.aside(stub.invocation("renew"))
        assert.deepStrictEqual(names(lines), [["l1"], ["renew"]])
      }))
      assert.isTrue(lines[1]?.closed)
      assert.strictEqual(yield* connection.transports, 1)
    }))
})
