/**
 * What stays on hosts on purpose, below `${XDG_CACHE_HOME:-~/.cache}/lazycluster`: Python environments and wheels. Listed, and
 * removed where nothing uses it. No runtime is made for that.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { withoutControl } from "../internal/outputText.ts"
import * as programs from "../internal/programs.ts"
import { pythonArgv, pythonInput } from "../internal/shipping.ts"
import * as Host from "./Host.ts"
import * as Progress from "./Progress.ts"
import { Ssh } from "./Ssh.ts"
import { type SshConfigError, SshError } from "./SshError.ts"

/**
 * Something that is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export class KeptFile extends Schema.Class<KeptFile>("lazycluster/KeptFiles/KeptFile")({
  /** As the host was named. */
  host: Schema.String,
  kind: Schema.Literal("environment", "wheel"),
  /** That of its directory. */
  name: Schema.String,
  path: Schema.String,
  /** Bytes. */
  size: Schema.Number,
  lastUsed: Schema.DateTimeUtc,
  /** Of an environment, as they were pinned; none in one that was never finished. The file of a wheel. */
  packages: Schema.Array(Schema.String),
  /** Version of the interpreter of an environment. */
  python: Schema.NullOr(Schema.String),
  /** Why it must stay: what uses it. */
  blocked: Schema.NullOr(Schema.String),
  /** Equal for two names of one thing: hosts may share a home. */
  place: Schema.String
}) {}

/**
 * What became of something that was to be removed.
 *
 * @since 0.1.0
 * @category schemas
 */
export class Outcome extends Schema.Class<Outcome>("lazycluster/KeptFiles/Outcome")({
  host: Schema.String,
  kind: Schema.Literal("environment", "wheel"),
  name: Schema.String,
  removed: Schema.Boolean,
  /** Why it was not. */
  why: Schema.optional(Schema.String)
}) {}

const { host: _host, ...Said } = KeptFile.fields

const Named = { kind: Said.kind, name: Said.name }

const Message = Schema.parseJson(Schema.Union(
  Schema.Struct({ kept: Schema.Struct(Said) }),
  Schema.Struct({ removed: Schema.Struct(Named) }),
  Schema.Struct({ spared: Schema.Struct({ ...Named, why: Schema.String }) }),
  Schema.Struct({ done: Schema.String })
))

const Request = Schema.parseJson(Schema.Struct({
  remove: Schema.NullOr(Schema.Array(Schema.Tuple(Schema.String, Schema.String, Schema.DateTimeUtc)))
}))

const decode = Schema.decodeOption(Message)

/** What a host may say, in lines. */
const mostLines = 50_000

/** Sizes are counted, trees removed: minutes on a slow file server. */
const patience = "10 minutes"

/** The shell's answers for what cannot be started. */
const isMissing = (code: number): boolean => code === 126 || code === 127

const talk = Effect.fnUntraced(function*(
  host: string | Host.Host,
  step: string,
  request: typeof Request.Type
): Effect.fn.Return<
  { readonly host: string; readonly messages: ReadonlyArray<typeof Message.Type> },
  SshError | SshConfigError,
  Ssh
> {
  const ssh = yield* Ssh
  const named = typeof host === "string" ? yield* Host.parse(host) : host
  const fault = (detail: string) => new SshError({ reason: "Protocol", host: named.alias, step, detail })
  const words = [yield* Effect.orDie(Schema.encode(Request)(request))]
  const said = Effect.gen(function*() {
    const connection = yield* ssh.connect(named)
    const program = yield* programs.load("kept", "python")
    const process = yield* connection.exec({
      program: yield* programs.load("run", "sh"),
      words: ["", "-", "--", ...pythonArgv(program, "python3")]
    })
    const errors = yield* Effect.forkScoped(Stream.runFold(
      Stream.decodeText(process.stderr),
      "",
      (all, text) => (all + text).slice(-2000)
    ))
    yield* process.write(pythonInput(program, words))
    const messages = yield* process.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.take(mostLines),
      Stream.filterMap(decode),
      Stream.runCollect
    )
    const all = [...messages]
    if (all.some((message) => "done" in message)) return all
    const { code } = yield* process.exit
    // Whoever has no Python has no environments either.
    if (isMissing(code)) return []
    return yield* fault(
      `the program ended early, exit code ${code}: ${withoutControl(yield* Fiber.join(errors)).trim()}`
    )
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({ duration: patience, onTimeout: () => fault(`not done within ${patience}`) })
  )
  return yield* Effect.map(Progress.step(named.alias, step, () => said), (messages) => ({
    host: named.alias,
    messages
  }))
})

/**
 * What is kept on a host; `Host.manager` is this machine.
 *
 * @since 0.1.0
 * @category execution
 */
export const list = Effect.fn("KeptFiles.list")(function*(
  host: string | Host.Host
): Effect.fn.Return<ReadonlyArray<KeptFile>, SshError | SshConfigError, Ssh> {
  const said = yield* talk(host, "look at what is kept", { remove: null })
  return said.messages.flatMap((message) =>
    "kept" in message ? [KeptFile.make({ host: said.host, ...message.kept })] : []
  )
})

/**
 * Removes things of a host that `list` has found. What is in use by now, or was used since, stays and is told as such.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { KeptFiles } from "lazycluster"
 * import { DateTime, Effect } from "effect"
 *
 * // What was not used for 30 days.
 * const program = Effect.gen(function*() {
 *   const since = DateTime.subtract(yield* DateTime.now, { days: 30 })
 *   const kept = yield* KeptFiles.list("host-1")
 *   return yield* KeptFiles.remove("host-1", kept.filter(({ lastUsed }) => DateTime.lessThan(lastUsed, since)))
 * })
 */
export const remove = Effect.fn("KeptFiles.remove")(function*(
  host: string | Host.Host,
  files: ReadonlyArray<KeptFile>
): Effect.fn.Return<ReadonlyArray<Outcome>, SshError | SshConfigError, Ssh> {
  const said = yield* talk(host, "remove what is kept", {
    remove: files.map(({ kind, lastUsed, name }) => [kind, name, lastUsed] as const)
  })
  const told = said.messages.flatMap((message) =>
    "removed" in message
      ? [Outcome.make({ host: said.host, ...message.removed, removed: true })]
      : "spared" in message
      ? [Outcome.make({ host: said.host, ...message.spared, removed: false })]
      : []
  )
  // Under another name of the host it was removed a moment ago.
  const gone = files.filter(({ kind, name }) => !told.some((one) => one.kind === kind && one.name === name))
  return [...told, ...gone.map(({ kind, name }) => Outcome.make({ host: said.host, kind, name, removed: true }))]
})
