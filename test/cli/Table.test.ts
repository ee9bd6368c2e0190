import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import stringWidth from "string-width"
import * as Table from "../../src/cli/Table.ts"

const hosts = {
  head: ["HOST", "CORES", "SYSTEM"],
  rows: [["gpu-1", 64, "Debian GNU/Linux 12 (bookworm), x86_64"], ["a", 8, "Alpine Linux v3.20, aarch64"]]
}

describe("Table", () => {
  it("stands in columns, numbers to the right", () => {
    assert.strictEqual(
      Table.render({ ...hosts, columns: 80 }),
      [
        "HOST   CORES  SYSTEM",
        "gpu-1     64  Debian GNU/Linux 12 (bookworm), x86_64",
        "a          8  Alpine Linux v3.20, aarch64"
      ].join("\n")
    )
  })

  it("shortens the widest column where there is no room", () => {
    assert.strictEqual(
      Table.render({ ...hosts, columns: 30, indent: " " }),
      [
        " HOST   CORES  SYSTEM",
        " gpu-1     64  Debian GNU/Lin…",
        " a          8  Alpine Linux v…"
      ].join("\n")
    )
  })

  it("paints what is shown, not what pads it", () => {
    assert.strictEqual(
      Table.render({
        ...hosts,
        columns: 24,
        paint: (text, row, column) => row === 1 || column > 0 ? text : `<${text}>`
      }),
      ["<HOST>   CORES  SYSTEM", "<gpu-1>     64  Debian GN…", "a          8  Alpine Li…"].join("\n")
    )
  })

  it("shows no control characters, and counts what is wide as wide", () => {
    assert.strictEqual(
      Table.render({ rows: [["\u001b[31mred\u0007", "x"], ["計算機", "y"]], columns: 80 }),
      [" [31mred   x", "計算機     y"].join("\n")
    )
  })

  it("is never wider than the output", () => {
    const cell = FastCheck.oneof(FastCheck.string({ unit: "grapheme", maxLength: 40 }), FastCheck.integer())
    const rows = FastCheck.array(FastCheck.array(cell, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 })
    FastCheck.assert(
      FastCheck.property(rows, FastCheck.integer({ min: 1, max: 100 }), (rows, columns) => {
        for (const line of Table.render({ rows, columns }).split("\n")) {
          assert.isAtMost(stringWidth(line), columns, JSON.stringify(line))
        }
      }),
      { numRuns: 300 }
    )
  })
})
