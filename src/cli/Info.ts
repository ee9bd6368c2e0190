/**
 * What this machine has for lazycluster, and hosts in full.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { render as size } from "../internal/byteSize.ts"
import * as nodeVersion from "../internal/nodeVersion.ts"
import { withoutControl } from "../internal/outputText.ts"
import { packageVersion } from "../internal/packageVersion.ts"
import * as platform from "../internal/platform.ts"
import * as Agent from "../internal/ssh2Agent.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as HostReport from "./HostReport.ts"
import { RuntimeList } from "./ListRuntimes.ts"
import * as LogPlace from "./LogPlace.ts"
import type { Paint } from "./Paint.ts"
import * as SettingsFile from "./SettingsFile.ts"
import * as Table from "./Table.ts"

const Place = Schema.Struct({
  what: Schema.Literal("ssh config", "settings", "cache", "state", "logs"),
  path: Schema.String,
  /** Of what is there, where it could be told; bytes. */
  size: Schema.optional(Schema.Number)
})

/**
 * This machine.
 *
 * @since 0.1.0
 * @category models
 */
export const Manager = Schema.Struct({
  lazycluster: Schema.String,
  node: Schema.String,
  /** OpenSSH's client, if there is one. */
  ssh: Schema.optional(Schema.String),
  /** The agent of the user, if there is one. */
  agent: Schema.optional(Schema.Struct({
    socket: Schema.String,
    keys: Schema.Int,
    problem: Schema.optional(Schema.String)
  })),
  host: HostReport.HostReport,
  places: Schema.Array(Place)
})

/**
 * What `--json` prints: this machine, or the hosts that were named.
 *
 * @since 0.1.0
 * @category models
 */
export const Info = Schema.Struct({ manager: Schema.optional(Manager), ...RuntimeList.fields })

/**
 * As it is printed by `--json`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const encode: (info: typeof Info.Type) => typeof Info.Encoded = Schema.encodeSync(Info)

const variable = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.string(name)).pipe(
    Effect.orElseSucceed(() => Option.none<string>()),
    Effect.map((text) => Option.getOrUndefined(Option.filter(text, (text) => text !== "")))
  )

/** A folder may be large, and its disk slow. */
const patience = "10 seconds"

const bytesIn = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* Effect.orElseSucceed(fs.exists(path), () => false))) return undefined
    const printed = yield* Command.string(Command.make("du", "-sk", path)).pipe(
      Effect.timeout(patience),
      Effect.orElseSucceed(() => "")
    )
    const kibibytes = /^\d+/.exec(printed)?.[0]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  })

const places = Effect.fnUntraced(function*(config: string | undefined, { facts }: HostReport.HostReport) {
  const state = (yield* variable("XDG_STATE_HOME")) ?? `${facts.home}/.local/state`
  const all = [
    ["ssh config", config ?? `${facts.home}/.ssh/config`],
    ["settings", yield* SettingsFile.path],
    ["cache", facts.cache],
    ["state", `${state}/lazycluster`],
    ["logs", yield* LogPlace.directory]
  ] as const
  return yield* Effect.forEach(
    all,
    ([what, path]) => Effect.map(bytesIn(path), (size) => ({ what, path, ...(size === undefined ? {} : { size }) })),
    { concurrency: "unbounded" }
  )
})

/** It says so on standard error. */
const sshVersion = Command.make("sh", "-c", "ssh -V 2>&1").pipe(
  Command.string,
  Effect.timeout(patience),
  Effect.orElseSucceed(() => ""),
  Effect.map((printed) => /^OpenSSH\S*/m.exec(printed)?.[0])
)

const agent = Effect.gen(function*() {
  const socket = yield* variable("SSH_AUTH_SOCK")
  if (socket === undefined) return undefined
  const { keys, problem } = yield* Effect.scoped(Agent.ask(socket))
  return { socket, keys: keys.length, ...(problem === undefined ? {} : { problem: withoutControl(problem) }) }
})

/**
 * Looks at this machine.
 *
 * @since 0.1.0
 * @category constructors
 */
export const manager = Effect.fnUntraced(function*(
  config: string | undefined
): Effect.fn.Return<typeof Manager.Type, SshError | SshConfigError | RuntimeError, Ssh | Scope.Scope> {
  const host = yield* Effect.flatMap(Runtime.manager(), HostReport.of)
  const found = yield* Effect.all({ ssh: sshVersion, agent, places: places(config, host) }, { concurrency: 3 }).pipe(
    Effect.provide(platform.layer)
  )
  return {
    lazycluster: packageVersion,
    node: yield* nodeVersion.current,
    ...(found.ssh === undefined ? {} : { ssh: found.ssh }),
    ...(found.agent === undefined ? {} : { agent: found.agent }),
    host,
    places: found.places
  }
})

const taken = (bytes: number): string => bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : size(bytes)

const ofManager = (found: typeof Manager.Type): ReadonlyArray<readonly [string, string]> => [
  ["lazycluster", found.lazycluster],
  ["node", found.node],
  ["ssh", found.ssh ?? "none"],
  [
    "agent",
    found.agent === undefined
      ? "none"
      : `${found.agent.socket}, ${found.agent.problem ?? `${found.agent.keys} keys`}`
  ],
  ...HostReport.lines(found.host).map(([name, value]) => [name === "cache" ? "cache disk" : name, value] as const),
  ...found.places.map(({ path, size: bytes, what }) =>
    [what, bytes === undefined ? `${path}, nothing there` : `${path}, ${taken(bytes)}`] as const
  )
]

/**
 * As text: names and values.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = (info: typeof Info.Type) => (paint: Paint, columns: number): string => {
  const block = (title: string, rows: ReadonlyArray<readonly [string, string]>) =>
    `${paint.strong(title)}\n${
      Table.render({ rows, columns, indent: "  ", paint: (text, _, column) => column === 0 ? paint.weak(text) : text })
    }`
  return [
    ...(info.manager === undefined ? [] : [block("This machine", ofManager(info.manager))]),
    ...info.active.map((report) => block(report.host, HostReport.lines(report))),
    ...info.inactive.map(({ host, reason }) => block(host, [["inactive", reason]]))
  ].join("\n\n")
}
