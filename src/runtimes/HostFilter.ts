/**
 * What a host must have, as plain data; a predicate on its facts stands beside it.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as OutputCapture from "../internal/outputCapture.ts"
import type { Origin } from "../services/ExecutionLog.ts"
import type { HostFacts } from "../services/HostFacts.ts"
import type { RemoteProcess } from "../services/SshConnection.ts"
import type { Runtime } from "./Runtime.ts"

/**
 * All that is given must hold.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HostFilter = Schema.Struct({
  gpuRequired: Schema.optional(Schema.Boolean),
  /** Bytes. */
  minMemory: Schema.optional(Schema.NonNegative),
  minCpuCores: Schema.optional(Schema.NonNegative),
  /** Names that must be found in PATH. */
  installedExecutables: Schema.optional(Schema.Array(Schema.NonEmptyString)),
  /** Lines of shell, each of which must exit with 0. */
  filterCommands: Schema.optional(Schema.Array(Schema.NonEmptyString))
})

/**
 * All that is given must hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostFilter extends Schema.Schema.Type<typeof HostFilter> {}

/**
 * A filter with what data cannot say. `where` gives `true`, or `false`, or a phrase that says what is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostRequirement extends HostFilter {
  readonly where?: ((facts: HostFacts) => boolean | string) | undefined
}

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`

const unlike = (facts: HostFacts, where: HostRequirement["where"]): ReadonlyArray<string> => {
  const answer = where?.(facts) ?? true
  return answer === true ? [] : [answer === false ? "it does not pass `where`" : answer]
}

const notThere = (name: string): string => `${name} is not in its PATH`

/** All but executables. */
const lacking = (facts: HostFacts, filter: HostRequirement): ReadonlyArray<string> => [
  ...(filter.gpuRequired === true && facts.gpus.length === 0 ? ["it has no GPU"] : []),
  ...(filter.minMemory !== undefined && facts.memory < filter.minMemory
    ? [`it has ${gibibytes(facts.memory)} of memory, ${gibibytes(filter.minMemory)} wanted`]
    : []),
  ...(filter.minCpuCores !== undefined && facts.cpus < filter.minCpuCores
    ? [`it has ${facts.cpus} CPU cores, ${filter.minCpuCores} wanted`]
    : []),
  ...unlike(facts, filter.where)
]

const missing = (facts: HostFacts, filter: HostFilter): ReadonlyArray<string> =>
  (filter.installedExecutables ?? []).filter((name) => facts.executables[name] === undefined)

/**
 * What a host lacks by its facts, as phrases; empty when it passes. Facts know the paths of those executables only that
 * the runtime was told of (`executables`), and of `filterCommands` nothing: `check` asks the host.
 *
 * @since 0.1.0
 * @category guards
 */
export const lacks = (facts: HostFacts, filter: HostRequirement): ReadonlyArray<string> => [
  ...lacking(facts, filter),
  ...missing(facts, filter).map(notThere)
]

/** What keeps a line of shell from being passed, if anything. */
const refused = Effect.fnUntraced(function*(
  runtime: Runtime,
  line: string,
  argv: readonly [string, ...Array<string>],
  deadline: Duration.DurationInput
) {
  const capture = yield* OutputCapture.make({ limit: 4096, lines: 1 })
  const read = (from: Origin, bytes: RemoteProcess["stdout"]) =>
    Stream.runForEach(Stream.decodeText(bytes), (text) => capture.add(from, text))
  return yield* runtime.exec({ argv }).pipe(
    Effect.flatMap((process) =>
      Effect.zipRight(
        process.endInput,
        Effect.all([
          read("stdout", process.stdout),
          read("stderr", process.stderr),
          process.exit
        ], { concurrency: "unbounded" })
      )
    ),
    Effect.flatMap(([, , { code }]) =>
      code === 0
        ? Effect.succeedNone
        : Effect.map(capture.lastLines, ([last]) =>
          Option.some(`\`${line}\` exited with ${code}${last === undefined ? "" : `: ${last}`}`))
    ),
    Effect.scoped,
    Effect.timeoutTo({
      duration: deadline,
      onSuccess: (found) => found,
      onTimeout: () => Option.some(`\`${line}\` did not end within ${Duration.format(Duration.decode(deadline))}`)
    }),
    Effect.catchAll((error) => Effect.succeedSome(`\`${line}\` could not be run: ${error.message}`))
  )
})

/**
 * What a host lacks, as phrases; empty when it passes. Executables that its facts do not know and commands are looked for
 * on the host, when everything else passes, four at a time, each within the deadline (default 30 seconds).
 *
 * @since 0.1.0
 * @category guards
 * @example
 * import { HostFilter, Runtime } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const lacks = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   return yield* HostFilter.check(runtime, {
 *     minMemory: 8 * 1024 ** 3,
 *     installedExecutables: ["ffmpeg"],
 *     filterCommands: ["test -d /data"],
 *     where: (facts) => facts.machine === "x86_64" || `it is ${facts.machine}`
 *   })
 * }).pipe(Effect.scoped)
 */
export const check = Effect.fn("HostFilter.check")(function*(
  runtime: Runtime,
  filter: HostRequirement,
  options: { readonly deadline?: Duration.DurationInput | undefined } = {}
): Effect.fn.Return<ReadonlyArray<string>> {
  const known = lacking(runtime.facts, filter)
  if (known.length > 0) return [...known, ...missing(runtime.facts, filter).map(notThere)]
  const { deadline = "30 seconds" } = options
  const executables = Effect.forEach(
    missing(runtime.facts, filter),
    (name) =>
      Effect.map(
        refused(runtime, `command -v ${name}`, ["sh", "-c", `command -v -- "$0"`, name], deadline),
        Option.map(() => notThere(name))
      ),
    { concurrency: 4 }
  )
  const commands = Effect.forEach(
    filter.filterCommands ?? [],
    (line) => refused(runtime, line, ["sh", "-c", line], deadline),
    { concurrency: 4 }
  )
  return (yield* Effect.zipWith(executables, commands, (a, b) => [...a, ...b])).flatMap(Option.toArray)
})
