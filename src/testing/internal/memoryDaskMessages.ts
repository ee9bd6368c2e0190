/**
 * What the scheduler and the workers of Dask in memory say to each other. Their driver speaks as `driver.py` does.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Process } from "../InMemoryHost.ts"

/** An argument of a call: a value, another one's, or a list of both. */
export type Input =
  | { readonly value: unknown }
  | { readonly future: string }
  | { readonly list: ReadonlyArray<Input> }

/** A value last: one that is not there is unknown, too. */
const Input: Schema.Schema<Input> = Schema.Union(
  Schema.Struct({ future: Schema.String }),
  Schema.Struct({ list: Schema.Array(Schema.suspend(() => Input)) }),
  Schema.Struct({ value: Schema.Unknown })
)

const Call = Schema.Struct({
  values: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  inputs: Schema.Record({ key: Schema.String, value: Input })
})

/** @internal */
export type Call = typeof Call.Type

/** What a worker is, as it tells the scheduler. */
export const Joined = Schema.Struct({
  address: Schema.String,
  name: Schema.String,
  threads: Schema.Int,
  memoryLimit: Schema.Number,
  resources: Schema.Record({ key: Schema.String, value: Schema.Number }),
  versions: Schema.Record({ key: Schema.String, value: Schema.String })
})

/** @internal */
export const Hello = Schema.parseJson(
  Schema.Union(Schema.Struct({ worker: Joined }), Schema.Struct({ client: Schema.Literal(true) }))
)

/** What a function raised, and where. */
const Report = Schema.Struct({
  kind: Schema.Literal("Raised", "Source"),
  function: Schema.String,
  type: Schema.String,
  message: Schema.String,
  traceback: Schema.String,
  worker: Schema.String
})

/** @internal */
export type Report = typeof Report.Type

/** Of a worker. */
export const Said = Schema.parseJson(Schema.Union(
  Schema.Struct({ finished: Schema.String }),
  Schema.Struct({ failed: Schema.String, report: Report }),
  /** A value that it needed was nowhere any more. */
  Schema.Struct({ missing: Schema.String, lacking: Schema.String })
))

/** To a worker: what to run or to fetch, and where the values are that it needs. */
export const Told = Schema.parseJson(Schema.Union(
  Schema.Struct({
    run: Schema.String,
    function: Schema.String,
    call: Call,
    from: Schema.Record({ key: Schema.String, value: Schema.String })
  }),
  Schema.Struct({ fetch: Schema.String, from: Schema.String }),
  Schema.Struct({ put: Schema.String, text: Schema.String }),
  Schema.Struct({ forget: Schema.Array(Schema.String) })
))

/** Between workers, and of the scheduler: the text of a value, or that it is not there. */
export const Wanted = Schema.parseJson(Schema.Struct({ want: Schema.String }))

/** @internal */
export const Given = Schema.parseJson(Schema.Struct({ text: Schema.NullOr(Schema.String) }))

/** @internal */
export const Request = Schema.parseJson(Schema.Union(
  Schema.Struct({ op: Schema.Literal("drop"), target: Schema.Int }),
  Schema.Struct({
    id: Schema.Int,
    op: Schema.Literal("submit"),
    code: Schema.Struct({ name: Schema.String }),
    calls: Schema.Array(Call),
    keys: Schema.optional(Schema.Array(Schema.String)),
    options: Schema.Struct({
      workers: Schema.optional(Schema.Array(Schema.String)),
      priority: Schema.optional(Schema.Number),
      retries: Schema.optional(Schema.Number),
      resources: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Number })),
      pure: Schema.optional(Schema.Boolean)
    })
  }),
  Schema.Struct({
    id: Schema.Int,
    op: Schema.Literal("scatter"),
    name: Schema.String,
    value: Schema.Unknown,
    options: Schema.Struct({
      workers: Schema.optional(Schema.Array(Schema.String)),
      broadcast: Schema.optional(Schema.Boolean)
    })
  }),
  Schema.Struct({ id: Schema.Int, op: Schema.Literal("result"), key: Schema.String }),
  Schema.Struct({
    id: Schema.Int,
    op: Schema.Literal("gather", "finished", "watch", "cancel", "release", "who_has"),
    keys: Schema.Array(Schema.String)
  }),
  Schema.Struct({
    id: Schema.Int,
    op: Schema.Literal("next"),
    watch: Schema.Int,
    texts: Schema.Boolean,
    most: Schema.Int
  }),
  Schema.Struct({ id: Schema.Int, op: Schema.Literal("unwatch"), watch: Schema.Int }),
  Schema.Struct({ id: Schema.Int, op: Schema.Literal("retire"), names: Schema.Array(Schema.String) }),
  Schema.Struct({ id: Schema.Int, op: Schema.Literal("info", "wanted") }),
  Schema.Struct({ id: Schema.Int, op: Schema.Literal("wait_for_workers"), n: Schema.Int, timeout: Schema.Number })
))

/** @internal */
export type Request = Exclude<typeof Request.Type, { readonly op: "drop" }>

/** @internal */
export type Submit = Extract<Request, { readonly op: "submit" }>

/**
 * The port in `tcp://127.0.0.1:8786`, `127.0.0.1:8787` or `8786`.
 *
 * @internal
 */
export const portOf = (address: string): number => Number(/(\d+)\/?$/.exec(address)?.[1] ?? 0)

/**
 * The value behind `--name`.
 *
 * @internal
 */
export const option = ({ argv }: Process, name: string): string | undefined => {
  const at = argv.indexOf(name)
  return at < 0 ? undefined : argv[at + 1]
}

/**
 * The keys that a call needs.
 *
 * @internal
 */
export const needs = ({ inputs }: Call): ReadonlyArray<string> => {
  const of = (input: Input): ReadonlyArray<string> =>
    "future" in input ? [input.future] : "list" in input ? input.list.flatMap(of) : []
  return [...new Set(Object.values(inputs).flatMap(of))]
}

/**
 * The arguments with values in the place of keys.
 *
 * @internal
 */
export const filled = (call: Call, values: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> => {
  const of = (input: Input): unknown =>
    "future" in input ? values.get(input.future) : "list" in input ? input.list.map(of) : input.value
  return {
    ...call.values,
    ...Object.fromEntries(Object.entries(call.inputs).map(([name, input]) => [name, of(input)]))
  }
}
