/**
 * GPUs of a host that are one process's alone, among all runtimes that the user has there.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as bounded from "../internal/bounded.ts"
import { withoutControl } from "../internal/outputText.ts"
import * as programs from "../internal/programs.ts"
import type { Guardian } from "../services/Guardian.ts"
import * as Ledger from "../services/Ledger.ts"
import type { Files } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"

/**
 * Somebody has a GPU. `ledger` is the file on the host that tells more of the runtime that has it.
 *
 * @internal
 */
export class GpuHeld extends Data.TaggedError("GpuHeld")<{
  readonly gpu: number
  readonly by: string
  readonly owner: string | undefined
  readonly ledger: string
  /** The last beat of its guardian; nothing where it is the same runtime. */
  readonly beat: string
  /** Seconds. */
  readonly lease: number
}> {}

/** @internal */
export type Hold = (
  by: string,
  gpus: ReadonlyArray<number>
) => Effect.Effect<void, GpuHeld | SshError, Scope.Scope>

const pause = 300
const again = Schedule.spaced(pause).pipe(Schedule.jittered)

/** Of two who claim at the same time both may have stepped back. As long as this takes, a guardian beats. */
const least = 8

/** Seconds: for what a guardian has to end when its lease has run out. */
const ending = 15

/**
 * Whether it is asked for again: a holder whose guardian beats no more is away, and what it has is free when its lease has run
 * out; it may be we ourselves, before the link was lost.
 */
const patience = Effect.map(
  Ref.make({ beat: "", tries: 0 }),
  (seen) => (held: GpuHeld) =>
    Ref.modify(seen, ({ beat, tries }) => {
      const same = held.beat !== "" && (tries === 0 || beat === held.beat)
      const most = Math.max(least, ((held.lease + ending) * 1000) / pause)
      return [tries < (same ? most : least), { beat: same ? held.beat : "it beats", tries: tries + 1 }]
    })
)

/** Of a ledger. */
const mostBytes = 1024 * 1024

const decode = Schema.decodeUnknownOption(Schema.parseJson(Ledger.Ledger))

/**
 * `holdsGpus` of a runtime.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly guardian: Guardian
  readonly ledger: Ledger.Writer
  readonly files: Effect.Effect<Files, SshError>
}): Effect.fn.Return<Hold, never, Scope.Scope> {
  const { files, guardian, ledger } = options
  const program = yield* programs.load("gpus", "sh")
  const scope = yield* Effect.scope
  const ask = (what: "claim" | "free", words: ReadonlyArray<string>) =>
    guardian.connection.pipe(
      Effect.flatMap((connection) => connection.exec({ program, words: [what, guardian.state, ...words] })),
      Effect.flatMap(({ stdout }) => Stream.mkString(Stream.decodeText(stdout))),
      Effect.map((said) => said.trim()),
      Effect.scoped
    )
  const parent = guardian.state.replace(/\/[^/]*$/, "")
  const ownerOf = (path: string) =>
    Effect.flatMap(files, (open) => open.read(path, 0, mostBytes)).pipe(
      Effect.map((bytes) => Option.map(decode(new TextDecoder().decode(bytes)), ({ owner }) => withoutControl(owner))),
      Effect.orElseSucceed(() => Option.none<string>())
    )
  const claim = Effect.fnUntraced(function*(token: string, by: string, indices: ReadonlyArray<string>) {
    const said = yield* ask("claim", [token, by, ...indices])
    if (said === "held") return
    const [, gpu, id, beat = "", seconds, who = ""] = /^taken (\d+) (\S+) (\S+) (\d+) ?(.*)$/.exec(said) ?? []
    if (gpu === undefined || id === undefined) {
      return yield* new SshError({
        reason: "Spawn",
        host: guardian.facts.hostname,
        step: `claim GPU ${indices.join(", ")}`,
        detail: "the host could not note it",
        hint: "is the home directory full or read-only?"
      })
    }
    const path = `${parent}/${id}.json`
    const owner = yield* ownerOf(path)
    return yield* new GpuHeld({
      gpu: Number(gpu),
      by: withoutControl(who),
      owner: Option.getOrUndefined(owner),
      ledger: path,
      beat: path === `${guardian.state}.json` ? "" : beat,
      lease: Number(seconds)
    })
  })

  return (by, gpus) =>
    Effect.gen(function*() {
      const indices = gpus.toSorted((one, other) => one - other).map(String)
      // What another process of this runtime has claimed must not be freed in its stead.
      const token = (yield* Random.nextIntBetween(0, 2 ** 47)).toString(36)
      // While the link is away nobody waits for its return, but the claim goes then.
      const free = Effect.flatMap(
        Effect.forkIn(Effect.interruptible(Effect.ignore(ask("free", [token, ...indices]))), scope),
        (fiber) => Effect.ignore(bounded.within(Fiber.await(fiber), "5 seconds"))
      )
      const patient = yield* patience
      yield* Effect.uninterruptibleMask((restore) =>
        restore(Effect.retry(claim(token, by, indices), {
          schedule: again,
          while: (error) => error._tag === "GpuHeld" ? patient(error) : Effect.succeed(false)
        }))
          .pipe(
            Effect.onInterrupt(() => free),
            Effect.zipRight(Effect.addFinalizer(() => free))
          )
      )
      yield* ledger.gpus(by, gpus)
    })
})
