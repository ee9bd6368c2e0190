/** One promise of a `CommandExecutor`, and where it does not hold. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export type Target = "node" | "manager" | "memory" | "sandbox" | "openssh" | "fleet"

export type Services = CommandExecutor | FileSystem | Path | Scope.Scope

export interface Case {
  readonly name: string
  readonly run: Effect.Effect<void, unknown, Services>
  /** Where it does not hold, and why. There it must fail: what is listed is so. */
  readonly differs?: Partial<Record<Target, string>> | undefined
  /** Targets on which it is not tried: it hangs there, or takes what they have not. */
  readonly skip?: Partial<Record<Target, string>> | undefined
}

/** A case that hangs where it should not hold has shown that. */
const patience = "5 seconds"

/** Registers the suite for a target. */
export const register = (
  target: Target,
  cases: ReadonlyArray<Case>,
  within: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<A, unknown, Scope.Scope>
): void => {
  describe(`commands, ${target}`, () => {
    for (const { differs, name, run, skip } of cases) {
      if (skip?.[target] !== undefined) continue
      const reason = differs?.[target]
      it.scopedLive(
        reason === undefined ? name : `not: ${name}`,
        () =>
          reason === undefined
            ? within(run)
            : within(Effect.flip(Effect.timeout(Effect.sandbox(run), patience))),
        60_000
      )
    }
  })
}

/** What differs, as the rows of a table of the guide. */
export const differences = (cases: ReadonlyArray<Case>): ReadonlyArray<readonly [string, string, string]> =>
  cases.flatMap(({ differs, name, skip }) =>
    Object.entries({ ...differs, ...skip })
      .filter(([, reason]) => !reason.startsWith("as on"))
      .map(([target, reason]) => [name, target === "manager" ? "every host" : target, reason] as const)
  )
