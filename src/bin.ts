#!/usr/bin/env node
/**
 * The command `lazycluster`.
 *
 * @since 0.1.0
 */
import "./internal/leanHeap.ts"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Cli from "./cli/Cli.ts"
import * as ExitCode from "./cli/ExitCode.ts"
import * as View from "./cli/View.ts"
import * as signals from "./internal/signals.ts"

const signalled = signals.make({
  onSecond:
    "lazycluster: not waiting for the cleanup; the guardians on the hosts end everything when the lease has run out"
})

Cli.run(process.argv).pipe(
  // What is wrong with the arguments has been printed, and a program that ended has said why.
  Effect.tapError((error) =>
    ValidationError.isValidationError(error) || error.message === "" ? Effect.void : Console.error(error.message)
  ),
  Effect.tapDefect((cause) => Console.error(Cause.pretty(cause))),
  Effect.provide(
    Layer.mergeAll(
      NodeContext.layer,
      View.layer,
      Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ stderr: true }))
    )
  ),
  signalled.watch,
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    // Node's own teardown ends with 0 after a signal.
    teardown: (exit, onExit) => onExit(signalled.exitCode() ?? ExitCode.of(exit))
  })
)
