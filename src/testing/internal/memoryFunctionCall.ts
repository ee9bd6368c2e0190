/**
 * A call of a function that a test has given to hosts in memory.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { InMemoryFunction } from "../InMemoryFunction.ts"

/** What went wrong, as the programs on real hosts tell it. */
export interface Report {
  readonly kind: "Raised" | "Source"
  readonly function: string
  readonly type: string
  readonly message: string
  readonly traceback: string
}

const raised = (name: string, { message, name: type }: Error): Report => ({
  kind: "Raised",
  function: name,
  type,
  message,
  traceback: `${type}: ${message}\n`
})

/** @internal */
export const run = (
  functions: ReadonlyArray<InMemoryFunction>,
  name: string,
  args: unknown,
  report: (value: unknown) => Effect.Effect<void>
): Effect.Effect<unknown, Report> => {
  const found = functions.find((each) => each.name === name)
  return found === undefined
    ? Effect.fail({
      kind: "Source",
      function: name,
      type: "",
      message: `no function ${name} is among those of this host: give it to \`commands\` with InMemoryFunction.of`,
      traceback: ""
    })
    : Effect.mapError(found.run(args, report), (error) => raised(name, error))
}
