/**
 * What every transport does on the way to a host, and how its users share it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { Ssh } from "../../services/Ssh.ts"
import type { SshError } from "../../services/SshError.ts"
import type { Case, Means } from "../SshConformance.ts"
import { eventually, fails, holds, make, same } from "./conformanceCase.ts"
import * as Run from "./conformanceRun.ts"

type Unreachable = "unnamed" | "refusing" | "silent" | "unknownKey" | "changedKey" | "stranger"

const refusal = (name: string, ability: Unreachable & keyof Means, reason: SshError["reason"]) =>
  make(name, [ability], (context) =>
    Effect.gen(function*() {
      const ssh = yield* Ssh
      const host = yield* context.means(ability)
      const connect = Effect.scoped(ssh.connect(host))
      const error = yield* fails("connect", connect, { host, reason, hint: true })
      yield* holds(
        "the step of the error",
        ["connect", "host key", "authenticate"].includes(error.step),
        "connect, host key or authenticate",
        error.step
      )
      // It is asked again, and hosts beside it are not harmed.
      yield* fails("connect again", connect, { host, reason, hint: true })
      yield* same("a program on a host", (yield* Run.run(yield* context.connect, "say", "x", "", "0")).stdout, "x")
    }))

/** @internal */
export const cases: ReadonlyArray<Case> = [
  make("a connection knows its host, and is not lost", [], (context) =>
    Effect.gen(function*() {
      const connection = yield* context.connect
      yield* same("its host", connection.host, context.host)
      const lost = yield* Effect.fork(connection.lost)
      yield* Run.run(connection, "say", "", "", "0")
      yield* same("whether it is lost", Option.isSome(yield* Fiber.poll(lost)), false)
      yield* Fiber.interrupt(lost)
    })),

  make("who answers has an address and a user, the same each time", [], (context) =>
    Effect.gen(function*() {
      const [one, two] = [yield* context.connect, yield* context.connect]
      const identity = yield* one.identity
      yield* same("the identity, asked again", yield* two.identity, identity)
      yield* holds("the user", identity.user !== "", "a name", identity.user)
      yield* holds("the address", identity.address !== "", "an address", identity.address)
    })),

  make("who answers has proved it with a key", ["hostKey"], (context) =>
    Effect.gen(function*() {
      const { hostKey } = yield* (yield* context.connect).identity
      yield* holds("the key", hostKey?.startsWith("SHA256:") === true, "a fingerprint: SHA256:…", hostKey)
    })),

  make(
    "a second user of a host pays no handshake, and the connection ends with the last",
    ["connections"],
    (context) =>
      Effect.gen(function*() {
        const look = yield* context.means("connections")
        yield* eventually(Effect.flatMap(look, ({ open }) => same("connections before", open, 0)))
        const before = yield* look
        const first = yield* Scope.make()
        const second = yield* Scope.make()
        const [one, two] = yield* Effect.all([
          Scope.extend(context.connect, first),
          Scope.extend(context.connect, second)
        ], { concurrency: 2 })
        const opened = yield* look
        yield* same("the connections that the server has taken", opened.accepted - before.accepted, 1)
        yield* same("those that one of the users sees", yield* one.transports, 1)
        yield* Scope.close(first, Exit.void)
        yield* same("a program of the other", (yield* Run.run(two, "say", "x", "", "0")).stdout, "x")
        yield* same("the open connections", (yield* look).open, 1)
        yield* Scope.close(second, Exit.void)
        yield* eventually(Effect.flatMap(look, ({ open }) => same("the open connections at the end", open, 0)))
      })
  ),

  make(
    "a connection without users is there for the next within its time",
    ["idleTimeToLive", "connections"],
    (context) =>
      Effect.gen(function*() {
        const look = yield* context.means("connections")
        yield* context.means("idleTimeToLive")
        // Nothing between the release and the next: looking may take longer than the time.
        const before = yield* Effect.scoped(Effect.zipRight(context.connect, look))
        const connection = yield* context.connect
        yield* same("a program", (yield* Run.run(connection, "say", "x", "", "0")).stdout, "x")
        yield* same("the connections that the server has taken", (yield* look).accepted - before.accepted, 0)
      })
  ),

  make("a connect that is interrupted leaves nothing", ["connections"], (context) =>
    Effect.gen(function*() {
      const look = yield* context.means("connections")
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) => Effect.scoped(Effect.zipRight(context.connect, Effect.never)).pipe(Effect.timeoutOption(3 * index)),
        { discard: true }
      )
      yield* eventually(Effect.flatMap(look, ({ open }) => same("the open connections", open, 0)))
    })),

  refusal("a name that does not resolve: NameUnknown", "unnamed", "NameUnknown"),
  refusal("a port where nothing listens: Refused", "refusing", "Refused"),
  refusal("a host that does not answer: Timeout", "silent", "Timeout"),
  refusal("a host with a key that nobody knows: HostKeyUnknown", "unknownKey", "HostKeyUnknown"),
  refusal("a host with another key than the known one: HostKeyChanged", "changedKey", "HostKeyChanged"),
  refusal("a host that does not let us in: Authentication", "stranger", "Authentication")
]
