/**
 * Encrypted keys: offered by their public half, unlocked only when a server takes them, as OpenSSH does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import ssh2 from "ssh2"
import type { ResolvedHost } from "../services/SshConfig.ts"
import type { Asking } from "./asking.ts"
import type { KeyFile } from "./ssh2KeyFile.ts"

/**
 * Keys that were unlocked before, by name and blob: a further connection does not ask again.
 *
 * @internal
 */
export type Unlocked = Ref.Ref<HashMap.HashMap<string, ssh2.ParsedKey>>

/**
 * None yet.
 *
 * @internal
 */
export const none: Effect.Effect<Unlocked> = Ref.make(HashMap.empty<string, ssh2.ParsedKey>())

/**
 * Unlocks a key with the host's passphrase or with one that is asked for; `none` when there is none that fits, which `note`
 * hears of.
 *
 * @internal
 */
export const unlock = (file: KeyFile, parts: {
  readonly resolved: ResolvedHost
  readonly asking: Asking
  readonly unlocked: Unlocked
  readonly note: (problem: string) => void
}): Effect.Effect<Option.Option<ssh2.ParsedKey>> => {
  const { asking, note, resolved, unlocked } = parts
  const { host, user } = resolved
  const { ask } = asking
  const name = `${file.name} ${file.blob ?? ""}`
  const open = (passphrase: Redacted.Redacted<string>): Option.Option<ssh2.ParsedKey> => {
    const key = file.unlock?.(Redacted.value(passphrase))
    return key === undefined || key instanceof Error ? Option.none() : Option.some(key)
  }
  const asked = (attempt: number): Effect.Effect<Option.Option<ssh2.ParsedKey>> =>
    ask === undefined || attempt > resolved.numberOfPasswordPrompts ? Effect.succeedNone : Effect.flatMap(
      ask({
        host,
        user,
        kind: "passphrase",
        instruction: "",
        prompts: [{ text: `Enter passphrase for key '${file.name}': `, echo: false }],
        attempt
      }),
      Option.match({
        onNone: () => Effect.succeedNone,
        onSome: ([passphrase]) => {
          const key = passphrase === undefined ? Option.none() : open(passphrase)
          return Option.isSome(key) ? Effect.succeed(key) : asked(attempt + 1)
        }
      })
    )
  return Effect.gen(function*() {
    const given = Option.flatMap(Option.fromNullable(host.passphrase), open)
    if (Option.isSome(given)) return given
    const key = ask === undefined ? Option.none() : yield* asking.turn(
      host.alias,
      Effect.gen(function*() {
        const before = HashMap.get(yield* Ref.get(unlocked), name)
        const key = Option.isSome(before) ? before : yield* asked(1)
        if (Option.isSome(key)) yield* Ref.update(unlocked, HashMap.set(name, key.value))
        return key
      })
    )
    if (Option.isNone(key)) {
      note(
        host.passphrase === undefined
          ? `${file.name} is encrypted, and no passphrase opened it`
          : `${file.name} is encrypted, and the given passphrase does not open it`
      )
    }
    return key
  })
}

/**
 * An agent that holds one key, and unlocks it to sign.
 *
 * @internal
 */
export class LockedKey extends ssh2.BaseAgent<ssh2.ParsedKey> {
  readonly #half: ssh2.ParsedKey
  readonly #unlock: (then: (key: Option.Option<ssh2.ParsedKey>) => void) => void
  constructor(half: ssh2.ParsedKey, unlock: (then: (key: Option.Option<ssh2.ParsedKey>) => void) => void) {
    super()
    this.#half = half
    this.#unlock = unlock
  }
  override getIdentities(done: ssh2.IdentityCallback<ssh2.ParsedKey>): void {
    done(undefined, [this.#half])
  }
  override sign(_half: ssh2.ParsedKey, data: Buffer, options: unknown, done?: unknown): void {
    const answer = (typeof options === "function" ? options : done) as ssh2.SignCallback
    const hash =
      typeof options === "object" && options !== null && "hash" in options && typeof options.hash === "string"
        ? options.hash
        : undefined
    this.#unlock((key) => {
      const signature = Option.isNone(key) ? new Error("the key stays locked") : key.value.sign(data, hash)
      return signature instanceof Error ? answer(signature) : answer(undefined, signature)
    })
  }
}
