/**
 * A host that becomes a runtime: written into the ssh config, known by its key, reached with one's own, tried.
 *
 * @since 0.1.0
 */
import type * as Prompt from "@effect/cli/Prompt"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as platform from "../internal/platform.ts"
import { quote } from "../internal/words.ts"
import type * as Lazycluster from "../Lazycluster.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import * as AuthorizedKeys from "../services/AuthorizedKeys.ts"
import * as Host from "../services/Host.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import { SshConfig } from "../services/SshConfig.ts"
import * as SshConfigEdit from "../services/SshConfigEdit.ts"
import { SshConfigError, type SshError } from "../services/SshError.ts"
import * as FirstContact from "./FirstContact.ts"
import * as HostReport from "./HostReport.ts"
import { Reach } from "./Reach.ts"
import * as View from "./View.ts"

/**
 * As the command line says it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly name: string
  readonly address: string
  readonly identityFile: string | undefined
  readonly jump: string | undefined
  readonly options: ReadonlyArray<string>
  readonly config: string | undefined
  readonly copyId: boolean
  readonly acceptNew: boolean
  readonly noTest: boolean
  readonly dryRun: boolean
}

/**
 * What `--json` prints.
 *
 * @since 0.1.0
 * @category models
 */
export const Added = Schema.Struct({
  name: Schema.String,
  file: Schema.String,
  /** Of a dry run: what would be written. */
  diff: Schema.optional(Schema.String),
  /** Of `--copy-id`: whether the key was let in now, or before. */
  key: Schema.optional(Schema.Literal("added", "there")),
  /** What was found on the host. */
  host: Schema.optional(HostReport.HostReport)
})

const encode = Schema.encodeSync(Added)

const invalid = (options: Options, detail: string, hint: string) =>
  new SshConfigError({ reason: "InvalidHost", host: options.name, detail, hint })

/** Where the host is. A port that is none has a word of its own: it is what is mistyped most. */
const placeOf = (options: Options): Either.Either<Host.Host, SshConfigError> => {
  const address = options.address.replace(/^ssh:\/\//, "").replace(/\/$/, "")
  const port = /^[^:]*:([^:\]]*)$/.exec(address.replace(/^(?:[^@]*@)?\[[^\]]*\]/, "host"))?.[1]
  return port !== undefined && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)
    ? Either.left(
      invalid(options, `${JSON.stringify(port)} is no port`, "a port is a number from 1 to 65535: user@host:port")
    )
    : Host.parse(address)
}

const settingOf = (options: Options, text: string): Either.Either<readonly [string, string], SshConfigError> => {
  const [, keyword, value] = /^\s*([^\s=]+)\s*[=\s]\s*(.*)$/s.exec(text) ?? []
  return keyword === undefined || value === undefined || value === ""
    ? Either.left(invalid(options, `${JSON.stringify(text)} is no setting`, "write -o KEY=VALUE"))
    : Either.right([keyword, value])
}

const entryOf = (options: Options): Either.Either<SshConfigEdit.Entry, SshConfigError> =>
  Either.gen(function*() {
    const place = yield* placeOf(options)
    return {
      name: options.name,
      hostName: place.alias,
      user: place.user,
      port: place.port,
      identityFile: options.identityFile,
      proxyJump: options.jump,
      options: yield* Either.all(options.options.map((text) => settingOf(options, text)))
    }
  })

/** The public key of the entry, else the first that the ssh config has for the host. */
const publicKey = Effect.fnUntraced(function*(
  name: string
): Effect.fn.Return<string, SshConfigError, SshConfig | FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const { identityFiles } = yield* Effect.flatMap(SshConfig, ({ resolve }) => resolve(Host.make({ alias: name })))
  for (const file of identityFiles) {
    const text = yield* Effect.option(fs.readFileString(`${file.replace(/\.pub$/, "")}.pub`))
    if (Option.isSome(text)) return text.value
  }
  return yield* new SshConfigError({
    reason: "Unreadable",
    host: name,
    detail: `there is no public key to copy: ${
      identityFiles.map((file) => `${file}.pub`).join(", ") || "no key at all"
    }`,
    hint: "name one with --id_file, or make one: ssh-keygen -t ed25519"
  })
})

type Failure = SshError | SshConfigError | RuntimeError

type Needs = View.View | Prompt.Prompt.Environment

/** Everything over connections, in a world of this config. */
const over = <A, E, R>(
  options: Options,
  kinds: Parameters<typeof FirstContact.answers>[0],
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<Exclude<R, Scope.Scope>, Lazycluster.Lazycluster> | Needs> =>
  Effect.flatMap(Effect.all([Reach, FirstContact.answers(kinds)]), ([reach, ask]) =>
    work.pipe(
      Effect.scoped,
      Effect.provide(reach({
        sshConfig: { file: options.config },
        ssh: { hostKeys: options.acceptNew ? "accept-new" : "refuse", ...(ask === undefined ? {} : { ask }) }
      }))
    ))

/** Lets the key in with whatever lets one in now: a password, or a key that is there already. */
const copied = (options: Options): Effect.Effect<"added" | "there", Failure, Needs> =>
  over(
    options,
    ["password", "keyboard-interactive", "passphrase"],
    Effect.gen(function*() {
      const { name } = options
      const key = yield* Effect.provide(publicKey(name), platform.layer)
      const outcome = yield* AuthorizedKeys.add(yield* FirstContact.meet(name), key)
      yield* View.note(outcome === "added" ? `${name}: your key is let in now` : `${name}: your key was let in before`)
      return outcome
    })
  )

/** With keys alone, as everything that follows will. */
const tried = (options: Options): Effect.Effect<HostReport.HostReport, Failure, Needs> =>
  over(
    options,
    ["passphrase"],
    Effect.gen(function*() {
      yield* FirstContact.meet(options.name)
      return yield* Effect.flatMap(Runtime.make(options.name), HostReport.of)
    })
  )

const after = ({ config, copyId, name, noTest }: Options, error?: Failure): ReadonlyArray<string> => {
  const file = config === undefined ? "" : ` --config ${quote(config)}`
  if (error === undefined) return noTest ? [`next: lazycluster list-runtimes --hosts ${name}${file}`] : []
  return [
    `${name} is in the ssh config, but could not be used; lazycluster delete-runtime ${name}${file} takes it out`,
    ...("hostKey" in error && error.hostKey !== undefined
      ? [`to take its key: lazycluster list-runtimes --hosts ${name} --accept-new${file}`]
      : error._tag === "SshError" && error.reason === "Authentication" && !copyId
      ? [`to let your key in: ssh-copy-id${config === undefined ? "" : ` -F ${quote(config)}`} ${name}`]
      : [])
  ]
}

/**
 * Adds the host, or shows what would be written.
 *
 * @since 0.1.0
 * @category execution
 */
export const run = Effect.fn("AddRuntime.run")(function*(options: Options): Effect.fn.Return<void, Failure, Needs> {
  const { copyId, dryRun, name, noTest } = options
  const entry = yield* entryOf(options)
  const change = yield* Effect.provide(SshConfigEdit.add(entry, { file: options.config }), platform.layer)
  const { file } = change
  if (dryRun) {
    const diff = SshConfigEdit.diff(change)
    return yield* View.data(encode({ name, file, diff }), () => diff)
  }
  const backup = yield* Effect.provide(SshConfigEdit.write(change), platform.layer)
  yield* View.note(
    `added ${name} to ${file}${Option.match(backup, { onNone: () => "", onSome: (path) => `, as it was: ${path}` })}`
  )
  const notes = (error?: Failure) => Effect.forEach(after(options, error), View.note, { discard: true })
  const { host, key } = yield* Effect.all({
    key: copyId ? Effect.asSome(copied(options)) : Effect.succeedNone,
    host: noTest ? Effect.succeedNone : Effect.asSome(tried(options))
  }).pipe(Effect.tapError(notes))
  yield* notes()
  const json = encode({
    name,
    file,
    ...(Option.isSome(key) ? { key: key.value } : {}),
    ...(Option.isSome(host) ? { host: host.value } : {})
  })
  yield* View.data(json, (paint) =>
    Option.match(host, {
      onNone: () => `${name}  ${paint.weak("not tried")}`,
      onSome: (report) => `${name}  ${paint.good("active")}  ${HostReport.summary(report)}`
    }))
})
