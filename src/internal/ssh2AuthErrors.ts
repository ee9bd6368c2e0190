/**
 * Why nobody could log in, and what to do about it.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { needsOpenSsh, type ResolvedHost } from "../services/SshConfig.ts"
import { SshError } from "../services/SshError.ts"

const failure = (resolved: ResolvedHost, detail: string, hint: string, cause?: unknown): SshError =>
  new SshError({
    reason: "Authentication",
    host: resolved.host.alias,
    step: "authenticate",
    detail,
    hint: Option.match(needsOpenSsh(resolved), {
      onNone: () => hint,
      onSome: (why) => `${why}: Ssh.layerOpenSsh can use that`
    }),
    ...(cause === undefined ? {} : { cause })
  })

const listed = (words: ReadonlyArray<string>, before: string, after = ""): string =>
  words.length === 0 ? "" : `${before}${words.join(", ")}${after}`

const encryptedIn = (problems: ReadonlyArray<string>): string | undefined =>
  /^(.*) is encrypted/.exec(problems.find((problem) => problem.includes("is encrypted")) ?? "")?.[1]

/**
 * There is nothing to try.
 *
 * @internal
 */
export const nothingToOffer = (resolved: ResolvedHost, problems: ReadonlyArray<string>): SshError => {
  if (!resolved.pubkeyAuthentication) {
    return failure(
      resolved,
      "PubkeyAuthentication is off in the ssh config, and there is no password either",
      `set PubkeyAuthentication yes for ${resolved.host.alias}, or give it a password: Host.make({ alias, password })`
    )
  }
  const encrypted = encryptedIn(problems)
  return failure(
    resolved,
    `there is no key to offer${listed(problems, ": ")}`,
    encrypted === undefined
      ? "name a key with IdentityFile in the ssh config, or load one with ssh-add"
      : `unlock it once for all programs: ssh-add ${encrypted}; or give the host its passphrase: Host.make({ alias, passphrase })`
  )
}

/**
 * The server asks for what nobody has.
 *
 * @internal
 */
export const unanswered = (resolved: ResolvedHost, problem: string): SshError =>
  failure(
    resolved,
    `${resolved.user}@${resolved.hostName} asks by keyboard-interactive: ${problem}`,
    "give the answer: Host.make({ alias, answers: { \"part of the prompt\": … } }), or answer it with the option `ask` of Ssh.layer"
  )

/**
 * The server wants a new password first.
 *
 * @internal
 */
export const expired = (resolved: ResolvedHost): SshError =>
  failure(
    resolved,
    `the password of ${resolved.user}@${resolved.hostName} has expired`,
    `log in once and change it: ssh ${resolved.host.alias}`
  )

/**
 * What was tried in vain.
 *
 * @internal
 */
export interface Vain {
  /** The names of what was offered. */
  readonly tried: ReadonlyArray<string>
  /** The methods that were offered or could have been. */
  readonly ours: ReadonlySet<string>
  /** What the server takes, or takes next; unknown when it has hung up before it said so. */
  readonly theirs: ReadonlyArray<string> | undefined
  readonly problems: ReadonlyArray<string>
}

const secretMethods: ReadonlySet<string> = new Set(["password", "keyboard-interactive"])

const hintFor = (resolved: ResolvedHost, vain: Vain, wants: boolean): string => {
  const { alias } = resolved.host
  const hasSecret = [...vain.ours].some((method) => secretMethods.has(method))
  if (wants) {
    return vain.theirs?.some((method) => secretMethods.has(method)) === true
      ? "give it: Host.make({ alias, password }) or answers; the option `ask` of Ssh.layer answers codes that are valid once"
      : "allow a key for this user in sshd_config (AuthenticationMethods)"
  }
  const encrypted = encryptedIn(vain.problems)
  if (encrypted !== undefined) return `correct the passphrase, or unlock it once for all programs: ssh-add ${encrypted}`
  if (hasSecret) {
    return `correct the password, the answers or the user (${resolved.user}); does \`ssh ${alias}\` let you in with them?`
  }
  return `put the public key there: ssh-copy-id -i ${
    resolved.identityFiles[0] ?? "~/.ssh/id_ed25519"
  } ${alias}; or choose which keys are offered with IdentityFile and IdentitiesOnly yes`
}

/**
 * The refusal of all that was offered.
 *
 * @internal
 */
export const refused = (resolved: ResolvedHost, vain: Vain, cause: unknown): SshError => {
  const { ours, problems, theirs, tried } = vain
  const who = `${resolved.user}@${resolved.hostName}`
  const wants = theirs !== undefined && !theirs.some((method) => ours.has(method))
  const onlyKeys = ours.size === 1 && ours.has("publickey")
  const detail = wants
    ? `${who} is not content with ${
      onlyKeys ? "a key" : tried.length === 0 ? "what was offered" : tried.join(", ")
    }, it wants ${theirs.join(" or ")}`
    : tried.length === 0
    ? `${who} was not logged in to`
    : `${who} takes none of ${[...new Set(tried)].join(", ")}`
  return failure(
    resolved,
    `${detail}${listed(problems, " (not offered: ", ")")}`,
    hintFor(resolved, vain, wants),
    cause
  )
}
