/**
 * The two outputs of this process, and whether people look at them.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"
import * as textStyle from "./textStyle.ts"

/**
 * An output of this process.
 *
 * @internal
 */
export interface Output {
  /** Whether lines that were written can be written over. */
  readonly live: boolean
  readonly colours: boolean
  readonly columns: Effect.Effect<number>
  readonly rows: Effect.Effect<number>
  readonly write: (text: string) => Effect.Effect<void>
}

const output = (stream: NodeJS.WriteStream): Effect.Effect<Output> =>
  Config.all({
    NO_COLOR: Config.withDefault(Config.string("NO_COLOR"), ""),
    TERM: Config.withDefault(Config.string("TERM"), "")
  }).pipe(
    Effect.orDie,
    Effect.map((variables) => ({
      ...textStyle.lookOf(stream, variables),
      columns: Effect.sync(() => textStyle.columnsOf(stream)),
      rows: Effect.sync(() => stream.rows || 24),
      write: (text) => Effect.sync(() => void stream.write(text))
    }))
  )

/**
 * For what was asked for.
 *
 * @internal
 */
export const standardOutput: Effect.Effect<Output> = Effect.suspend(() => output(process.stdout))

/**
 * For what is said about it.
 *
 * @internal
 */
export const standardError: Effect.Effect<Output> = Effect.suspend(() => output(process.stderr))

/**
 * A text without colours and movements.
 *
 * @internal
 */
export const plain = (text: string): string => stripVTControlCharacters(text)

/**
 * Whether somebody can be asked: what is typed is heard, and what is said is seen.
 *
 * @internal
 */
export const isInteractive: Effect.Effect<boolean> = Effect.sync(() =>
  process.stdin.isTTY === true && process.stdout.isTTY === true && process.stderr.isTTY === true
)
