/**
 * What a server says when it rejects a try to log in. ssh2 tells its authHandler only of tries without an agent: after one with
 * an agent the methods that are left are those of before, and a server that wants a second factor looks as if it wanted another
 * key.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import type { Client } from "ssh2"

/**
 * Hears of each rejection before ssh2 does: the methods that may go on, and whether the last one was right but not enough.
 * To be called once `connect` was.
 *
 * @internal
 */
export const onRejection = (client: Client, tell: (methods: ReadonlyArray<string>, partly: boolean) => void): void => {
  const protocol: unknown = Reflect.get(client, "_protocol")
  const handlers: unknown = Predicate.hasProperty(protocol, "_handlers") ? protocol._handlers : undefined
  if (!Predicate.hasProperty(handlers, "USERAUTH_FAILURE")) return
  const before = handlers.USERAUTH_FAILURE
  if (!Predicate.isFunction(before)) return
  Object.assign(handlers, {
    USERAUTH_FAILURE: (...words: ReadonlyArray<unknown>) => {
      const [, methods, partly] = words
      if (Array.isArray(methods)) tell(methods.filter(Predicate.isString), partly === true)
      before(...words)
    }
  })
}
