/**
 * The trials of a search as a plot: the loss of each, and the best so far.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as vega from "../internal/vega.ts"
import { FminError } from "./FminError.ts"
import * as Trial from "./Trial.ts"

/**
 * How a plot looks.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: the best loss. */
  readonly title?: string | undefined
  /** Pixels of what is within the axes; default 640. */
  readonly width?: number | undefined
  /** Default 360. */
  readonly height?: number | undefined
  /** Default `linear`; `log` for losses above 0. */
  readonly scale?: "linear" | "log" | undefined
  /** A plot for each of these parameters as well: fields of the points, as in `optimizer.momentum`. Default none. */
  readonly parameters?: ReadonlyArray<string> | undefined
}

const at = (point: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>(
    (value, key) => typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(key) : undefined,
    point
  )

const plain = (value: unknown): string | number | null =>
  typeof value === "number" || typeof value === "string" ? value : value === undefined ? null : JSON.stringify(value)

/** One for each trial with a loss, in the order in which they were suggested. */
const rows = (trials: Iterable<Trial.Trial>, parameters: ReadonlyArray<string>) => {
  let best = Infinity
  return [...trials].sort((one, other) => one.id - other.id).flatMap((trial, index) => {
    if (!Trial.hasLoss(trial)) return []
    best = Math.min(best, trial.loss)
    return [{
      trial: index + 1,
      loss: trial.loss,
      best,
      host: trial.host ?? "",
      point: JSON.stringify(trial.point),
      parameters: parameters.map((path) => plain(at(trial.point, path)))
    }]
  })
}

const digits = (loss: number): string => Number(loss.toPrecision(6)).toString()

const specOf = (trials: Iterable<Trial.Trial>, options: Options): vega.Spec => {
  const { height = 360, parameters = [], scale = "linear", width = 640 } = options
  const values = rows(trials, parameters)
  const found = values.at(-1)?.best
  const loss = { field: "loss", type: "quantitative", title: "loss", scale: { type: scale, zero: false } } as const
  const tooltip = [
    { field: "trial", type: "quantitative" },
    { field: "loss", type: "quantitative" },
    { field: "host", type: "nominal" },
    { field: "point", type: "nominal" }
  ] as const
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: options.title ?? (found === undefined ? "no trial has a loss" : `best loss ${digits(found)}`),
    background: "white",
    data: { values },
    vconcat: [
      {
        width,
        height,
        layer: [
          {
            mark: { type: "point", filled: true, opacity: 0.6 },
            encoding: { x: { field: "trial", type: "quantitative", title: "trial" }, y: loss, tooltip: [...tooltip] }
          },
          {
            mark: { type: "line", interpolate: "step-after", color: "#d62728" },
            encoding: {
              x: { field: "trial", type: "quantitative" },
              y: { ...loss, field: "best", title: "loss, and the best so far" }
            }
          }
        ]
      },
      ...parameters.map((path, number) => ({
        width,
        height: height / 2,
        mark: { type: "point", filled: true, opacity: 0.6 } as const,
        encoding: {
          x: values.every((row) => typeof row.parameters[number] === "number")
            ? { field: `parameters[${number}]`, type: "quantitative" as const, title: path, scale: { zero: false } }
            : { field: `parameters[${number}]`, type: "nominal" as const, title: path },
          y: loss,
          tooltip: [...tooltip]
        }
      }))
    ]
  }
}

/**
 * The plot as data: a specification of Vega-Lite, for whatever draws one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const spec = (trials: Iterable<Trial.Trial>, options: Options = {}): Readonly<Record<string, unknown>> => ({
  ...specOf(trials, options)
})

const refused = ({ cause, missing }: vega.VegaError): FminError =>
  new FminError({
    reason: "Plot",
    step: "fmin.plot",
    detail: missing ? "vega and vega-lite are not installed" : String(cause),
    hint: missing ? "npm install vega vega-lite" : "losses of 0 and below have no place on a `log` scale",
    cause
  })

/**
 * The plot as SVG. Needs the packages `vega` and `vega-lite`; fails with `FminError` `Plot` without them.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { Fmin, FminPlot } from "lazycluster"
 * import { FileSystem } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * const draw = ({ trials }: Fmin.Result) =>
 *   Effect.gen(function*() {
 *     const fs = yield* FileSystem.FileSystem
 *     yield* fs.writeFileString("search.svg", yield* FminPlot.svg(trials))
 *   })
 */
export const svg = (trials: Iterable<Trial.Trial>, options: Options = {}): Effect.Effect<string, FminError> =>
  Effect.mapError(vega.svg(specOf(trials, options)), refused)

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0) ?? 0};`)

/** So many stand in the table. */
const most = 20

/**
 * The plot in a page of its own, without scripts, above the best trials.
 *
 * @since 0.1.0
 * @category combinators
 */
export const html = (trials: Iterable<Trial.Trial>, options: Options = {}): Effect.Effect<string, FminError> => {
  const all = [...trials]
  const best = all.filter((trial) => Trial.hasLoss(trial)).sort((one, other) => (one.loss ?? 0) - (other.loss ?? 0))
  const lines = best.slice(0, most).map((trial) =>
    [String(trial.id), String(trial.loss), trial.host ?? "", JSON.stringify(trial.point)]
      .map((cell) => `<td>${escaped(cell)}</td>`).join("")
  )
  return Effect.map(svg(all, options), (drawing) =>
    [
      "<!doctype html>",
      `<html lang="en"><head><meta charset="utf-8"><title>${escaped(options.title ?? "Search")}</title>`,
      "<style>body{font-family:sans-serif;margin:2em}td,th{padding:.2em 1em .2em 0;text-align:left}</style></head><body>",
      drawing,
      "<table><thead><tr><th>trial</th><th>loss</th><th>host</th><th>point</th></tr></thead><tbody>",
      ...lines.map((line) => `<tr>${line}</tr>`),
      "</tbody></table></body></html>",
      ""
    ].join("\n"))
}
