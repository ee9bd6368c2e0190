/**
 * Which keys are offered, and in what order: the configured ones first, then the agent's, at most as many as sshd's
 * MaxAuthTries leaves (6, one in reserve).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type ssh2 from "ssh2"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { SshError } from "../services/SshError.ts"
import * as Agent from "./ssh2Agent.ts"
import * as KeyFile from "./ssh2KeyFile.ts"

const mostTries = 5

/**
 * One key, as ssh2 takes it.
 *
 * @internal
 */
export type Offer =
  | { readonly type: "publickey"; readonly username: string; readonly key: ssh2.ParsedKey; readonly name: string }
  | { readonly type: "agent"; readonly username: string; readonly agent: ssh2.BaseAgent; readonly name: string }

/**
 * The keys for a host, and an account of those that are not offered.
 *
 * @internal
 */
export interface Offered {
  readonly offers: ReadonlyArray<Offer>
  readonly problems: ReadonlyArray<string>
}

const failure = (resolved: ResolvedHost, detail: string, hint: string, cause?: unknown): SshError =>
  new SshError({
    reason: "Authentication",
    host: resolved.host.alias,
    step: "authenticate",
    detail,
    hint,
    ...(cause === undefined ? {} : { cause })
  })

const listed = (words: ReadonlyArray<string>, before: string, after = ""): string =>
  words.length === 0 ? "" : `${before}${words.join(", ")}${after}`

const unloadHint = (problems: ReadonlyArray<string>): string => {
  const encrypted = /^(.*) is encrypted/.exec(problems.find((problem) => problem.includes("is encrypted")) ?? "")?.[1]
  return encrypted === undefined
    ? "name a key with IdentityFile in the ssh config, or load one with ssh-add"
    : `unlock it once for all programs: ssh-add ${encrypted}`
}

/**
 * The offers for a host. The agent's sign as long as the scope is open.
 *
 * @internal
 */
export const offers = Effect.fnUntraced(
  function*(resolved: ResolvedHost): Effect.fn.Return<Offered, SshError, Scope.Scope> {
    const username = resolved.user
    if (!resolved.pubkeyAuthentication) {
      return yield* failure(
        resolved,
        "PubkeyAuthentication is off in the ssh config, and keys are all that is offered here",
        `set PubkeyAuthentication yes for ${resolved.host.alias}`
      )
    }
    const agent = yield* Agent.ask(resolved.identityAgent)
    const files = yield* Effect.forEach(resolved.identityFiles, KeyFile.read)
    const blobs = new Set(files.map((file) => file.blob))
    const configured = files.map((file): Offer | string => {
      // The agent's, if it holds that key: an encrypted file needs it.
      const held = agent.keys.find((one) => KeyFile.blobOf(one.key) === file.blob)
      if (held !== undefined) return { type: "agent", username, agent: held, name: file.path }
      return file.key === undefined
        ? file.problem ?? `${file.path} holds no key`
        : { type: "publickey", username, key: file.key, name: file.path }
    })
    const others = agent.keys.filter((one) => !blobs.has(KeyFile.blobOf(one.key))).map((one): Offer => ({
      type: "agent",
      username,
      agent: one,
      name: `the agent's ${one.key.type} ${one.key.comment}`
    }))
    const all = [
      ...configured.filter((one): one is Offer => typeof one !== "string"),
      ...(resolved.identitiesOnly ? [] : others)
    ]
    const problems = [
      ...configured.filter((one): one is string => typeof one === "string"),
      ...(agent.problem === undefined ? [] : [agent.problem]),
      ...(resolved.identitiesOnly && others.length > 0
        ? [`${others.length} more of the agent, since IdentitiesOnly is set`]
        : []),
      ...(all.length > mostTries
        ? [`${all.slice(mostTries).map((one) => one.name).join(", ")}, since a server takes no more tries`]
        : [])
    ]
    if (all.length === 0) {
      return yield* failure(resolved, `there is no key to offer${listed(problems, ": ")}`, unloadHint(problems))
    }
    return { offers: all.slice(0, mostTries), problems }
  }
)

/**
 * The refusal of all offers, with what was offered. `accepted` is what the server would take instead, where it takes no key.
 *
 * @internal
 */
export const refused = (
  resolved: ResolvedHost,
  offered: Offered,
  accepted: ReadonlyArray<string> | undefined,
  cause: unknown
): SshError => {
  const who = `${resolved.user}@${resolved.hostName}`
  const tried = offered.offers.map((offer) => offer.name).join(", ")
  const detail = accepted === undefined
    ? `${who} takes none of ${tried}`
    : `${who} is not content with a key, it wants ${accepted.join(" or ")}`
  return failure(
    resolved,
    `${detail}${listed(offered.problems, " (not offered: ", ")")}`,
    accepted === undefined
      ? `put the public key there: ssh-copy-id -i ${
        resolved.identityFiles[0] ?? "~/.ssh/id_ed25519"
      } ${resolved.host.alias}; or choose which keys are offered with IdentityFile and IdentitiesOnly yes`
      : "only public keys are offered here: allow one for this user in sshd_config (AuthenticationMethods)",
    cause
  )
}
