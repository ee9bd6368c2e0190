/**
 * What a check of the conformance suite fails with.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Something else came. `what` is what was looked at.
 *
 * @internal
 */
export class Mismatch extends Data.TaggedError("Mismatch")<{
  readonly what: string
  readonly expected: string
  readonly came: string
}> {}
