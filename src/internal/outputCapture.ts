/**
 * What is kept in memory of a step's output.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Origin } from "../services/ExecutionLog.ts"
import { takeLines, withoutControl } from "./outputText.ts"

/** @internal */
export interface Captured {
  readonly text: string
  /** Characters dropped from the front. */
  readonly dropped: number
  readonly unfinished: string
}

interface State {
  readonly stdout: Captured
  readonly stderr: Captured
  readonly lines: ReadonlyArray<string>
}

/** @internal */
export interface OutputCapture {
  readonly add: (from: Origin, text: string) => Effect.Effect<void>
  readonly get: Effect.Effect<Pick<State, Origin>>
  /** The last lines of both, as they came, safe to show on a terminal. */
  readonly lastLines: Effect.Effect<ReadonlyArray<string>>
}

const nothing: Captured = { text: "", dropped: 0, unfinished: "" }

const cut = (captured: Captured, limit: number): Captured => {
  const over = captured.text.length - limit
  return over > 0
    ? { ...captured, text: captured.text.slice(over), dropped: captured.dropped + over }
    : captured
}

/**
 * Keeps the end of each output, where failures show.
 *
 * @internal
 */
export const make = (options: { readonly limit: number; readonly lines: number }): Effect.Effect<OutputCapture> =>
  Effect.map(Ref.make<State>({ stdout: nothing, stderr: nothing, lines: [] }), (state) => ({
    add: (from, text) =>
      Ref.update(state, (now) => {
        const [lines, unfinished] = takeLines(now[from].unfinished, text)
        const grown = { ...now[from], text: now[from].text + text, unfinished }
        return {
          ...now,
          // Cut at twice the limit only: each cut copies.
          [from]: grown.text.length > 2 * options.limit ? cut(grown, options.limit) : grown,
          lines: [...now.lines, ...lines.slice(-options.lines)].slice(-options.lines)
        }
      }),
    get: Effect.map(Ref.get(state), ({ stderr, stdout }) => ({
      stdout: cut(stdout, options.limit),
      stderr: cut(stderr, options.limit)
    })),
    lastLines: Effect.map(
      Ref.get(state),
      ({ lines, stderr, stdout }) =>
        [...lines, ...[stdout.unfinished, stderr.unfinished].filter((line) => line !== "")]
          .slice(-options.lines)
          .map(withoutControl)
    )
  }))
