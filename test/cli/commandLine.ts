/** A command line run inside the test, and what it wrote. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cli from "../../src/cli/Cli.ts"
import * as ExitCode from "../../src/cli/ExitCode.ts"
import * as ProgressView from "../../src/cli/ProgressView.ts"
import * as View from "../../src/cli/View.ts"
import type * as terminal from "../../src/internal/terminal.ts"
import * as Progress from "../../src/services/Progress.ts"

/** Where nobody looks: no colours, a line after the other, so many columns. */
const output = (columns: number, hear: (text: string) => void): terminal.Output => ({
  live: false,
  colours: false,
  columns: Effect.succeed(columns),
  rows: Effect.succeed(24),
  write: (text) => Effect.sync(() => hear(text))
})

/** Runs a command line and notes what it writes. */
const noting = (said: { out: string; err: string }, columns: number, words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const console = yield* Console.consoleWith(Effect.succeed)
    const recording: Console.Console = {
      ...console,
      log: (...texts) => Effect.sync(() => void (said.out += `${texts.join(" ")}\n`)),
      error: (...texts) => Effect.sync(() => void (said.err += `${texts.join(" ")}\n`))
    }
    const view = Layer.unwrapScoped(
      Effect.map(
        ProgressView.make({
          out: output(columns, (text) => void (said.out += text)),
          err: output(columns, (text) => void (said.err += text))
        }),
        (view) => Layer.merge(Layer.succeed(View.View, view), Layer.succeed(Progress.Progress, view.progress))
      )
    )
    return yield* Cli.run(["node", "lazycluster", ...words]).pipe(Effect.withConsole(recording), Effect.provide(view))
  }).pipe(Effect.provide(NodeContext.layer))

/**
 * Runs `lazycluster …words`; gives what it wrote, how it ended, and its exit code. Hosts are those of `Reach`: provide
 * that to put them in memory.
 */
export const runOn = (columns: number, ...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const said = { out: "", err: "" }
    const exit = yield* Effect.exit(noting(said, columns, words))
    return { ...said, exit, code: ExitCode.of(exit) }
  })

/** Runs one that goes on, 80 columns wide: what it has written so far. Interrupt its fiber, as Ctrl-C does. */
export const start = (...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const said = { out: "", err: "" }
    return { said, fiber: yield* Effect.forkScoped(noting(said, 80, words)) }
  })

/** The same, 80 columns wide. */
export const run = (...words: ReadonlyArray<string>) => runOn(80, ...words)
