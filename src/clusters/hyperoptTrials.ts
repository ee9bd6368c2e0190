/**
 * Trials of workers that are gone: they go back into the queue, so that a search does not wait for ever.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { decodeText, withoutControl } from "../internal/outputText.ts"
import * as programs from "../internal/programs.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { SshError } from "../services/SshError.ts"
import type { ClusterEvent } from "./ClusterEvent.ts"
import { ownerOf } from "./HyperoptPlan.ts"
import * as MongoPlan from "./MongoPlan.ts"

/**
 * Where trials are, and who may change them.
 *
 * @internal
 */
export interface Database {
  readonly manager: Runtime
  /** An interpreter of the manager that has PyMongo. */
  readonly python: string
  /** On the manager's loopback. */
  readonly port: number
  readonly name: string
  readonly password: Redacted.Redacted
  /** Whether its files were there before the cluster: trials of workers of that time may be in it. */
  readonly kept: boolean
}

const Asked = Schema.parseJson(Schema.Struct({
  port: Schema.Int,
  db: Schema.String,
  user: Schema.String,
  password: Schema.Redacted(Schema.String),
  owners: Schema.Array(Schema.String)
}))

/**
 * How many trials went back into the queue, and how many failed because they had ended a worker too often.
 *
 * @internal
 */
export const Released = Schema.parseJson(Schema.Struct({ released: Schema.Int, failed: Schema.Int }))

/** Of what it says no more is read. */
const mostBytes = 64 * 1024

/**
 * Takes the running trials off workers that are gone, by their owners, and off those of clusters that were there before.
 *
 * @internal
 */
export const release = (
  { manager, name, password, port, python }: Database,
  owners: ReadonlyArray<string>
): Effect.Effect<typeof Released.Type, SshError | { readonly message: string }> =>
  Effect.gen(function*() {
    const program = yield* programs.load("hyperopt-worker", "python")
    const process = yield* manager.python(program, ["release"], { python })
    const asked = yield* Effect.orDie(Schema.encode(Asked)({ port, db: name, user: MongoPlan.user, password, owners }))
    yield* process.write(`${asked}\n`)
    yield* process.endInput
    const read = (bytes: Stream.Stream<Uint8Array, SshError>) =>
      Stream.mkString(decodeText(Stream.take(bytes, mostBytes)))
    const [said, error] = yield* Effect.all([read(process.stdout), read(process.stderr)], { concurrency: 2 })
    return yield* Effect.mapError(Schema.decode(Released)(said.trim()), () => ({
      message: withoutControl(error.trim().split("\n").at(-1) ?? "")
    }))
  }).pipe(Effect.scoped)

/** Who evaluates trials: each process of a worker has a name of its own. */
interface Incarnation {
  readonly host: string
  readonly owner: string
}

/**
 * Those that an event tells to be gone; `known` is kept up to date.
 *
 * @internal
 */
export const gone = (known: Map<string, Incarnation>, event: ClusterEvent): ReadonlyArray<string> => {
  const leave = (process: string): ReadonlyArray<string> => {
    const owner = known.get(process)?.owner
    known.delete(process)
    return owner === undefined ? [] : [owner]
  }
  switch (event._tag) {
    case "ProcessStarted": {
      const { host, pid, process } = event
      if (process === "mongod") return []
      const before = leave(process)
      known.set(process, { host, owner: `${ownerOf(process, host)}:${pid}` })
      return before
    }
    case "ProcessExited":
    case "Restarting":
    case "Moved":
    case "GaveUp":
      return leave(event.process)
    case "Changed":
      return event.removed.flatMap(leave)
    case "Link":
      return event.state === "gone"
        ? [...known].filter(([, { host }]) => host === event.host).flatMap(([process]) => leave(process))
        : []
    default:
      return []
  }
}

/** mongod may be away for as long as it takes to recover. */
const trying = Schedule.exponential("500 millis").pipe(Schedule.either(Schedule.spaced("15 seconds")))

/**
 * Looks after trials until the scope closes: gives what is to hear of the cluster's events, and what begins to act on them.
 *
 * @internal
 */
export const make: Effect.Effect<{
  readonly onEvent: (event: ClusterEvent) => Effect.Effect<void>
  readonly act: (database: Database) => Effect.Effect<void, never, Scope.Scope>
}> = Effect.gen(function*() {
  const known = new Map<string, Incarnation>()
  const dead = yield* Ref.make<ReadonlySet<string>>(new Set())
  const some = yield* Queue.sliding<void>(1)
  const act = (database: Database) =>
    Effect.gen(function*() {
      yield* Queue.take(some)
      const owners = yield* Ref.get(dead)
      const { failed, released } = yield* Effect.retry(
        Effect.tapError(
          release(database, [...owners]),
          ({ message }) => Effect.logDebug(`trials could not be released: ${message}`)
        ),
        trying
      )
      yield* Ref.update(dead, (all) => new Set([...all].filter((owner) => !owners.has(owner))))
      if (released + failed > 0) {
        yield* Effect.logDebug(`of workers that are gone ${released} trials are queued again, ${failed} failed`)
      }
    }).pipe(
      // The schedule of the attempts has no end.
      Effect.orDie,
      Effect.forever,
      Effect.annotateLogs({ engine: "Hyperopt" }),
      Effect.forkScoped,
      Effect.zipRight(database.kept ? Queue.offer(some, undefined) : Effect.void),
      Effect.asVoid
    )
  return {
    onEvent: (event) =>
      Effect.suspend(() => {
        const owners = gone(known, event)
        return owners.length === 0
          ? Effect.void
          : Effect.zipRight(Ref.update(dead, (all) => new Set([...all, ...owners])), Queue.offer(some, undefined))
      }),
    act
  }
})
