/**
 * The hosts that can be used, and those that cannot.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { render as bytes } from "../internal/byteSize.ts"
import { quote } from "../internal/words.ts"
import type { GroupError } from "../runtimes/GroupError.ts"
import type { HostRequirement } from "../runtimes/HostFilter.ts"
import * as HostTable from "../runtimes/HostTable.ts"
import type { Inactive } from "../runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../runtimes/RuntimeManager.ts"
import type { RuntimeError } from "../services/RuntimeError.ts"
import type { Ssh } from "../services/Ssh.ts"
import { SshConfig } from "../services/SshConfig.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import type { HostOptions, Hosts } from "./HostOptions.ts"
import * as HostReport from "./HostReport.ts"
import { Invocation } from "./Invocation.ts"
import type { Paint } from "./Paint.ts"
import * as Table from "./Table.ts"
import * as View from "./View.ts"

/**
 * What `--json` prints.
 *
 * @since 0.1.0
 * @category models
 */
export const RuntimeList = Schema.Struct({
  active: Schema.Array(HostReport.HostReport),
  inactive: Schema.Array(Schema.Struct({
    host: Schema.String,
    /** What is wrong, in one line. */
    reason: Schema.String,
    /** What mends it. */
    hint: Schema.optional(Schema.String),
    /** The name under which the same machine is active. */
    sameAs: Schema.optional(Schema.String)
  }))
})

/**
 * The same, decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type RuntimeList = typeof RuntimeList.Type

const encode: (list: RuntimeList) => typeof RuntimeList.Encoded = Schema.encodeSync(RuntimeList)

/** A message has what is wrong in its first line, after the name of the host, and what mends it below. */
const inactive = ({ host, message, sameAs }: Inactive): RuntimeList["inactive"][number] => {
  const [first = "", ...rest] = message.split("\n")
  const hint = rest.find((line) => line.startsWith("hint: "))?.slice("hint: ".length)
  return {
    host,
    reason: first.startsWith(`${host}: `) ? first.slice(host.length + 2) : first,
    ...(hint === undefined ? {} : { hint }),
    ...(sameAs === undefined ? {} : { sameAs })
  }
}

/**
 * Takes the hosts into use, all in parallel, and asks each how busy it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { names }: Hosts,
  filter: HostRequirement
): Effect.fn.Return<
  RuntimeList,
  SshError | SshConfigError | RuntimeError | GroupError,
  Ssh | SshConfig | Scope.Scope
> {
  const hosts = names ?? (yield* Effect.flatMap(SshConfig, ({ aliases }) => aliases))
  if (hosts.length === 0) return { active: [], inactive: [] }
  const group = yield* RuntimeManager.createGroup({ ...filter, includeHosts: hosts }).pipe(
    // Nothing but inactive hosts is an answer, too.
    Effect.catchIf(
      (error) => error._tag === "GroupError" && error.reason === "NoHosts",
      (error) => Effect.succeed({ runtimes: [], inactive: "failed" in error ? error.failed : [], concurrency: 1 })
    )
  )
  const active = yield* Effect.forEach(group.runtimes, HostReport.of, { concurrency: group.concurrency })
  return { active, inactive: group.inactive.map(inactive) }
})

/** A line for each host. */
const short = (list: RuntimeList, paint: Paint, columns: number): string =>
  Table.render({
    head: ["HOST", "STATE", ""],
    rows: [
      ...list.active.map((report) => [report.host, "active", HostReport.summary(report)]),
      ...list.inactive.map(({ host, reason }) => [host, "inactive", reason])
    ],
    columns,
    paint: painted(paint)
  })

const painted = (paint: Paint) => (text: string, row: number): string =>
  row < 0 ? paint.weak(text) : text === "active" ? paint.good(text) : text === "inactive" ? paint.bad(text) : text

const long = (list: RuntimeList, paint: Paint, columns: number): string => {
  const active = Table.render({
    head: ["HOST", "CORES", "MEMORY", "GPUS", "PYTHON", "LOAD", "FREE", "SYSTEM"],
    rows: list.active.map((report) => [
      report.host,
      report.facts.cpus,
      bytes(report.facts.memory),
      HostTable.gpus(report.facts) || "-",
      report.facts.python || "-",
      HostReport.load(report),
      HostReport.disk(report),
      `${report.facts.os}, ${report.facts.machine}`
    ]),
    align: [undefined, "right", "right", undefined, undefined, "right", "right"],
    columns,
    paint: painted(paint)
  })
  const inactive = Table.render({
    rows: list.inactive.map(({ host, reason }) => [host, "inactive", reason]),
    columns,
    paint: painted(paint)
  })
  return [...(list.active.length > 0 ? [active] : []), ...(list.inactive.length > 0 ? [inactive] : [])].join("\n\n")
}

/**
 * Prints it. Where there are no hosts, text is nothing at all: what to type then is advice.
 *
 * @since 0.1.0
 * @category execution
 */
export const show = (list: RuntimeList, inLong: boolean): Effect.Effect<void, never, View.View> =>
  Effect.flatMap(Invocation, ({ json }) =>
    !json && list.active.length + list.inactive.length === 0
      ? Effect.void
      : View.data(encode(list), (paint, columns) => (inLong ? long : short)(list, paint, columns)))

/**
 * What to type next, a line each.
 *
 * @since 0.1.0
 * @category printing
 */
export const advice = (
  { active, inactive }: RuntimeList,
  { config, hosts, sandbox }: HostOptions
): ReadonlyArray<string> => {
  const file = config === undefined ? "" : ` --config ${quote(config)}`
  if (active.length === 0 && inactive.length === 0) {
    return [
      `no runtimes: ${config ?? "~/.ssh/config"} names no host`,
      `add one: lazycluster add-runtime NAME user@host:port${file}`
    ]
  }
  const refused = inactive.filter(({ sameAs }) => sameAs === undefined)
  return [
    ...refused.flatMap(({ hint, host }) => hint === undefined ? [] : [`${host}: ${hint}`]),
    ...(refused.length > 0 && sandbox === undefined && hosts === undefined
      ? [`more about one: lazycluster doctor ${quote(refused[0]?.host ?? "")}${file}`]
      : [])
  ]
}
