/**
 * What lazycluster runs on hosts, read from the ledgers that lie there: runtimes of whatever manager of this user, also of one
 * that has crashed. Nothing is started for it and nothing changed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Host from "../services/Host.ts"
import * as Progress from "../services/Progress.ts"
import { Ssh } from "../services/Ssh.ts"
import { type SshConfigError, SshError } from "../services/SshError.ts"
import * as hostLedgers from "./hostLedgers.ts"

/**
 * How a runtime is:
 * - `held`: its manager renews the lease
 * - `silent`: no word of the manager for some seconds; it ends when the lease has run out
 * - `unguarded`: somebody has killed its watchdog; the next runtime that is made there has it end
 * - `left`: the host was started anew meanwhile, only files are there; the next runtime that is made there removes them
 *
 * @since 0.1.0
 * @category schemas
 */
export const State = Schema.Literal("held", "silent", "unguarded", "left")

/**
 * A process: of the ledger, `alive` when that very one still runs; or one that was run beside those (`exec`) and lives, without a
 * name.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ListedProcess = Schema.Struct({
  /** Empty for what has none. */
  name: Schema.String,
  pid: Schema.Int,
  /** The executable. */
  command: Schema.String,
  alive: Schema.Boolean
})

/**
 * A runtime on a host. Durations are in seconds.
 *
 * @since 0.1.0
 * @category schemas
 */
export class ListedRuntime extends Schema.Class<ListedRuntime>("lazycluster/Ledgers/ListedRuntime")({
  /** As it was named here. */
  host: Schema.String,
  id: Schema.String,
  /** `user@machine` of the manager. */
  owner: Schema.String,
  /** By the manager's clock. */
  since: Schema.DateTimeUtc,
  state: State,
  lease: Schema.Number,
  /** Since the manager's last word; absent where nobody knows. */
  silence: Schema.optional(Schema.Number),
  /** Until the lease has run out, where it is `silent`. */
  endsIn: Schema.optional(Schema.Number),
  workingDirectory: Schema.String,
  processes: Schema.Array(ListedProcess),
  ports: Schema.Array(Schema.Int),
  gpus: Schema.Array(Schema.Struct({ index: Schema.Int, by: Schema.String }))
}) {}

/**
 * What is there and tells nothing: a ledger that cannot be read, or a host that cannot be reached (without an id).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Unreadable = Schema.Struct({
  host: Schema.String,
  id: Schema.optional(Schema.String),
  detail: Schema.String
})

/**
 * What hosts have. A runtime stands in it once, also where two names lead to one machine.
 *
 * @since 0.1.0
 * @category schemas
 */
export class Ledgers extends Schema.Class<Ledgers>("lazycluster/Ledgers")({
  runtimes: Schema.Array(ListedRuntime),
  unreadable: Schema.Array(Unreadable),
  unreachable: Schema.Array(Unreadable)
}) {}

/** A host that answers at all has read its files by then. */
const patience = "30 seconds"

const concurrency = 16

/**
 * The runtimes on one host. The manager itself is `Host.manager`.
 *
 * @since 0.1.0
 * @category execution
 */
export const read = Effect.fn("Ledgers.read")(function*(
  host: string | Host.Host
): Effect.fn.Return<Ledgers, SshError | SshConfigError, Ssh> {
  const ssh = yield* Ssh
  const named = typeof host === "string" ? yield* Host.parse(host) : host
  yield* Effect.annotateCurrentSpan("host", named.alias)
  return yield* Progress.step(
    named.alias,
    "read ledgers",
    () =>
      Effect.flatMap(ssh.connect(named), hostLedgers.read).pipe(
        Effect.scoped,
        Effect.flatMap((found) => Effect.orDie(Schema.decode(Ledgers)(found))),
        Effect.timeoutFail({
          duration: patience,
          onTimeout: () =>
            new SshError({
              reason: "Timeout",
              host: named.alias,
              step: "read ledgers",
              detail: `no answer within ${patience}`,
              hint: "is its home on a file server that does not answer?"
            })
        })
      )
  )
})

const once = (runtimes: ReadonlyArray<ListedRuntime>): ReadonlyArray<ListedRuntime> =>
  [
    ...new Map(runtimes.toReversed().map((runtime) => [runtime.id, runtime])).values()
  ].toReversed()

/**
 * The runtimes on several hosts, each asked in parallel. A host that cannot be reached is told as such.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { Host, Ledgers } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { runtimes } = yield* Ledgers.readAll([Host.manager, "host-1", "host-2"])
 *   for (const { host, owner, state } of runtimes) yield* Console.log(`${host}: a runtime of ${owner}, ${state}`)
 * })
 */
export const readAll = Effect.fn("Ledgers.readAll")(function*(
  hosts: ReadonlyArray<string | Host.Host>
): Effect.fn.Return<Ledgers, never, Ssh> {
  const found = yield* Effect.forEach(hosts, (host) =>
    Effect.map(Effect.either(read(host)), (result) => ({
      host: typeof host === "string" ? host : host.alias,
      result
    })), { concurrency })
  const all = found.flatMap(({ result }) => Either.isRight(result) ? [result.right] : [])
  return Ledgers.make({
    runtimes: once(all.flatMap(({ runtimes }) => runtimes)),
    unreadable: all.flatMap(({ unreadable }) => unreadable),
    unreachable: found.flatMap(({ host, result }) =>
      Either.isLeft(result) ? [{ host, detail: result.left.message }] : []
    )
  })
})
