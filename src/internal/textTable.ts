/**
 * Rows as columns for people.
 *
 * @since 0.1.0
 */
import stringWidth from "string-width"

/** @internal */
export type Align = "left" | "right"

/** @internal */
export interface Options {
  readonly head?: ReadonlyArray<string> | undefined
  readonly rows: ReadonlyArray<ReadonlyArray<string | number>>
  /** No line is wider. Default: as wide as it gets. */
  readonly columns?: number | undefined
  /** By column. Default: a column with numbers in it to the right. */
  readonly align?: ReadonlyArray<Align | undefined> | undefined
  /** Sets cells apart, when their widths are known; row -1 is the head. */
  readonly paint?: ((text: string, row: number, column: number) => string) | undefined
  /** In front of each line. */
  readonly indent?: string | undefined
}

const gap = "  "

/** What a host says is shown on a terminal: no control characters of its. */
const plain = (cell: string | number): string => String(cell).replaceAll(/\p{Cc}+/gu, " ")

const characters = new Intl.Segmenter()

/** The most of a text that fits, with a sign that there is more. */
const cut = (text: string, width: number): string => {
  if (stringWidth(text) <= width) return text
  let kept = ""
  let left = width - 1
  for (const { segment } of characters.segment(text)) {
    left -= stringWidth(segment)
    if (left < 0) break
    kept += segment
  }
  return width < 1 ? "" : `${kept}…`
}

/** The widest give way, all by the same; one character of each column stays as long as there is room for that. */
const fit = (widths: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  const sum = (most: number) => widths.reduce((all, width) => all + Math.min(width, most), 0)
  if (sum(Infinity) <= room) return widths
  let most = Math.max(1, ...widths)
  while (most > 1 && sum(most) > room) most--
  let spare = room - sum(most)
  return widths.map((width) => width > most && spare-- > 0 ? most + 1 : Math.min(width, most))
}

/**
 * A line for each row, columns two blanks apart, no blanks at the end. Where it would be too wide, the widest columns are
 * shortened.
 *
 * @internal
 */
export const render = ({ align, columns, head, indent = "", paint, rows }: Options): string => {
  const all = [...(head === undefined ? [] : [head]), ...rows].map((row) => row.map(plain))
  const count = Math.max(0, ...all.map((row) => row.length))
  const numbers = Array.from({ length: count }, (_, at) => rows.some((row) => typeof row[at] === "number"))
  const natural = numbers.map((_, at) => Math.max(0, ...all.map((row) => stringWidth(row[at] ?? ""))))
  const widest = columns ?? Infinity
  const widths = fit(natural, widest - stringWidth(indent) - gap.length * (count - 1))
  return all.map((row, index) => {
    const number = head === undefined ? index : index - 1
    const cells = row.map((cell, at) => {
      const text = cut(cell, widths[at] ?? 0)
      const pad = " ".repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(text)))
      const right = (align?.[at] ?? (numbers[at] === true ? "right" : "left")) === "right"
      // Blanks that nothing follows are left out, not painted.
      const after = row.slice(at + 1).some((cell) => cell !== "") ? pad : ""
      const painted = text === "" || paint === undefined ? text : paint(text, number, at)
      return right ? `${pad}${painted}` : `${painted}${after}`
    })
    const line = `${indent}${cells.join(gap)}`.trimEnd()
    // Columns that outnumber the room: no paint is worth a broken line.
    return natural.length > 1 && gap.length * (count - 1) + count > widest ? cut(line, widest) : line
  }).join("\n")
}
