/**
 * How busy a host is now, which its facts do not tell: they stay as they are.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { decodeText } from "../internal/outputText.ts"
import * as programs from "../internal/programs.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * A file system, as `df` tells of it; bytes.
 *
 * @since 0.1.0
 * @category models
 */
export class Disk extends Schema.Class<Disk>("lazycluster/Disk")({
  /** The directory that was asked for. */
  path: Schema.String,
  size: Schema.Number,
  /** What a user without privileges may still write. */
  free: Schema.Number
}) {}

/**
 * How busy a host is. What it could not tell is left out.
 *
 * @since 0.1.0
 * @category models
 */
export class HostUsage extends Schema.Class<HostUsage>("lazycluster/HostUsage")({
  /** Processes that run or wait to run, on average of 1, 5 and 15 minutes. */
  load: Schema.optional(Schema.Tuple(Schema.Number, Schema.Number, Schema.Number)),
  /** Bytes that new processes may get without others being moved to swap. */
  memoryAvailable: Schema.optional(Schema.Number),
  /** The home directory. */
  home: Schema.optional(Disk),
  /** Where environments and wheels are kept. */
  cache: Schema.optional(Disk)
}) {}

/** A disk of the network that does not answer keeps `df` waiting. */
const patience = "10 seconds"

const mostSaid = 4096

const parse = (text: string, home: string, cache: string): HostUsage => {
  const numbers = new Map(
    text.split("\n").map((line) => {
      const [key = "", ...values] = line.trim().split(/\s+/)
      return [key, values.map(Number).filter((value) => Number.isFinite(value) && value >= 0)] as const
    })
  )
  const disk = (key: string, path: string) => {
    const [size, free] = numbers.get(key) ?? []
    return size === undefined || free === undefined
      ? {}
      : { [key]: Disk.make({ path, size: size * 1024, free: free * 1024 }) }
  }
  const [one, five, fifteen] = numbers.get("load") ?? []
  const [available] = numbers.get("available") ?? []
  return HostUsage.make({
    ...(one === undefined || five === undefined || fifteen === undefined
      ? {}
      : { load: [one, five, fifteen] as const }),
    ...(available === undefined ? {} : { memoryAvailable: available * 1024 }),
    ...disk("home", home),
    ...disk("cache", cache)
  })
}

/**
 * Asks a host how busy it is; one that does not answer within 10 seconds, or not in words that are known, tells nothing.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { HostUsage, Runtime } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const isIdle = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const { load } = yield* HostUsage.read(runtime)
 *   return load !== undefined && load[0] < runtime.facts.cpus / 2
 * }).pipe(Effect.scoped)
 */
export const read = Effect.fn("HostUsage.read")(function*(runtime: Runtime): Effect.fn.Return<HostUsage> {
  const { cache, home } = runtime.facts
  const program = yield* programs.load("usage", "sh")
  const said = yield* runtime.connection.pipe(
    Effect.flatMap((connection) => connection.exec({ program, words: [home, cache] })),
    Effect.flatMap((process) =>
      Effect.zipRight(
        Effect.forkScoped(Stream.runDrain(process.stderr)),
        process.stdout.pipe(
          decodeText,
          // It says a few lines; who says more is not asked on.
          Stream.scan("", (all, text) => all + text),
          Stream.takeUntil((all) => all.length > mostSaid),
          Stream.runLast
        )
      )
    ),
    Effect.scoped,
    Effect.timeoutOption(patience),
    Effect.map(Option.flatten),
    Effect.option
  )
  return parse(Option.getOrElse(Option.flatten(said), () => "").slice(0, mostSaid), home, cache)
})
