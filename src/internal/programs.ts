/**
 * The scripts under programs/, read once when a layer is built.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import type { Program } from "../services/SshConnection.ts"

/**
 * A script of this package. One that is missing is a broken installation: a defect.
 *
 * @internal
 */
export const load = (name: string, language: Program["language"]): Effect.Effect<Program> =>
  Effect.sync(() => ({
    name,
    language,
    source: readFileSync(new URL(`../../programs/${name}.${language === "sh" ? "sh" : "py"}`, import.meta.url), "utf8")
  }))
