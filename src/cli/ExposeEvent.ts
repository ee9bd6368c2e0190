/**
 * What `lazycluster expose --json` prints, an event a line, and the same for people.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Match from "effect/Match"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as socketPath from "../internal/socketPath.ts"
import type * as Expose from "../runtimes/Expose.ts"
import type * as Tunnel from "../services/Tunnel.ts"
import { Invocation } from "./Invocation.ts"
import * as View from "./View.ts"

const Route = Schema.Struct({
  from: Schema.String,
  /** `ADDRESS:PORT`, or the path of a socket. */
  at: Schema.String,
  to: Schema.String,
  target: Schema.String,
  /** Absent where nobody knows yet; `false` where both ends share a network: it is the same port. */
  tunnel: Schema.optional(Schema.Boolean)
})

/**
 * An event: what would lead where (`--dry-run`), what leads where, and how each way is from then on.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ExposeEvent = Schema.Union(
  Schema.Struct({ event: Schema.Literal("planned", "exposed"), routes: Schema.Array(Route) }),
  Schema.Struct({
    event: Schema.Literal("state"),
    from: Schema.String,
    at: Schema.String,
    to: Schema.String,
    state: Schema.Literal("open", "healing", "closed"),
    /** Why it does not pass connections. */
    cause: Schema.optional(Schema.String)
  })
)

/**
 * An event.
 *
 * @since 0.1.0
 * @category models
 */
export type ExposeEvent = typeof ExposeEvent.Type

/**
 * What leads where.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exposed = ({ routes }: Expose.Exposed): ExposeEvent => ({
  event: "exposed",
  routes: routes.map(({ at, from, target, to, tunnel }) => ({
    from: from.alias,
    at: socketPath.render(at),
    to: to.alias,
    target: socketPath.render(target),
    tunnel: Option.isSome(tunnel)
  }))
})

const states = { Open: "open", Healing: "healing", Closed: "closed" } as const

/**
 * How a way is now.
 *
 * @since 0.1.0
 * @category constructors
 */
export const state = (tunnel: Tunnel.Tunnel, now: Tunnel.State): ExposeEvent => ({
  event: "state",
  from: tunnel.from.alias,
  at: socketPath.render(tunnel.at),
  to: tunnel.to.alias,
  state: states[now._tag],
  ...(now._tag === "Open" || now.cause === undefined ? {} : { cause: now.cause.message })
})

/**
 * The lines for people. Why a way is over, the library warns of itself.
 *
 * @since 0.1.0
 * @category printing
 */
export const render: (event: ExposeEvent) => string = Match.type<ExposeEvent>().pipe(
  Match.when(
    { event: "state" },
    ({ at, cause, from, state }) =>
      `${from} ${at}: ${
        state === "open"
          ? "open again"
          : state === "healing"
          ? `lost, heals: ${cause ?? ""}`
          : "over"
      }`
  ),
  Match.orElse(({ routes }) =>
    routes.map(({ at, from, target, to, tunnel }) =>
      `${from} ${at} -> ${to} ${target}${tunnel === false ? " (one network, no tunnel)" : ""}`
    ).join("\n")
  )
)

const encode = Schema.encode(Schema.parseJson(ExposeEvent))

/**
 * Tells an event: as a line of JSON under `--json`; else routes as data, and states as notes.
 *
 * @since 0.1.0
 * @category execution
 */
export const tell = (event: ExposeEvent): Effect.Effect<void, never, View.View> =>
  Effect.gen(function*() {
    const { json } = yield* Invocation
    const view = yield* View.View
    if (json) yield* view.print(yield* Effect.orDie(encode(event)))
    else yield* event.event === "state" ? view.note(render(event)) : view.print(render(event))
  })
