import { assert, describe, it } from "@effect/vitest"
import { assertEquals } from "@effect/vitest/utils"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"
import * as stub from "../internal/stubTransport.ts"

const settled = TestClock.adjust(0)

const manager = {} as SshConnection

const refused = new SshError({ reason: "Refused", host: "host-1", step: "connect", detail: "nothing listens" })

/** A user of a connection in a scope of its own, and how it leaves. */
const use = (ssh: Ssh.Ssh["Type"], host = stub.host) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const connection = yield* Scope.extend(ssh.connect(host), scope)
    return { connection, leave: Scope.close(scope, Exit.void) }
  })

describe("connections", () => {
  it.scoped("are shared by host, also by users that come at the same time, and close with the last", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => Effect.zipLeft(open, Effect.sleep("1 second")), manager })
      const both = yield* Effect.fork(Effect.all([use(ssh), use(ssh, Host.Host.make({ alias: "host-1" }))], {
        concurrency: "unbounded"
      }))
      yield* TestClock.adjust("1 second")
      const [a, b] = yield* Fiber.join(both)
      assert.strictEqual(a.connection, b.connection)
      assert.lengthOf(lines, 1)
      yield* a.leave
      assert.isFalse(lines[0]?.closed)
      yield* b.leave
      assert.isTrue(lines[0]?.closed)
    }))

  it.scoped("of one alias with another user or port are others", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => open, manager })
      yield* use(ssh)
      yield* use(ssh, Host.Host.make({ alias: "host-1", port: 2222 }))
      yield* use(ssh, Host.Host.make({ alias: "host-1", user: "root" }))
      assert.lengthOf(lines, 3)
    }))

  it.scoped("to the manager are none", () =>
    Effect.gen(function*() {
      const ssh = yield* Ssh.make({ open: () => Effect.dieMessage("dialled"), manager })
      assert.strictEqual((yield* use(ssh, Host.manager)).connection, manager)
    }))

  it.scoped("stay open for the idle time, and are taken up again within it", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => open, manager, idleTimeToLive: "10 seconds" })
      yield* Effect.flatMap(use(ssh), ({ leave }) => leave)
      yield* TestClock.adjust("9 seconds")
      const again = yield* use(ssh)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [false])
      yield* again.leave
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [true])
    }))
})

describe("a dial that fails", () => {
  it.scoped("is not kept: the next user dials again, and shares what it gets", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      let dials = 0
      const ssh = yield* Ssh.make({
        open: () => Effect.suspend(() => ++dials === 1 ? Effect.fail(refused) : open),
        manager,
        idleTimeToLive: "1 minute"
      })
      assertEquals(yield* Effect.flip(use(ssh)), refused)
      yield* use(ssh)
      yield* use(ssh)
      assert.strictEqual(dials, 2)
      assert.lengthOf(lines, 1)
    }))

  it.scoped("fails all that waited for it; those that try again at once share one dial", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      let dials = 0
      const ssh = yield* Ssh.make({
        open: () =>
          Effect.zipRight(Effect.sleep("1 second"), Effect.suspend(() => ++dials === 1 ? Effect.fail(refused) : open)),
        manager
      })
      const all = yield* Effect.fork(
        Effect.forEach([1, 2, 3], () => Effect.retry(use(ssh), { times: 1 }), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(all)
      yield* use(ssh).pipe(Effect.fork, Effect.tap(() => TestClock.adjust("1 second")), Effect.flatMap(Fiber.join))
      assert.strictEqual(dials, 2)
      assert.lengthOf(lines, 1)
    }))

  it.scoped("because of a bug is not kept either", () =>
    Effect.gen(function*() {
      const { open } = stub.make(10)
      let dials = 0
      const ssh = yield* Ssh.make({
        open: () => Effect.suspend(() => ++dials === 1 ? Effect.dieMessage("a bug") : open),
        manager,
        idleTimeToLive: "1 minute"
      })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(use(ssh))))
      yield* use(ssh)
      assert.strictEqual(dials, 2)
    }))
})

describe("a link that is lost", () => {
  it.scoped("is not handed out again", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => open, manager })
      const before = yield* use(ssh)
      yield* lines[0]?.lose ?? Effect.void
      yield* settled
      const after = yield* use(ssh)
      assert.notStrictEqual(after.connection, before.connection)
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [false, false])
      yield* before.leave
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [true, false])
    }))

  it.scoped("takes nothing of the new one with it when its last user leaves late", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => open, manager })
      const [one, other] = [yield* use(ssh), yield* use(ssh)]
      yield* lines[0]?.lose ?? Effect.void
      yield* settled
      yield* one.leave
      const first = yield* use(ssh)
      yield* other.leave
      const second = yield* use(ssh)
      assert.strictEqual(first.connection, second.connection)
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [true, false])
    }))

  it.scoped("while nobody uses it is closed at once", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => open, manager, idleTimeToLive: "1 hour" })
      yield* Effect.flatMap(use(ssh), ({ leave }) => leave)
      yield* lines[0]?.lose ?? Effect.void
      yield* settled
      assert.isTrue(lines[0]?.closed)
      yield* use(ssh)
      assert.lengthOf(lines, 2)
    }))
})

describe("interruption", () => {
  it.scoped("of the one who dialled first does not spoil it for the others", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const up = yield* Deferred.make<void>()
      const ssh = yield* Ssh.make({ open: () => Effect.zipLeft(open, Deferred.await(up)), manager })
      const first = yield* Effect.fork(Effect.scoped(ssh.connect(stub.host)))
      yield* settled
      const second = yield* Effect.fork(use(ssh))
      yield* settled
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(up, undefined)
      yield* Fiber.join(second)
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [false])
    }))

  it.scoped("of all who wait ends the dial", () =>
    Effect.gen(function*() {
      const { lines, open } = stub.make(10)
      const ssh = yield* Ssh.make({ open: () => Effect.zipLeft(open, Effect.never), manager })
      const fiber = yield* Effect.fork(Effect.scoped(ssh.connect(stub.host)))
      yield* settled
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(lines.map(({ closed }) => closed), [true])
    }))
})
