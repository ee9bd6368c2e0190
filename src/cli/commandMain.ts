/**
 * What the command `lazycluster` runs once it is known that it takes more than a word to answer. The build makes one file of it and
 * all that it loads: loading Effect file by file costs three times the processor time. It is the second half of bin.ts. The one file
 * stands in a folder of dist, as the modules in it do: they find the worker's main and programs/ from there.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as signals from "../internal/signals.ts"
import * as Cli from "./Cli.ts"
import * as ExitCode from "./ExitCode.ts"
import * as View from "./View.ts"

const signalled = signals.make({
  onSecond:
    "lazycluster: not waiting for the cleanup; the guardians on the hosts end everything when the lease has run out"
})

/**
 * Runs a command line, Node and script first, and ends this process with its exit code.
 *
 * @internal
 */
export const main = (line: ReadonlyArray<string>): void =>
  Cli.run(line).pipe(
    Effect.provide(Layer.mergeAll(NodeContext.layer, View.layer)),
    signalled.watch,
    NodeRuntime.runMain({
      disableErrorReporting: true,
      disablePrettyLogger: true,
      // Node's own teardown ends with 0 after a signal.
      teardown: (exit, onExit) => onExit(signalled.exitCode() ?? ExitCode.of(exit))
    })
  )
