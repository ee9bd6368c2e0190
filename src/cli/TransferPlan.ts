/**
 * What `put` and `get` would copy, host by host.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { RuntimeGroup } from "../runtimes/RuntimeGroup.ts"
import * as FileTransferPlan from "../services/FileTransferPlan.ts"
import * as View from "./View.ts"

const Planned = Schema.Struct({ path: Schema.String, size: Schema.Number })

/**
 * What `--dry-run --json` prints: a list of these.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TransferPlan = Schema.Struct({
  host: Schema.String,
  from: Schema.String,
  to: Schema.String,
  /** Whether the host could tell; if not, the rest is empty, and all would be copied. */
  known: Schema.Boolean,
  folders: Schema.Array(Schema.String),
  files: Schema.Array(Planned),
  links: Schema.Array(Schema.String),
  /** Bytes that would travel. */
  bytes: Schema.Number,
  unchanged: Schema.Int,
  skipped: Schema.Array(Schema.String),
  /** What stands where another kind must: nothing would be copied. */
  inTheWay: Schema.Array(Schema.String)
})

/**
 * A copy that would be made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Copy {
  readonly from: string
  readonly to: string
  readonly plan: Option.Option<FileTransferPlan.Plan>
}

const data = (host: string, { from, plan, to }: Copy): typeof TransferPlan.Type => {
  const { inTheWay, link, make, send, skipped, unchanged } = Option.getOrElse(
    plan,
    (): FileTransferPlan.Plan => ({ make: [], send: [], link: [], settle: [], unchanged: 0, skipped: [], inTheWay: [] })
  )
  return {
    host,
    from,
    to,
    known: Option.isSome(plan),
    folders: make.map(({ path }) => path),
    files: send.map(({ path, size }) => ({ path, size })),
    links: link.map(({ path }) => path),
    bytes: send.reduce((sum, { size }) => sum + size, 0),
    unchanged,
    skipped,
    inTheWay: inTheWay.map(({ path }) => path)
  }
}

const text = (host: string, { from, plan, to }: Copy): string => {
  const lines = Option.match(plan, {
    onNone: () => ["it lacks what is needed to tell: all would be copied, over SFTP"],
    onSome: (plan) => FileTransferPlan.render(plan).split("\n")
  })
  return [`${host}: ${from} to ${to}`, ...lines.map((line) => `  ${line}`)].join("\n")
}

/**
 * Shows what would be copied.
 *
 * @since 0.1.0
 * @category execution
 */
export const show = Effect.fnUntraced(function*<E, R>(
  group: RuntimeGroup,
  copies: (runtime: Runtime) => Effect.Effect<ReadonlyArray<Copy>, E, R>
): Effect.fn.Return<void, E, R | View.View> {
  const all = yield* Effect.forEach(
    group.runtimes,
    (runtime) => Effect.map(copies(runtime), (copies) => ({ host: runtime.host.alias, copies })),
    { concurrency: group.concurrency }
  )
  yield* View.data(
    all.flatMap(({ copies, host }) => copies.map((copy) => data(host, copy))),
    () => all.flatMap(({ copies, host }) => copies.map((copy) => text(host, copy))).join("\n")
  )
  yield* View.note("Nothing was copied: --dry-run")
})
