/**
 * What stands for something else in values: `%h`, `${NAME}`, `~`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import type { LocalUser } from "./localUser.ts"

/**
 * What tokens are made of.
 *
 * @internal
 */
export interface Facts {
  readonly local: LocalUser
  readonly home: string
  /** As the user named it: `%n`. */
  readonly argument: string
  readonly hostName: string
  readonly port: number
  readonly user: string
  readonly hostKeyAlias: string | undefined
  readonly jump: string
}

/**
 * The tokens that most values take.
 *
 * @internal
 */
export const tokens = (facts: Facts): Readonly<Record<string, string>> => ({
  C: createHash("sha1").update([facts.local.machine, facts.hostName, facts.port, facts.user, facts.jump].join(""))
    .digest("hex"),
  L: facts.local.machine.split(".")[0] ?? "",
  d: facts.home,
  h: facts.hostName,
  i: String(facts.local.uid),
  j: facts.jump,
  k: facts.hostKeyAlias ?? facts.argument,
  l: facts.local.machine,
  n: facts.argument,
  p: String(facts.port),
  r: facts.user,
  u: facts.local.name
})

/**
 * The tokens that a ProxyCommand takes.
 *
 * @internal
 */
export const proxyTokens = (facts: Facts): Readonly<Record<string, string>> => {
  const { h = "", k = "", n = "", p = "", r = "" } = tokens(facts)
  return { h, k, n, p, r }
}

/**
 * Replaces tokens; fails with the first that means nothing here.
 *
 * @internal
 */
export const percent = (
  text: string,
  known: Readonly<Record<string, string>>
): Effect.Effect<string, string> => {
  const unknown = [...text.matchAll(/%(.?)/gs)].find(([, key = ""]) => key !== "%" && !Object.hasOwn(known, key))
  return unknown === undefined
    ? Effect.succeed(text.replace(/%(.)/gs, (_, key: string) => key === "%" ? "%" : known[key] ?? ""))
    : Effect.fail(`${unknown[0]} stands for nothing here; a percent sign is written %%`)
}

/**
 * Replaces `${NAME}` and tokens in one go, so that what was put in is not replaced again.
 *
 * @internal
 */
export const dollarPercent = (
  text: string,
  known: Readonly<Record<string, string>>,
  environment: (name: string) => Effect.Effect<Option.Option<string>>
): Effect.Effect<string, string> =>
  Effect.forEach(text.split(/(\$\{[^}]*\}?)/), (part) => {
    if (!part.startsWith("${")) return percent(part, known)
    const name = part.slice(2, -1)
    if (!part.endsWith("}") || name === "") return Effect.fail(`${part} is no environment variable`)
    return Effect.flatMap(
      environment(name),
      Option.match({
        onNone: () => Effect.fail(`the environment variable ${name} is not set`),
        onSome: Effect.succeed
      })
    )
  }).pipe(Effect.map((parts) => parts.join("")))

/**
 * Replaces `~` at the start of a path. Another user's home is not looked up.
 *
 * @internal
 */
export const tilde = (path: string, facts: Pick<Facts, "home" | "local">): Effect.Effect<string, string> => {
  const [, user, rest] = /^~([^/]*)\/*(.*)$/s.exec(path) ?? []
  if (user === undefined || rest === undefined) return Effect.succeed(path)
  return user === "" || user === facts.local.name
    ? Effect.succeed(`${facts.home.replace(/\/$/, "")}/${rest}`)
    : Effect.fail(`the home of ${user} is not looked up: write the whole path`)
}
