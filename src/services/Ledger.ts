/**
 * What a runtime has on its host, as one JSON file there (mode 0600): any later process can list, adopt or end it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Guardian } from "./Guardian.ts"

/**
 * A process of a runtime. `start` is its start time in the host's own units: with the boot id it tells a process from a
 * later one of the same number.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LedgerProcess = Schema.Struct({
  name: Schema.String,
  pid: Schema.Int,
  start: Schema.String,
  /** The executable only: arguments may hold what is not for a file. */
  command: Schema.String
})

/**
 * The file's content, version 1.
 *
 * @since 0.1.0
 * @category schemas
 */
export class Ledger extends Schema.Class<Ledger>("lazycluster/Ledger")({
  version: Schema.Literal(1),
  id: Schema.String,
  /** The host as the manager names it. */
  host: Schema.String,
  /** The host as it names itself: homes may be shared by hosts, each of which has ledgers of its own there. */
  hostname: Schema.String,
  /** `user@machine` of the manager. */
  owner: Schema.String,
  bootId: Schema.String,
  /** Milliseconds since 1970, by the manager's clock. */
  since: Schema.Number,
  leaseSeconds: Schema.Number,
  workingDirectory: Schema.String,
  processes: Schema.Array(LedgerProcess),
  ports: Schema.Array(Schema.Int),
  /** Those that are a process's alone, and whose. */
  gpus: Schema.optionalWith(Schema.Array(Schema.Struct({ index: Schema.Int, by: Schema.String })), {
    default: () => []
  })
}) {}

/** A port may stand in it twice: once as a listener, once as a process's own. */
const without = (ports: ReadonlyArray<number>, port: number): ReadonlyArray<number> => {
  const at = ports.indexOf(port)
  return at < 0 ? ports : ports.toSpliced(at, 1)
}

const encode = Schema.encode(Schema.parseJson(Ledger))

/**
 * The ledger of a runtime, kept through its guardian.
 *
 * @internal
 */
export interface Writer {
  readonly process: (process: typeof LedgerProcess.Type) => Effect.Effect<void>
  /** Stands in the ledger as long as the scope is open. */
  readonly port: (port: number) => Effect.Effect<void, never, Scope.Scope>
  /** The same of GPUs. */
  readonly gpus: (by: string, indices: ReadonlyArray<number>) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * Writes the first entry.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly id: string
  readonly host: string
  readonly owner: string
  readonly lease: Duration.Duration
  readonly guardian: Guardian
}) {
  const { guardian } = options
  const state = yield* Ref.make(Ledger.make({
    version: 1,
    id: options.id,
    host: options.host,
    hostname: guardian.facts.hostname,
    owner: options.owner,
    bootId: guardian.facts.bootId,
    since: yield* Clock.currentTimeMillis,
    leaseSeconds: Duration.toSeconds(options.lease),
    workingDirectory: guardian.workingDirectory,
    processes: [],
    ports: [],
    gpus: []
  }))
  const put = (change: (ledger: Ledger) => Partial<Ledger>) =>
    Ref.updateAndGet(state, (ledger) => Ledger.make({ ...ledger, ...change(ledger) })).pipe(
      Effect.flatMap((ledger) => Effect.orDie(encode(ledger))),
      Effect.flatMap(guardian.note)
    )
  yield* put(() => ({}))
  const writer: Writer = {
    process: (process) => put((ledger) => ({ processes: [...ledger.processes, process] })),
    port: (port) =>
      Effect.acquireRelease(
        put((ledger) => ({ ports: [...ledger.ports, port] })),
        () => put((ledger) => ({ ports: without(ledger.ports, port) }))
      ),
    gpus: (by, indices) =>
      Effect.acquireRelease(
        put((ledger) => ({ gpus: [...ledger.gpus, ...indices.map((index) => ({ index, by }))] })),
        () => put((ledger) => ({ gpus: ledger.gpus.filter(({ index }) => !indices.includes(index)) }))
      )
  }
  return writer
})
