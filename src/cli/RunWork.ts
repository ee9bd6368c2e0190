/**
 * What `run` is to do, read from its options and the words after `--`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { quote, quoteAll } from "../internal/words.ts"
import type { Program } from "../runtimes/RuntimeProgram.ts"
import { Invocation, program, UsageError } from "./Invocation.ts"
import { StandardStreams } from "./StandardStreams.ts"

/**
 * One program, on one host or on each; or a command for each line of a file, `-` being standard input.
 *
 * @since 0.1.0
 * @category models
 */
export type Work =
  | { readonly _tag: "Program"; readonly program: Program; readonly onAll: boolean }
  | {
    readonly _tag: "Each"
    readonly from: string
    readonly program: Program | undefined
    /** One host after the other, whether it has room or not. */
    readonly inTurn: boolean
  }

/**
 * One word is a line of shell, several are a program and its arguments.
 *
 * @since 0.1.0
 * @category constructors
 */
export const programOf = (words: readonly [string, ...ReadonlyArray<string>]): Program => {
  const [first, ...rest] = words
  return rest.length === 0 ? first : [first, ...rest]
}

const place = "{}"

/**
 * The line of shell for an item: the item itself; else the program, with the item as one word in place of each `{}`, or at the
 * end.
 *
 * @since 0.1.0
 * @category combinators
 */
export const lineFor = (program: Program | undefined, item: string): string => {
  if (program === undefined) return item
  if (typeof program === "string") {
    return program.includes(place) ? program.replaceAll(place, () => quote(item)) : `${program} ${quote(item)}`
  }
  return program.some((word) => word.includes(place))
    ? quoteAll(program.map((word) => word.replaceAll(place, () => item)))
    : quoteAll([...program, item])
}

/**
 * Reads it. Fails with `UsageError` where it says nothing, or two things.
 *
 * @since 0.1.0
 * @category constructors
 */
export const read = Effect.fnUntraced(function*(said: {
  readonly onAll: boolean
  readonly roundRobin: boolean
  readonly each: string | undefined
  readonly timeout: unknown
  readonly jobs: number | undefined
}): Effect.fn.Return<Work, UsageError> {
  const { each, jobs, onAll, roundRobin, timeout } = said
  const { program: words = [] } = yield* Invocation
  const { terminal = Effect.succeed(false) } = yield* StandardStreams
  const isEach = each !== undefined || roundRobin
  if (!isEach) {
    if (jobs !== undefined && !onAll) {
      return yield* new UsageError({
        detail: "--jobs says how many at a time: it wants --on-all or --each",
        hint: "a program without them runs once, on one host"
      })
    }
    return { _tag: "Program", program: programOf(yield* program("run")), onAll }
  }
  if (onAll) {
    return yield* new UsageError({
      detail: `--on-all and ${each === undefined ? "--round-robin" : "--each"} exclude each other`,
      hint: "--on-all runs one command on each host, --each and --round-robin deal out many"
    })
  }
  if (timeout !== undefined) {
    return yield* new UsageError({
      detail: "--timeout is for one command, not for --each or --round-robin",
      hint: "put it into the command: -- timeout 60 python work.py {}"
    })
  }
  if (roundRobin && jobs !== undefined) {
    return yield* new UsageError({
      detail: "--jobs and --round-robin exclude each other: in turn, each host does one after the other",
      hint: "--each FILE --jobs N gives each host N at a time"
    })
  }
  if (each === undefined && (yield* terminal)) {
    return yield* new UsageError({
      detail: "--round-robin deals out lines, and there are none",
      hint: "for example: ls *.csv | lazycluster run --round-robin -- python work.py {}"
    })
  }
  const [first, ...rest] = words
  return {
    _tag: "Each",
    from: each ?? "-",
    program: first === undefined ? undefined : programOf([first, ...rest]),
    inTurn: roundRobin
  }
})
