/**
 * Whether the one that answers at an address is the one that is meant.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Address, SshConnection } from "../services/SshConnection.ts"
import type { SshError } from "../services/SshError.ts"
import { readAll } from "./duplexStream.ts"

/**
 * Dials, and hears whether it is told the nonce.
 *
 * @internal
 */
export const says = (connection: SshConnection, to: Address, nonce: string): Effect.Effect<boolean, SshError> =>
  Effect.gen(function*() {
    const duplex = yield* connection.dial(to)
    const heard = yield* readAll(duplex, () => "closed" as const).pipe(
      Stream.mapAccum("", (before, chunk) => {
        const all = before + Buffer.from(chunk).toString("latin1")
        return [all, all]
      }),
      Stream.takeUntil((all) => all.length >= nonce.length),
      Stream.runLast,
      Effect.orElseSucceed(Option.none)
    )
    return Option.contains(heard, nonce)
  }).pipe(Effect.scoped)
