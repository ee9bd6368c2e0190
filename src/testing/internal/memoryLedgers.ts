/**
 * What `ledgers.sh` says, of a host in memory.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { posix } from "node:path"
import { Ledger } from "../../services/Ledger.ts"
import { bootId, factsOf, type MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"
import type { MemoryProcess } from "./memoryProcess.ts"

const decode = Schema.decodeOption(Schema.parseJson(Ledger))

const runtime = (host: MemoryHost, id: string): string => {
  const guardian = host.guardians.get(id)
  if (guardian === undefined) return `runtime ${id} - down - -`
  const where = guardian.bootId === bootId(host) ? "here" : "earlier"
  const up = guardian.watchdog !== undefined && host.processes.has(guardian.watchdog.pid) ? "up" : "down"
  return `runtime ${id} ${where} ${up} ${guardian.lease} ${guardian.quiet}`
}

const living = (host: MemoryHost, id: string, text: string): ReadonlyArray<string> =>
  Option.toArray(decode(text)).flatMap(({ processes }) =>
    processes.flatMap(({ pid }) => {
      const found = host.processes.get(pid)
      return found === undefined ? [] : [`process ${id} ${pid} ${found.start}`]
    })
  )

/** What `run` has recorded. */
const sessions = (host: MemoryHost, id: string): Effect.Effect<ReadonlyArray<string>> =>
  host.tree.read(`${host.state}/${id}/sessions`).pipe(
    Effect.map((bytes) =>
      new TextDecoder().decode(bytes).split("\n").flatMap((line) => {
        const [pid, start] = line.split(" ")
        const found = host.processes.get(Number(pid))
        return found?.start === start && found !== undefined
          ? [`session ${id} ${line} ${posix.basename(found.argv[0] ?? "")}`]
          : []
      })
    ),
    Effect.orElseSucceed(() => [])
  )

const ledger = (host: MemoryHost, id: string): Effect.Effect<ReadonlyArray<string>> =>
  host.tree.read(`${host.state}/${id}.json`).pipe(
    Effect.map((bytes) => {
      const text = new TextDecoder().decode(bytes).replaceAll(/\p{Cc}/gu, "")
      return [`ledger ${id} ${text}`, ...living(host, id, text)]
    }),
    Effect.orElseSucceed(() => [])
  )

/** @internal */
export const answer = (host: MemoryHost, process: MemoryProcess): Effect.Effect<number> =>
  Effect.gen(function*() {
    const names = yield* Effect.orElseSucceed(host.tree.list(host.state), (): ReadonlyArray<string> => [])
    const ids = new Set(names.filter((name) => !name.startsWith(".")).map((name) => posix.basename(name, ".json")))
    const told = yield* Effect.forEach([...ids].sort(), (id) =>
      Effect.zipWith(ledger(host, id), sessions(host, id), (lines, more) => [runtime(host, id), ...lines, ...more]))
    const lines = [`host ${factsOf(host).hostname}`, ...told.flat(), "done"]
    yield* process.io.stdout(bytesOf(
      lines.map((line) =>
        `${line}\n`
      ).join("")
    ))
    return 0
  })
