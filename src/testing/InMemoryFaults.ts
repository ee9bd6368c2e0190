/**
 * What goes wrong with hosts in memory, as data: written down as a script, or drawn from a seed, and run under the clock of
 * the test.
 *
 * @since 0.1.0
 */
import * as Array from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Utils from "effect/Utils"
import { manager } from "../services/Host.ts"
import { InMemorySsh } from "./InMemorySsh.ts"

const Millis = Schema.Number.pipe(Schema.finite(), Schema.nonNegative())

/**
 * One thing that goes wrong with a host. Most last until they are taken back:
 *
 * - `Refuse`, `ChangeHostKey`, `FailAuthentication`: further connects fail
 * - `Unreachable`: packets from and to the host are dropped
 * - `Partition`: packets between the two are dropped; `(manager)` is the machine of the test
 * - `Latency`: each packet takes so many milliseconds
 * - `Slow`: programs take so many times as long, bytes pass at that rate
 * - `PowerCut`: the host is off; taken back, it boots
 * - `TakePort`: another program listens there
 * - `FillDisk`: nothing more can be written
 *
 * These happen once:
 *
 * - `Cut`: the manager's ends of all connections are lost, sshd does not notice
 * - `Reset`: both ends are lost
 * - `Kill`: `kill -9` of a process by number or name; without one, of the youngest that a program runs in
 *
 * @since 0.1.0
 * @category schemas
 */
export const Fault = Schema.Union(
  Schema.TaggedStruct("Refuse", { host: Schema.String }),
  Schema.TaggedStruct("ChangeHostKey", { host: Schema.String }),
  Schema.TaggedStruct("FailAuthentication", { host: Schema.String }),
  Schema.TaggedStruct("Unreachable", { host: Schema.String }),
  Schema.TaggedStruct("Partition", { host: Schema.String, from: Schema.String }),
  Schema.TaggedStruct("Latency", { host: Schema.String, millis: Millis }),
  Schema.TaggedStruct("Slow", {
    host: Schema.String,
    times: Schema.optionalWith(Millis, { exact: true }),
    bytesPerSecond: Schema.optionalWith(Schema.Number.pipe(Schema.positive()), { exact: true })
  }),
  Schema.TaggedStruct("PowerCut", { host: Schema.String }),
  Schema.TaggedStruct("TakePort", { host: Schema.String, port: Schema.Int.pipe(Schema.between(1, 65535)) }),
  Schema.TaggedStruct("FillDisk", { host: Schema.String }),
  Schema.TaggedStruct("Cut", { host: Schema.String }),
  Schema.TaggedStruct("Reset", { host: Schema.String }),
  Schema.TaggedStruct("Kill", {
    host: Schema.String,
    process: Schema.optionalWith(Schema.Union(Schema.String, Schema.Int), { exact: true })
  })
)

/**
 * One thing that goes wrong with a host.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = typeof Fault.Type

/**
 * When something goes wrong, from the start of the script on, and how long it lasts. Without `for`: as long as the script's
 * scope is open.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timed {
  readonly at: Duration.DurationInput
  readonly fault: Fault
  readonly for?: Duration.DurationInput | undefined
}

/**
 * All that goes wrong, and when. It is data: one that was drawn can be printed, and pasted into a test.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = ReadonlyArray<Timed>

/**
 * Injects a fault, and takes it back when the scope closes. Fails only where the port of `TakePort` is taken already.
 *
 * @since 0.1.0
 * @category execution
 */
export const inject = (fault: Fault) => Effect.flatMap(InMemorySsh, (hosts) => hosts.inject(fault))

/**
 * Runs a script beside what the test does, under the test's clock. Closing the scope ends it, and takes back what it has done.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { Runtime } from "lazycluster"
 * import { InMemoryFaults, InMemorySsh, VirtualTime } from "lazycluster/testing"
 * import { Effect } from "effect"
 *
 * // The cable is out for 20 seconds, which is less than the lease: the worker goes on.
 * const test = Effect.gen(function*() {
 *   yield* InMemoryFaults.run([
 *     { at: "5 seconds", fault: { _tag: "Partition", host: "host-1", from: "(manager)" }, for: "20 seconds" }
 *   ])
 *   const runtime = yield* Runtime.make("host-1")
 *   const worker = yield* runtime.start("worker", { argv: ["sleep", "60"] })
 *   return yield* worker.exit
 * }).pipe(InMemorySsh.check(["host-1"]), VirtualTime.run())
 */
export const run = (script: Script): Effect.Effect<void, never, InMemorySsh | Scope.Scope> =>
  Effect.forEach(
    Array.sort(script, byStart),
    (timed) =>
      Effect.scoped(
        Effect.zipRight(
          // A port that is taken already is what was asked for.
          Effect.ignore(inject(timed.fault)),
          timed.for === undefined ? Effect.never : Effect.sleep(timed.for)
        )
      ).pipe(
        Effect.delay(timed.at),
        Effect.forkScoped
      ),
    { discard: true }
  )

const byStart = Order.mapInput(Duration.Order, (timed: Timed) => Duration.decode(timed.at))

/**
 * A fault a line, with its times in seconds: for the message of a test that fails.
 *
 * @since 0.1.0
 * @category combinators
 */
export const show = (script: Script): string =>
  Array.sort(script, byStart).map((timed) => {
    const { _tag, ...more } = timed.fault
    const lasts = timed.for === undefined ? "" : ` for ${seconds(timed.for)}`
    return [`${seconds(timed.at)}${lasts}: ${_tag}`, ...Object.entries(more).map(([name, value]) => `${name}=${value}`)]
      .join(" ")
  }).join("\n")

const seconds = (duration: Duration.DurationInput) => `${Duration.toSeconds(duration)} s`

/**
 * What to draw. Each fault begins and is taken back within `within`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Drawing {
  readonly seed: number
  readonly hosts: ReadonlyArray<string>
  readonly within: Duration.DurationInput
  readonly count: number
  /** Which faults to draw from. Default: all but `ChangeHostKey` and `FailAuthentication`, of which no program recovers by itself. */
  readonly kinds?: ReadonlyArray<Fault["_tag"]> | undefined
  /** Ports to draw from. Without any, `TakePort` is not drawn. */
  readonly ports?: ReadonlyArray<number> | undefined
}

const usual: ReadonlyArray<Fault["_tag"]> = [
  "Refuse",
  "Unreachable",
  "Partition",
  "Latency",
  "Slow",
  "PowerCut",
  "TakePort",
  "FillDisk",
  "Cut",
  "Reset",
  "Kill"
]

/**
 * Draws a script from a seed: the same for the same seed, on every machine.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { InMemoryFaults } from "lazycluster/testing"
 *
 * const script = InMemoryFaults.draw({ seed: 42, hosts: ["host-1", "host-2"], within: "1 minute", count: 5 })
 *
 * console.log(InMemoryFaults.show(script))
 */
export const draw = (drawing: Drawing): Script => {
  const { count, hosts, kinds = usual, ports = [], seed } = drawing
  const within = Math.floor(Duration.toMillis(drawing.within))
  const possible = kinds.filter((kind) => kind !== "TakePort" || ports.length > 0)
  if (hosts.length === 0 || possible.length === 0 || within < 1) return []
  const random = new Utils.PCGRandom(seed)
  const below = (end: number) => random.integer(end)
  const oneOf = <A>(all: ReadonlyArray<A>, otherwise: A): A => all[below(all.length)] ?? otherwise
  const drawn = (): Fault => {
    const host = oneOf(hosts, "")
    const _tag = oneOf(possible, "Cut")
    switch (_tag) {
      case "Partition":
        return { _tag, host, from: oneOf([manager.alias, ...hosts.filter((other) => other !== host)], manager.alias) }
      case "Latency":
        return { _tag, host, millis: 1 + below(2000) }
      case "Slow":
        return { _tag, host, times: 2 + below(8), bytesPerSecond: 1000 * (1 + below(1000)) }
      case "TakePort":
        return { _tag, host, port: oneOf(ports, 1) }
      default:
        return { _tag, host }
    }
  }
  return Array.sort(
    Array.makeBy(Math.max(count, 0), (): Timed => {
      const at = below(within)
      const lasts = 1 + below(within - at)
      const fault = drawn()
      return once.has(fault._tag) ? { at, fault } : { at, for: lasts, fault }
    }).slice(0, Math.max(count, 0)),
    byStart
  )
}

const once: ReadonlySet<Fault["_tag"]> = new Set(["Cut", "Reset", "Kill"])
