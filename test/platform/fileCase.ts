/** One promise of a `FileSystem`, and where it does not hold. */
import { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

export type Target = "node" | "manager" | "memory" | "sandbox" | "openssh" | "fleet"

export type Services = FileSystem | Path

export interface Case {
  readonly name: string
  /** In an empty directory of its own. */
  readonly run: (here: string) => Effect.Effect<void, unknown, Services | Scope.Scope>
  /** What it takes: a user who is not root. */
  readonly needs?: "user" | undefined
  /** Where it does not hold, and why. There it must fail: what is listed is so. */
  readonly differs?: Partial<Record<Target, string>> | undefined
}

const isRoot = process.getuid?.() === 0
/** As whom a target's files are asked for. */
const rootOn = (target: Target): boolean => target === "fleet" || (target !== "memory" && isRoot)

const patience = "20 seconds"

/** Registers the suite for a target. */
export const register = <E>(target: Target, cases: ReadonlyArray<Case>, services: Layer.Layer<Services, E>): void => {
  layer(services, { excludeTestServices: true, timeout: "60 seconds" })(`files, ${target}`, (it) => {
    for (const { differs, name, needs, run } of cases) {
      if (needs === "user" && rootOn(target)) continue
      const reason = differs?.[target]
      const inside = Effect.scoped(
        Effect.gen(function*() {
          const fs = yield* FileSystem
          yield* run(yield* fs.makeTempDirectoryScoped({ prefix: "case-" }))
        })
      )
      it.effect(
        reason === undefined ? name : `not: ${name}`,
        () => reason === undefined ? inside : Effect.flip(Effect.sandbox(Effect.timeout(inside, patience)))
      )
    }
  })
}
