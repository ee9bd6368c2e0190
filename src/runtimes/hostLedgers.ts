/**
 * What `ledgers.sh` says of a host, read with limits: whoever may write there may have written anything.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { withoutControl } from "../internal/outputText.ts"
import * as programs from "../internal/programs.ts"
import { Ledger } from "../services/Ledger.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import type { Ledgers, ListedRuntime, Unreadable } from "./Ledgers.ts"

/** All that a host may say, in characters. */
const mostSaid = 16_000_000

/** A beat comes every second; a busy machine may be late. */
const late = 3

/** Of a runtime; who has more is told of these. */
const mostSessions = 1000

const idPattern = /^[\w-][\w.-]{0,63}$/

/** What lies about a runtime, beside its ledger. */
interface Found {
  readonly where: string
  readonly guarded: boolean
  readonly lease: number | undefined
  readonly silence: number | undefined
  json: string | undefined
  long: boolean
  /** `PID START` of those that live. */
  readonly alive: Set<string>
  /** What lives beside those of the ledger. */
  readonly sessions: Array<{ readonly pid: number; readonly start: string; readonly command: string }>
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined

interface Said {
  readonly hostname: string
  readonly found: ReadonlyMap<string, Found>
  readonly more: number
  readonly whole: boolean
}

/** Lines that are none of ours are noise of a login shell. */
const parse = (text: string): Said => {
  const found = new Map<string, Found>()
  let hostname = ""
  let more = 0
  let whole = false
  for (const line of text.split("\n")) {
    const [kind, first = "", second = "", third, fourth, fifth] = line.split(" ")
    const about = found.get(first)
    if (kind === "host") hostname = first
    else if (kind === "more") more = number(first) ?? 0
    else if (kind === "done") whole = true
    else if (kind === "runtime" && idPattern.test(first)) {
      found.set(first, {
        where: second,
        guarded: third === "up",
        lease: number(fourth),
        silence: number(fifth),
        json: undefined,
        long: false,
        alive: new Set(),
        sessions: []
      })
    } else if (about === undefined) continue
    else if (kind === "ledger") about.json = line.slice(kind.length + first.length + 2)
    else if (kind === "long") about.long = true
    else if (kind === "process") about.alive.add(`${second} ${third ?? ""}`)
    else if (kind === "session" && number(second) !== undefined && about.sessions.length < mostSessions) {
      about.sessions.push({
        pid: Number(second),
        start: third ?? "",
        command: withoutControl(line.split(" ").slice(4).join(" "))
      })
    }
  }
  return { hostname, found, more, whole }
}

const decode = Schema.decodeOption(Schema.parseJson(Ledger))

const unreadable = (host: string, id: string, { json, long }: Found): typeof Unreadable.Type => ({
  host,
  id,
  detail: long
    ? "its ledger is too long to be one"
    : json === undefined
    ? "it has a directory and no ledger: it begins or ends just now, or its disk is full"
    : "its ledger is no ledger of this version"
})

type State = ListedRuntime["state"]

const stateOf = ({ guarded, silence = 0, where }: Found): State =>
  where !== "here" ? "left" : !guarded ? "unguarded" : silence > late ? "silent" : "held"

type Listed = typeof ListedRuntime.Encoded

const listed = (host: string, found: Found, ledger: Ledger, since: DateTime.Utc): Listed => {
  const { alive, silence } = found
  const state = stateOf(found)
  const lease = found.lease ?? ledger.leaseSeconds
  return {
    host,
    id: ledger.id,
    owner: ledger.owner,
    since: DateTime.formatIso(since),
    state,
    lease,
    ...(silence === undefined || state === "left" ? {} : { silence }),
    ...(state === "silent" && silence !== undefined ? { endsIn: Math.max(0, lease - silence) } : {}),
    workingDirectory: ledger.workingDirectory,
    processes: [
      ...ledger.processes.map(({ command, name, pid, start }) => ({
        name,
        pid,
        command,
        alive: alive.has(`${pid} ${start}`)
      })),
      ...found.sessions
        .filter((session) => !ledger.processes.some(({ pid, start }) => pid === session.pid && start === session.start))
        .map(({ command, pid }) => ({ name: "", pid, command, alive: true }))
    ],
    ports: [...new Set(ledger.ports)],
    gpus: ledger.gpus
  }
}

/** Homes may be shared by hosts: what is another's is none of this one's business. */
const isElsewhere = (found: Found, ledger: Option.Option<Ledger>, hostname: string): boolean =>
  found.where === "elsewhere" ||
  (found.where === "-" && Option.exists(ledger, (one) => one.hostname !== hostname))

/**
 * The runtimes on the host of a connection, as `Ledgers` are written down.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(
  connection: SshConnection
): Effect.fn.Return<typeof Ledgers.Encoded, SshError> {
  const host = connection.host.alias
  const text = yield* Effect.scoped(Effect.gen(function*() {
    const process = yield* connection.exec({ program: yield* programs.load("ledgers", "sh"), words: [] })
    yield* Effect.forkScoped(Stream.runDrain(process.stderr))
    return yield* Stream.runFold(
      Stream.decodeText(process.stdout),
      "",
      (all, part) => all.length < mostSaid ? all + part : all
    )
  }))
  const { found, hostname, more, whole } = parse(text)
  if (!whole) {
    return yield* new SshError({
      reason: "Protocol",
      host,
      step: "read ledgers",
      detail: "the host did not say all of them",
      hint: "a start-up file of the login shell may end it; make it silent for shells without a terminal"
    })
  }
  const runtimes: Array<Listed> = []
  const broken: Array<typeof Unreadable.Type> = more === 0 ? [] : [{ host, detail: `${more} more are not shown` }]
  for (const [id, about] of found) {
    const ledger = about.json === undefined ? Option.none() : decode(about.json)
    if (isElsewhere(about, ledger, hostname)) continue
    const since = Option.flatMap(ledger, (one) => DateTime.make(one.since))
    if (Option.isSome(ledger) && Option.isSome(since) && ledger.value.id === id) {
      runtimes.push(listed(host, about, ledger.value, since.value))
    } else broken.push(unreadable(host, id, about))
  }
  return { runtimes, unreadable: broken, unreachable: [] }
})
