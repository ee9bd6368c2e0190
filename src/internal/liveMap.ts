/**
 * One resource for each key, shared by all who use it at the same time.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"

/**
 * What failed, or has gone since, is not handed to the next user: that one gets a new one, while the users of the old one
 * keep it to their end. `gone` fails when a resource has gone.
 *
 * To invalidate a key of an RcMap would not do: a late user of the old resource would take the new one out of the map when it
 * leaves. So each turn has a key of its own.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*<K, A, E, R, X>(options: {
  readonly lookup: (key: K) => Effect.Effect<A, E, R | Scope.Scope>
  readonly gone: (value: A) => Effect.Effect<never, X>
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}) {
  const turns = MutableHashMap.empty<K, number>()
  const entryOf = (key: K) => Data.struct({ key, turn: Option.getOrElse(MutableHashMap.get(turns, key), () => 0) })
  type Entry = ReturnType<typeof entryOf>
  const entries: RcMap.RcMap<Entry, A, E> = yield* RcMap.make({
    lookup: (entry: Entry) => {
      const pass = Effect.zipRight(
        Effect.sync(() => MutableHashMap.set(turns, entry.key, entry.turn + 1)),
        RcMap.invalidate(entries, entry)
      )
      return options.lookup(entry.key).pipe(
        Effect.tapErrorCause(() => pass),
        Effect.tap((value) => Effect.forkScoped(Effect.catchAll(options.gone(value), () => pass)))
      )
    },
    ...(options.idleTimeToLive === undefined ? {} : { idleTimeToLive: options.idleTimeToLive })
  })
  return (key: K): Effect.Effect<A, E, Scope.Scope> => Effect.suspend(() => RcMap.get(entries, entryOf(key)))
})
