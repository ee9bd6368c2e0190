/**
 * The hosts of a work queue: which of them can take work now, how much each has, and which have gone.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import * as TRef from "effect/TRef"
import { GroupError } from "./GroupError.ts"
import type { Runtime } from "./Runtime.ts"
import type { RuntimeGroup } from "./RuntimeGroup.ts"

interface Place {
  readonly runtime: Runtime
  readonly most: number
  readonly busy: number
  readonly link: "up" | "away"
  /** It has failed, and is being asked whether it lives. */
  readonly suspect: boolean
  /** Why it is of no use any more. */
  readonly gone: string | undefined
}

/** @internal */
export interface Hosts {
  /** How many effects may run at a time on all hosts together. */
  readonly places: number
  /** Waits until a host could take one more and nobody waits for one, or until no host is left. */
  readonly room: Effect.Effect<void>
  /**
   * Runs an effect on the host with the least to do, on none of `avoid` as long as others are up; on another one when its
   * host is removed from the group. Waits while all are busy or away; fails once all have gone. Each call is told by `asks`.
   */
  readonly on: <A, E, R>(
    avoid: ReadonlySet<Runtime>,
    use: (runtime: Runtime) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | GroupError, R>
  /** Tells at once that somebody will be at `on` in a moment: what is under way counts from here. */
  readonly asks: Effect.Effect<void>
  /** Gives a host no more to do until it has shown that it lives. */
  readonly suspect: (runtime: Runtime) => Effect.Effect<void>
}

/** A host that could not run `true` so many times is of no use any more. */
const probing = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(3))

const idle = ({ busy, gone, link, most, suspect }: Place): boolean =>
  gone === undefined && link === "up" && !suspect && busy < most

const lost = (all: ReadonlyArray<Place>): GroupError =>
  new GroupError({
    reason: "HostsLost",
    step: "RuntimeGroup.forEach",
    detail: "no host is left, and there is work left",
    failed: all.map(({ gone = "", runtime }) => ({ host: runtime.host.alias, message: gone })),
    hint: "mend the hosts and make the group again; a longer `lease` outlives longer cuts"
  })

/**
 * Watches the links of runtimes as long as the scope is open.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  { holds, runtimes }: RuntimeGroup,
  perHost: (runtime: Runtime) => number
): Effect.fn.Return<Hosts, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const start = runtimes.map((runtime): Place => ({
    runtime,
    most: Math.max(1, Math.floor(perHost(runtime))),
    busy: 0,
    link: "up",
    suspect: false,
    gone: undefined
  }))
  const all = yield* TRef.make<ReadonlyArray<Place>>(start)
  const waiting = yield* TRef.make(0)
  const change = (runtime: Runtime, to: (place: Place) => Partial<Place>) =>
    TRef.update(all, (places) => places.map((one) => one.runtime === runtime ? { ...one, ...to(one) } : one))

  const take = (avoid: ReadonlySet<Runtime>): STM.STM<Runtime, GroupError> =>
    STM.flatMap(TRef.get(all), (places) => {
      if (places.every(({ gone }) => gone !== undefined)) return STM.fail(lost(places))
      const others = places.filter((one) => !avoid.has(one.runtime) && one.gone === undefined && one.link === "up")
      const [best] = (others.length > 0 ? others : places).filter(idle).toSorted((a, b) => a.busy - b.busy)
      return best === undefined
        ? STM.retry
        : STM.as(change(best.runtime, ({ busy }) => ({ busy: busy + 1 })), best.runtime)
    })

  /** Only the connection knows why a link has gone. */
  const over = (runtime: Runtime) =>
    Effect.matchEffect(runtime.connection, {
      onFailure: ({ message }) => change(runtime, () => ({ gone: message })),
      onSuccess: () => Effect.void
    })
  yield* Effect.forEach(
    runtimes,
    (runtime) =>
      runtime.linkState.watch((link) => link === "gone" ? over(runtime) : change(runtime, () => ({ link }))).pipe(
        Effect.forkScoped
      ),
    { discard: true }
  )

  const probe = (runtime: Runtime) =>
    runtime.exec({ argv: ["true"] }).pipe(
      Effect.flatMap((process) => Effect.zipRight(Stream.runDrain(process.stdout), process.exit)),
      Effect.scoped,
      Effect.retry(probing),
      Effect.matchEffect({
        onFailure: ({ message }) => change(runtime, () => ({ gone: message })),
        onSuccess: () => change(runtime, () => ({ suspect: false }))
      })
    )

  const asks = TRef.update(waiting, (n) => n + 1)
  const removed = (runtime: Runtime): Effect.Effect<unknown> => {
    const hold = holds.get(runtime.host.alias)
    return hold === undefined ? Effect.never : Effect.zipRight(
      Deferred.await(hold.removed),
      change(runtime, () => ({ gone: "it was removed from the group" }))
    )
  }
  const on = <A, E, R>(
    avoid: ReadonlySet<Runtime>,
    use: (runtime: Runtime) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | GroupError, R> =>
    Effect.uninterruptibleMask((restore) =>
      restore(STM.commit(STM.zipLeft(take(avoid), TRef.update(waiting, (n) => n - 1)))).pipe(
        Effect.flatMap((runtime) =>
          Effect.ensuring(
            restore(Effect.raceFirst(Effect.asSome(use(runtime)), Effect.as(removed(runtime), Option.none<A>()))),
            change(runtime, ({ busy }) => ({ busy: busy - 1 }))
          )
        ),
        Effect.flatMap((done) =>
          Option.isSome(done) ? Effect.succeed(done.value) : restore(Effect.zipRight(asks, on(avoid, use)))
        )
      )
    )

  return {
    places: start.reduce((sum, { most }) => sum + most, 0),
    room: STM.commit(STM.flatMap(
      STM.zip(TRef.get(all), TRef.get(waiting)),
      ([places, others]) =>
        STM.check(() => (others === 0 && places.some(idle)) || places.every(({ gone }) => gone !== undefined))
    )),
    on,
    asks,
    suspect: (runtime) =>
      TRef.modify(all, (places) => [
        places.some((one) => one.runtime === runtime && !one.suspect && one.gone === undefined),
        places.map((one) => one.runtime === runtime ? { ...one, suspect: true } : one)
      ]).pipe(
        Effect.flatMap((first) => Effect.when(Effect.forkIn(probe(runtime), scope), () => first)),
        Effect.asVoid
      )
  }
})
