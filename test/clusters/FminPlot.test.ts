import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FminPlot from "../../src/clusters/FminPlot.ts"
import type { Trial } from "../../src/clusters/Trial.ts"

const done = (id: number, loss: number, kind: string): Trial => ({
  id,
  state: "Done",
  status: "ok",
  loss,
  point: { x: loss * 2, kind, deep: { y: id } },
  host: "host-<1>"
})

const trials: ReadonlyArray<Trial> = [
  done(3, 0.75, "b"),
  done(1, 3, "a"),
  { id: 2, state: "Failed", point: { x: 0, kind: "a" } },
  done(4, 2, "<&>"),
  { id: 5, state: "Done", status: "fail", loss: 0.1, point: { x: 0, kind: "a" } }
]

/** What is drawn as a point, as Vega tells it to those who cannot see. */
const points = (svg: string) =>
  [...svg.matchAll(/aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="point"/g)].map(([, label]) =>
    label
  )

const line = (svg: string) => /aria-roledescription="line mark" d="([^"]*)"/.exec(svg)?.[1] ?? ""

describe("the plot of a search", () => {
  it.effect("has a point for each trial with a loss, and the line of the best so far", () =>
    Effect.gen(function*() {
      const svg = yield* FminPlot.svg(trials)
      const drawn = points(svg)
      assert.strictEqual(drawn.length, 3)
      assert.match(drawn[0] ?? "", /^trial: 1; loss: 3; host: host-&lt;1&gt;; point: \{&quot;x&quot;:6/)
      assert.match(drawn[1] ?? "", /^trial: 3; loss: 0.75;/)
      assert.match(drawn[2] ?? "", /^trial: 4; loss: 2;/)
      const heights = [...line(svg).matchAll(/[ML][\d.]+,([\d.]+)/g)].map(([, y]) => Number(y))
      // Level, then down, as SVG counts.
      assert.strictEqual(new Set(heights).size, 2, line(svg))
      assert.isBelow(heights[0] ?? 0, heights.at(-1) ?? 0)
      assert.include(svg, "best loss 0.75")
    }))

  it.effect("shows parameters that are asked for, wherever they are in the point", () =>
    Effect.gen(function*() {
      const svg = yield* FminPlot.svg(trials, { parameters: ["x", "kind", "deep.y"], title: "three", width: 300 })
      for (const text of ["three", "deep.y", "kind"]) assert.include(svg, `>${text}</text>`)
      assert.strictEqual(points(svg).length, 4 * 3)
    }))

  it.effect("stands in a page with the best trials, in which nothing of theirs is markup", () =>
    Effect.gen(function*() {
      const page = yield* FminPlot.html(trials, { title: "<script>" })
      assert.notInclude(page, "<script>")
      assert.include(page, "<td>3</td><td>0.75</td><td>host-&#60;1&#62;</td>")
      assert.isBelow(page.indexOf("<td>0.75</td>"), page.indexOf("<td>2</td>"))
    }))

  it.effect("is empty where no trial has a loss", () =>
    Effect.gen(function*() {
      assert.include(yield* FminPlot.svg([]), "no trial has a loss")
      assert.deepInclude(FminPlot.spec([]), { data: { values: [] } })
    }))
})
