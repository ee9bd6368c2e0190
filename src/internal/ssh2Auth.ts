/**
 * What is offered to a server to log in, and in what order: the methods as the ssh config prefers them; keys: the host's own,
 * the configured ones, then the agent's, as many as sshd's MaxAuthTries leaves (6, one in reserve).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type ssh2 from "ssh2"
import { methods, type ResolvedHost } from "../services/SshConfig.ts"
import type { SshError } from "../services/SshError.ts"
import type { Asking } from "./asking.ts"
import * as Agent from "./ssh2Agent.ts"
import { nothingToOffer } from "./ssh2AuthErrors.ts"
import * as KeyFile from "./ssh2KeyFile.ts"
import { LockedKey, unlock, type Unlocked } from "./ssh2LockedKey.ts"
import * as Prompts from "./ssh2Prompts.ts"

const mostKeys = 5
/** Keys come first, and must leave tries to a password that was given. */
const mostKeysBeforePassword = 3

/**
 * A method as ssh2 takes it; its types know keys as texts only.
 *
 * @internal
 */
export type Attempt =
  | { readonly type: "publickey"; readonly username: string; readonly key: ssh2.ParsedKey }
  | { readonly type: "agent"; readonly username: string; readonly agent: ssh2.BaseAgent }
  | { readonly type: "password"; readonly username: string; readonly password: string }
  | {
    readonly type: "keyboard-interactive"
    readonly username: string
    readonly prompt: (
      name: string,
      instructions: string,
      language: string,
      prompts: ReadonlyArray<{ readonly prompt: string; readonly echo?: boolean }>,
      finish: (answers: ReadonlyArray<string>) => void
    ) => void
  }

/**
 * One try.
 *
 * @internal
 */
export interface Offer {
  readonly method: "publickey" | "keyboard-interactive" | "password"
  readonly name: string
  /** Nothing where it turns out that there is nothing to try. */
  readonly begin: Effect.Effect<Option.Option<Attempt>>
}

/**
 * What can be tried on a host, and an account of what is not: it grows while trying.
 *
 * @internal
 */
export interface Offered {
  readonly offers: ReadonlyArray<Offer>
  readonly problems: Array<string>
}

/**
 * What offers need.
 *
 * @internal
 */
export interface Parts {
  readonly asking: Asking
  readonly unlocked: Unlocked
  /** Runs what a callback of ssh2 asks for, as long as the handshake lasts. */
  readonly run: (effect: Effect.Effect<void>) => void
  /** The server asks for what nobody has: ends the handshake, or declines to answer, where something else can be tried. */
  readonly giveUp: (problem: string, decline: () => void) => void
}

const times = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index + 1)

const keys = Effect.fnUntraced(
  function*(resolved: ResolvedHost, problems: Array<string>, parts: Parts) {
    const { asking, run, unlocked } = parts
    const { host, user: username } = resolved
    const agent = yield* Agent.ask(resolved.identityAgent)
    const own = typeof host.key === "object"
      ? [KeyFile.fromText(`the key given for ${host.alias}`, Redacted.value(host.key))]
      : []
    const files = [...own, ...(yield* Effect.forEach(resolved.identityFiles, KeyFile.read))]
    const blobs = new Set(files.map((file) => file.blob))
    const note = (problem: string): void => void problems.push(problem)

    const locked = (file: KeyFile.KeyFile): Offer => {
      const open = unlock(file, { resolved, asking, unlocked, note })
      const half = file.blob === undefined ? undefined : KeyFile.fromBlob(file.blob)
      return {
        method: "publickey",
        name: file.name,
        begin: half === undefined || half instanceof Error
          ? Effect.map(open, Option.map((key): Attempt => ({ type: "publickey", username, key })))
          : Effect.succeedSome({
            type: "agent",
            username,
            agent: new LockedKey(half, (then) => run(Effect.map(open, then)))
          })
      }
    }
    const agents = (one: Agent.AgentKey, name: string): Offer => ({
      method: "publickey",
      name,
      begin: Effect.succeedSome({ type: "agent", username, agent: one })
    })
    const configured = files.flatMap((file): ReadonlyArray<Offer> => {
      // The agent's, if it holds that key: an encrypted file needs no passphrase then.
      const held = agent.keys.find((one) => KeyFile.blobOf(one.key) === file.blob)
      if (held !== undefined) return [agents(held, file.name)]
      const { key } = file
      if (key !== undefined) {
        return [{
          method: "publickey",
          name: file.name,
          begin: Effect.succeedSome({ type: "publickey", username, key })
        }]
      }
      if (file.unlock !== undefined && (host.passphrase !== undefined || asking.ask !== undefined)) {
        return [locked(file)]
      }
      note(file.problem ?? `${file.name} holds no key`)
      return []
    })
    const others = agent.keys
      .filter((one) => !blobs.has(KeyFile.blobOf(one.key)))
      .map((one) => agents(one, `the agent's ${one.key.type} ${one.key.comment}`))
    const all = resolved.identitiesOnly ? configured : [...configured, ...others]
    const most = host.password === undefined && host.answers === undefined ? mostKeys : mostKeysBeforePassword
    if (agent.problem !== undefined) note(agent.problem)
    if (resolved.identitiesOnly && others.length > 0) {
      note(`${others.length} more of the agent, since IdentitiesOnly is set`)
    }
    if (all.length > most) {
      note(`${all.slice(most).map(({ name }) => name).join(", ")}, since a server takes no more tries`)
    }
    return all.slice(0, most)
  }
)

const interactive = (resolved: ResolvedHost, parts: Parts): ReadonlyArray<Offer> => {
  const { asking, giveUp, run } = parts
  const { host, numberOfPasswordPrompts, user: username } = resolved
  const prompts = Prompts.make(resolved, asking)
  const offer: Offer = {
    method: "keyboard-interactive",
    name: "the answers to its prompts",
    begin: Effect.succeedSome({
      type: "keyboard-interactive",
      username,
      prompt: (name, instructions, _language, asked, finish) =>
        run(
          prompts.answer(
            Prompts.harmless([name, instructions].filter((text) => text !== "").join("\n")),
            asked.map(({ echo, prompt }) => ({ text: Prompts.harmless(prompt), echo: echo === true }))
          ).pipe(
            Effect.match({
              onFailure: (problem) => giveUp(problem, () => finish(asked.map(() => ""))),
              onSuccess: finish
            })
          )
        )
    })
  }
  if (asking.ask !== undefined) return times(numberOfPasswordPrompts).map(() => offer)
  return host.password === undefined && host.answers === undefined ? [] : [offer]
}

const passwords = (resolved: ResolvedHost, { asking }: Parts): ReadonlyArray<Offer> => {
  const { host, hostName, numberOfPasswordPrompts, user } = resolved
  const { ask } = asking
  const attempt = (password: Redacted.Redacted<string>): Attempt => ({
    type: "password",
    username: user,
    password: Redacted.value(password)
  })
  let gaveUp = false
  const asked = (count: number): Offer => ({
    method: "password",
    name: "a password",
    begin: Effect.suspend(() =>
      ask === undefined || gaveUp ? Effect.succeedNone : asking.turn(
        host.alias,
        ask({
          host,
          user,
          kind: "password",
          instruction: "",
          prompts: [{ text: `${user}@${hostName}'s password: `, echo: false }],
          attempt: count
        })
      )
    ).pipe(
      Effect.map(Option.flatMap(([password]) => Option.fromNullable(password))),
      Effect.tap((password) =>
        Effect.sync(() => {
          gaveUp = Option.isNone(password)
        })
      ),
      Effect.map(Option.map(attempt))
    )
  })
  const { password } = host
  const given: ReadonlyArray<Offer> = password === undefined ? [] : [{
    method: "password",
    name: "the password",
    begin: Effect.sync(() => Option.some(attempt(password)))
  }]
  return ask === undefined
    ? given
    : [...given, ...times(numberOfPasswordPrompts - given.length).map(asked)]
}

/**
 * What is offered to a host. Agents sign as long as the scope is open.
 *
 * @internal
 */
export const offers = Effect.fnUntraced(
  function*(resolved: ResolvedHost, parts: Parts): Effect.fn.Return<Offered, SshError, Scope.Scope> {
    const problems: Array<string> = []
    const all: ReadonlyArray<Offer> = [
      ...(resolved.pubkeyAuthentication ? yield* keys(resolved, problems, parts) : []),
      ...interactive(resolved, parts),
      ...passwords(resolved, parts)
    ]
    const offers = methods(resolved).flatMap((method) => all.filter((offer) => offer.method === method))
    return offers.length === 0 ? yield* nothingToOffer(resolved, problems) : { offers, problems }
  }
)
