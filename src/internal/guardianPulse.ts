/**
 * The beats that renew the lease of a guardian, and what is known of the lease by them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Options } from "../services/Guardian.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { Stay } from "./guardianTalk.ts"

/** How long a word over a connection of its own may take. */
const asideWithin = Duration.seconds(2)

/** A pause that lasts so much longer than it should: this program stood still. */
const stillness = 1000

/** @internal */
export interface Pulse {
  /** To be said when the host has answered: its lease is new. */
  readonly heard: Effect.Effect<void>
  /** Milliseconds until the lease runs out. */
  readonly left: Effect.Effect<number>
  /** Milliseconds since the host has answered. */
  readonly silence: Effect.Effect<number>
  /** Beats on a stay; renews the lease aside where the host has been silent for too long. */
  readonly beat: (stay: Stay) => Effect.Effect<never>
}

/** @internal */
export const make = Effect.fnUntraced(function*(
  options: Pick<Options, "id" | "lease" | "programs">
): Effect.fn.Return<Pulse> {
  const lease = Duration.toMillis(options.lease)
  const pause = Math.min(1000, lease / 4)
  const beatEvery = Duration.millis(pause)
  // Long enough for a slow link, short enough to renew a short lease in time.
  const tooSilent = Math.max(lease / 4, Math.min(2000, lease / 2))
  // A beat that stalls, a pause, and a connection: so long it takes until the next round has renewed it. A second is the watchdog's.
  const nextRound = 2 * pause + Duration.toMillis(asideWithin) + 1000
  const begun = yield* Clock.currentTimeMillis
  const answered = yield* Ref.make(begun)
  const renewed = yield* Ref.make(begun)

  const left = Effect.zipWith(Clock.currentTimeMillis, Ref.get(renewed), (now, last) => last + lease - now)
  const silence = Effect.zipWith(Clock.currentTimeMillis, Ref.get(answered), (now, last) => now - last)

  /** Renews the lease over a connection of its own: TCP needs as long again to recover as the link was away. */
  const renewAside = (connection: SshConnection) =>
    connection.aside({ program: options.programs.guardian, words: ["renew", options.id] }).pipe(
      Effect.flatMap((process) => Stream.mkString(Stream.decodeText(process.stdout))),
      Effect.scoped,
      Effect.timeout(asideWithin),
      Effect.flatMap((said) =>
        said.split("\n").includes("renewed")
          ? Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.set(renewed, now))
          : Effect.void
      ),
      Effect.ignore
    )

  return {
    heard: Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Effect.zipRight(Ref.set(answered, now), Ref.set(renewed, now))
    ),
    left,
    silence,
    beat: (stay) =>
      Effect.gen(function*() {
        let stood = false
        while (true) {
          // Who stood still has not listened: what the host has answered may lie there unread, and the next round judges. But for a
          // lease that could run out by then.
          const mayWait = stood && (yield* left) > nextRound
          if ((yield* silence) > tooSilent && !mayWait) yield* renewAside(stay.connection)
          // A stalled channel takes no line: that must not stop the next beat.
          yield* Effect.ignore(Effect.timeout(stay.say(`beat ${yield* Clock.currentTimeMillis}`), beatEvery))
          const since = yield* Clock.currentTimeMillis
          yield* Effect.sleep(beatEvery)
          // Not twice in a row: a host must not be given up for a program that stands still again and again.
          stood = !stood && (yield* Clock.currentTimeMillis) - since > pause + stillness
        }
      })
  }
})
