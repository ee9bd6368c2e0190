/**
 * `reach.py` in memory: a host has one address for others, that of its identity or else its name; the manager has none but that
 * of its identity.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { manager } from "../../services/Host.ts"
import type { Process } from "../InMemoryHost.ts"
import type { MemoryHost } from "./memoryHost.ts"

const said = (listening: ReadonlyArray<readonly [address: string, port: number]>) =>
  `${JSON.stringify({ listening })}\n`

/** @internal */
export const run = (self: Process, host: MemoryHost): Effect.Effect<number> =>
  Effect.gen(function*() {
    const address = host.options.identity?.address ?? host.alias
    const [, nonce = ""] = self.argv
    const bound = address === manager.alias ? Option.none() : yield* Effect.option(self.listen({ address, port: 0 }))
    yield* self.stdout(said(Option.isSome(bound) ? [[address, bound.value.port]] : []))
    if (Option.isSome(bound)) {
      yield* bound.value.connections.pipe(
        Stream.runForEach((duplex) => Effect.sync(() => duplex.end(nonce))),
        Effect.ignore,
        Effect.forkScoped
      )
    }
    while (Option.isSome(yield* self.readLine)) { /* its end is the end */ }
    return 0
  }).pipe(Effect.scoped)
