/**
 * Which hosts reach one another without SSH, and at which address: found by trying, with a nonce that tells a host from another one
 * with the same private address.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as messageLines from "../internal/messageLines.ts"
import * as Nonce from "../internal/nonce.ts"
import * as nonceProbe from "../internal/nonceProbe.ts"
import * as programs from "../internal/programs.ts"
import { sameNetwork } from "../services/HostFacts.ts"
import type { Runtime } from "./Runtime.ts"

/** What may stand in a command line as the address of a host. */
const AddressText = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9.:_-]{0,127}$|^::[A-Fa-f0-9:.]{1,43}$/))

/**
 * An address of a host, and the hosts that reach it there.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AddressReach = Schema.Struct({ address: AddressText, from: Schema.Array(Schema.String) })

/**
 * Of each host the addresses that it has for others, the better first, and who reaches it there. `127.0.0.1` is for those that
 * share its network.
 *
 * @since 0.1.0
 * @category models
 */
export class Reachability extends Schema.Class<Reachability>("lazycluster/Reachability")({
  hosts: Schema.Array(Schema.Struct({
    host: Schema.String,
    addresses: Schema.Array(AddressReach),
    /** Why it could not be tried. */
    problem: Schema.optional(Schema.String)
  }))
}) {}

/**
 * The first address at which all of `from` reach a host.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addressOf = (
  self: Reachability,
  host: string,
  from: ReadonlyArray<string>
): Option.Option<string> =>
  Option.fromNullable(
    self.hosts.find((one) => one.host === host)?.addresses
      .find((reach) => from.every((other) => other === host || reach.from.includes(other)))?.address
  )

/**
 * Whether a host is reached from another one at an address.
 *
 * @since 0.1.0
 * @category guards
 */
export const reaches = (self: Reachability, from: string, host: string, address: string): boolean =>
  from === host ||
  self.hosts.some((one) =>
    one.host === host && one.addresses.some((reach) => reach.address === address && reach.from.includes(from))
  )

/**
 * Why a host has no address at which all of `from` reach it, as a sentence.
 *
 * @since 0.1.0
 * @category combinators
 */
export const whyNot = (self: Reachability, host: string, from: ReadonlyArray<string>): string => {
  const found = self.hosts.find((one) => one.host === host)
  if (found === undefined) return `nobody has tried to reach ${host}`
  const outer = found.addresses.filter(({ address }) => address !== "127.0.0.1")
  if (outer.length === 0) return `${host} has no address for others${found.problem ? `: ${found.problem}` : ""}`
  const [best] = outer.map(({ address, from: reaching }) => ({
    address,
    missing: from.filter((other) => other !== host && !reaching.includes(other))
  })).toSorted((a, b) => a.missing.length - b.missing.length)
  const missing = best?.missing ?? []
  return `${missing.join(", ")} ${missing.length === 1 ? "does" : "do"} not reach ${host} at ${best?.address ?? ""}`
}

/**
 * The same as text, a line for each address.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (self: Reachability): string =>
  self.hosts.flatMap(({ addresses, host, problem }) =>
    addresses.length === 0
      ? [`${host}: ${problem ?? "no address for others"}`]
      : addresses.map(({ address, from }) =>
        `${host} at ${address}: ${from.length === 0 ? "reached from nowhere" : `reached from ${from.join(", ")}`}`
      )
  ).join("\n")

/** A host says at most eight. */
const Said = Schema.parseJson(Schema.Struct({
  listening: Schema.Array(Schema.Tuple(AddressText, Schema.Int.pipe(Schema.between(1, 65535)))).pipe(Schema.maxItems(8))
}))

const mostSaid = 8192

/** Tries of one host at a time; those of all hosts go side by side. */
const concurrency = 64

type Listening = ReadonlyArray<readonly [address: string, port: number]>

interface Asked {
  readonly runtime: Runtime
  readonly nonce: string
  readonly listening: Either.Either<Listening, string>
}

/** The host listens as long as the scope is open. */
const listen = (runtime: Runtime, within: Duration.DurationInput): Effect.Effect<Asked, never, Scope.Scope> =>
  Effect.gen(function*() {
    const word = yield* Nonce.hex(5)
    const program = yield* programs.load("reach", "python")
    const said = Effect.gen(function*() {
      const process = yield* runtime.python(program, [word])
      yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(process.stderr)))
      const line = yield* Stream.runHead(messageLines.split(mostSaid)(process.stdout))
      return yield* Schema.decodeUnknown(Said)(Option.getOrElse(line, () => ""))
    })
    const listening = yield* Effect.either(Effect.timeout(said, within))
    return {
      runtime,
      nonce: word,
      listening: Either.mapBoth(listening, {
        onLeft: (error) =>
          error._tag === "ParseError" ? "it cannot tell its addresses: is there a python3?" : error.message,
        onRight: ({ listening }) => listening
      })
    }
  })

const tried = (from: Runtime, to: { readonly address: string; readonly port: number }, nonce: string) =>
  Effect.flatMap(from.connection, (connection) => nonceProbe.says(connection, to, nonce)).pipe(
    Effect.orElseSucceed(() => false)
  )

/**
 * Tries which of these machines reach one another, all at the same time. Each listens for that on a free port of each of its
 * addresses, and answers with a nonce, until all have tried. `startTimeout` bounds how long one may take to begin, as a Python is
 * started there, and `within` one try. What cannot be tried is not reached. Never fails.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Reachability, Runtime, RuntimeGroup } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const table = Effect.gen(function*() {
 *   const manager = yield* Runtime.manager()
 *   const group = yield* RuntimeGroup.make(["host-1", "host-2"])
 *   yield* Console.log(Reachability.render(yield* Reachability.probe([manager, ...group.runtimes])))
 * }).pipe(Effect.scoped)
 */
export const probe = (
  runtimes: ReadonlyArray<Runtime>,
  options: {
    /** How long a host may take until it listens. Default 20 seconds. */
    readonly startTimeout?: Duration.DurationInput | undefined
    /** How long one try may take. Default 5 seconds. */
    readonly within?: Duration.DurationInput | undefined
  } = {}
): Effect.Effect<Reachability> =>
  Effect.gen(function*() {
    const { startTimeout = "20 seconds", within = "5 seconds" } = options
    const asked = yield* Effect.forEach(runtimes, (runtime) => listen(runtime, startTimeout), { concurrency })
    const hosts = yield* Effect.forEach(asked, ({ listening, nonce, runtime }) =>
      Effect.gen(function*() {
        const host = runtime.host.alias
        const others = runtimes.filter((other) => other !== runtime)
        const near = others.filter((other) => sameNetwork(other.facts, runtime.facts))
        const addresses = yield* Effect.forEach(Either.getOrElse(listening, (): Listening => []), ([address, port]) =>
          Effect.map(
            Effect.filter(
              others,
              (other) =>
                Effect.map(
                  Effect.timeoutOption(tried(other, { address, port }, nonce), within),
                  Option.getOrElse(() => false)
                ),
              { concurrency }
            ),
            (from) => ({
              address,
              from: from.map((other) =>
                other.host.alias
              )
            })
          ), { concurrency })
        return {
          host,
          addresses: [
            ...(near.length === 0 ? [] : [{
              address: "127.0.0.1",
              from: near.map((other) => other.host.alias)
            }]),
            ...addresses
          ],
          ...(Either.isLeft(listening) ? { problem: listening.left } : {})
        }
      }), { concurrency })
    return Reachability.make({ hosts })
  }).pipe(Effect.scoped, Effect.withSpan("Reachability.probe", { attributes: { hosts: runtimes.length } }))
