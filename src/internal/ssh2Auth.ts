/**
 * Which keys are offered, and in what order: the configured ones first, then the agent's, at most as many as sshd's
 * MaxAuthTries leaves (6, one in reserve).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import ssh2 from "ssh2"
import type { ResolvedHost } from "../services/SshConfig.ts"
import { SshError } from "../services/SshError.ts"

const mostTries = 5

type Offer =
  | { readonly type: "publickey"; readonly username: string; readonly key: ssh2.ParsedKey; readonly name: string }
  | { readonly type: "agent"; readonly username: string; readonly agent: ssh2.BaseAgent; readonly name: string }

/** An agent of which only one key is seen, so that each key is one try that we count. */
class OneKeyOfAgent extends ssh2.BaseAgent<ssh2.ParsedKey> {
  readonly #agent: ssh2.BaseAgent<ssh2.ParsedKey>
  readonly #key: ssh2.ParsedKey
  constructor(agent: ssh2.BaseAgent<ssh2.ParsedKey>, key: ssh2.ParsedKey) {
    super()
    this.#agent = agent
    this.#key = key
  }
  override getIdentities(done: ssh2.IdentityCallback<ssh2.ParsedKey>): void {
    done(undefined, [this.#key])
  }
  override sign(key: ssh2.ParsedKey, data: Buffer, options: unknown, done?: unknown): void {
    this.#agent.sign(key, data, options as ssh2.SigningRequestOptions, done as ssh2.SignCallback)
  }
}

const agentKeys = (path: string | undefined) =>
  Effect.async<ReadonlyArray<readonly [ssh2.ParsedKey, ssh2.BaseAgent]>>((resume) => {
    if (path === undefined || path === "none" || !existsSync(path)) return resume(Effect.succeed([]))
    const agent = ssh2.createAgent(path) as ssh2.BaseAgent<ssh2.ParsedKey>
    agent.getIdentities((error, keys) => {
      const parsed = (keys ?? []).map((key) => ssh2.utils.parseKey(key as unknown as Buffer)).filter((
        key
      ): key is ssh2.ParsedKey => !(key instanceof Error))
      resume(Effect.succeed(error ? [] : parsed.map((key) => [key, new OneKeyOfAgent(agent, key)])))
    })
  })

const readText = (path: string): string | undefined => existsSync(path) ? readFileSync(path, "utf8") : undefined

const parsed = (text: string | undefined): ssh2.ParsedKey | undefined => {
  const key = text === undefined ? undefined : ssh2.utils.parseKey(text)
  return key === undefined || key instanceof Error ? undefined : Array.isArray(key) ? key[0] : key
}

/** A configured identity: from the agent if it holds that key (an encrypted file needs it), else from the file. */
const fromFile = (
  username: string,
  path: string,
  held: ReadonlyArray<readonly [ssh2.ParsedKey, ssh2.BaseAgent]>
): { readonly offer?: Offer; readonly blob?: string; readonly problem?: string } => {
  const text = readText(path)
  const publicKey = parsed(readText(`${path}.pub`)) ?? parsed(text)
  const blob = publicKey?.getPublicSSH().toString("base64")
  const inAgent = held.find(([key]) => key.getPublicSSH().toString("base64") === blob)
  if (blob !== undefined && inAgent !== undefined) {
    return { blob, offer: { type: "agent", username, agent: inAgent[1], name: path } }
  }
  if (text === undefined) return { problem: `${path} is not there` }
  const key = ssh2.utils.parseKey(text)
  const first = Array.isArray(key) ? key[0] : key
  if (first instanceof Error || first === undefined) {
    return {
      problem: /encrypted|passphrase/i.test(first?.message ?? "")
        ? `${path} is encrypted and no agent holds it`
        : `${path} cannot be read as a key`
    }
  }
  return {
    blob: first.getPublicSSH().toString("base64"),
    offer: { type: "publickey", username, key: first, name: path }
  }
}

/**
 * The offers for a host, and an account of what could not be offered.
 *
 * @internal
 */
export const offers = Effect.fnUntraced(function*(resolved: ResolvedHost, agentSocket: string | undefined) {
  const held = yield* agentKeys(agentSocket)
  const files = resolved.identityFiles.map((path) => fromFile(resolved.user, path, held))
  const blobs = new Set(files.map((file) => file.blob))
  const others: ReadonlyArray<Offer> = resolved.identitiesOnly
    ? []
    : held.filter(([key]) => !blobs.has(key.getPublicSSH().toString("base64"))).map(([key, agent]) => ({
      type: "agent",
      username: resolved.user,
      agent,
      name: `agent's ${key.type} ${key.comment}`
    }))
  const all = [...files.flatMap((file) => file.offer ?? []), ...others]
  const problems = files.flatMap((file) => file.problem ?? [])
  if (all.length === 0) {
    return yield* new SshError({
      reason: "Authentication",
      host: resolved.host.alias,
      step: "authenticate",
      detail: `there is no key to offer${problems.length === 0 ? "" : `: ${problems.join(", ")}`}`,
      hint: "name a key with IdentityFile in the ssh config, or load one with ssh-add"
    })
  }
  return { offers: all.slice(0, mostTries), problems }
})

/**
 * The refusal of all offers, with what was offered.
 *
 * @internal
 */
export const refused = (
  resolved: ResolvedHost,
  offered: { readonly offers: ReadonlyArray<Offer>; readonly problems: ReadonlyArray<string> },
  cause: unknown
): SshError =>
  new SshError({
    reason: "Authentication",
    host: resolved.host.alias,
    step: "authenticate",
    detail: `${resolved.user}@${resolved.hostName} takes none of ${
      offered.offers.map((offer) => offer.name).join(", ")
    }` +
      (offered.problems.length === 0 ? "" : ` (not offered: ${offered.problems.join(", ")})`),
    hint: `put the public key there: ssh-copy-id -i ${
      resolved.identityFiles[0] ?? "~/.ssh/id_ed25519"
    } ${resolved.host.alias}`,
    cause
  })
