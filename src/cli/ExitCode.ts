/**
 * The exit codes of `lazycluster`: 0 done, 1 failed, 2 the command line is wrong, a program's own where one was run, and 128 and
 * the number of a signal that ended it.
 *
 * @since 0.1.0
 */
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "./Invocation.ts"

/**
 * A program that was run ended with another code than 0. Its output says why, so nothing more is printed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProgramEnded extends Schema.TaggedError<ProgramEnded>("lazycluster/cli/ProgramEnded")("ProgramEnded", {
  code: Schema.Int
}) {
  override get message(): string {
    return ""
  }
}

/**
 * The code for how a command ended.
 *
 * @since 0.1.0
 * @category combinators
 */
export const of = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return error instanceof ProgramEnded
    ? error.code
    : error instanceof UsageError || ValidationError.isValidationError(error)
    ? 2
    : 1
}
