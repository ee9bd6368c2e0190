/**
 * The scripts under programs/, read when they are needed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { Program } from "../services/SshConnection.ts"

const at = (path: string) => new URL(`../../programs/${path}`, import.meta.url)

const extensions = { sh: ".sh", python: ".py", node: ".mjs" } as const

/** What stands before a script that begins as others do. */
const beginnings: Readonly<Record<string, string>> = {
  "run.sh": "record.sh",
  "spawn.sh": "record.sh",
  "ledgers.sh": "guardian/01-identity.sh",
  "environment.py": "owner.py",
  "kept.py": "owner.py",
  "function.mjs": "traces.mjs",
  "worker.mjs": "traces.mjs"
}

/**
 * A script as it was written. One that is a folder is the text of its parts, in the order of their names.
 *
 * @internal
 */
export const read = (name: string, language: Program["language"]): string => {
  const extension = extensions[language]
  const beginning = beginnings[`${name}${extension}`]
  const paths = existsSync(at(name))
    ? readdirSync(at(name)).filter((part) => part.endsWith(extension)).sort().map((part) => `${name}/${part}`)
    : [...(beginning === undefined ? [] : [beginning]), `${name}${extension}`]
  return paths.map((path) => readFileSync(at(path), "utf8")).join("\n")
}

/** Changes strings of several lines, too: in a shell program these hold programs, and there is no here-document. */
const withoutComments = (source: string): string => source.replace(/^[ \t]*(?:#.*)?\n|^[ \t]+/gm, "")

/**
 * A script of this package, read when it is first sent: hosts in memory know it by its name. One that is missing is a broken
 * installation: a defect.
 *
 * @internal
 */
export const load = (name: string, language: Program["language"]): Effect.Effect<Program> =>
  Effect.sync(() => {
    let source: string | undefined
    return {
      name,
      language,
      get source() {
        source ??= language === "sh" ? withoutComments(read(name, language)) : read(name, language)
        return source
      }
    }
  })
