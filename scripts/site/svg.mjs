// An asciicast as an SVG that plays by CSS alone: frames lie below one another, and a window steps over them. Lines that are
// equal are drawn once. The colours follow the reader's; who wants no motion sees the end.
import xterm from "@xterm/headless"

const cell = { width: 8.4, height: 18, font: 14 }
const pad = 14
const bar = 30
/** Seconds: faster frames than these are left out, longer waits are shortened, the last frame stays. */
const shortest = 0.12
const longest = 1.2
const still = 5

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
const rounded = (number) => Number(number.toFixed(2))

const styleOf = (at) => {
  const names = []
  if (at.isFgPalette()) names.push(`c${at.getFgColor() % 16}`)
  if (at.isBold()) names.push("b")
  if (at.isDim()) names.push("d")
  return names.join(" ")
}

/** The runs of equal style of a line of the screen. */
const runsOf = (line) => {
  const runs = []
  for (let column = 0; column < line.length;) {
    const at = line.getCell(column)
    const style = styleOf(at)
    const text = at.getChars() || " "
    const last = runs.at(-1)
    if (last?.style === style) Object.assign(last, { text: last.text + text, width: last.width + at.getWidth() })
    else runs.push({ column, style, text, width: at.getWidth() })
    column += Math.max(1, at.getWidth())
  }
  const end = runs.findLastIndex(({ text }) => text.trim() !== "")
  return runs.slice(0, end + 1).map((run, index) =>
    index < end
      ? run
      : { ...run, text: run.text.trimEnd(), width: run.width - (run.text.length - run.text.trimEnd().length) }
  )
}

const drawn = (runs) =>
  runs.filter(({ text }) => text.trim() !== "").map(({ column, style, text, width }) => {
    const of = style === "" ? "" : ` class="${style}"`
    return `<tspan x="${rounded(column * cell.width)}" textLength="${rounded(width * cell.width)}"${of}>${
      escape(text)
    }</tspan>`
  }).join("")

/** What the screen shows, and for how long, in seconds. */
const framesOf = async ({ events, header }) => {
  const terminal = new xterm.Terminal({
    cols: header.width,
    rows: header.height,
    scrollback: 0,
    allowProposedApi: true
  })
  const screen = () => {
    const { active } = terminal.buffer
    return Array.from({ length: header.height }, (_, row) => drawn(runsOf(active.getLine(active.viewportY + row))))
  }
  const frames = []
  for (const [index, [time, , text]] of events.entries()) {
    await new Promise((resolve) => terminal.write(text, resolve))
    const lasts = (events[index + 1]?.[0] ?? time) - time
    const [last] = frames.slice(-1)
    if (index < events.length - 1 && last !== undefined && time - last.time < shortest && lasts < shortest) continue
    frames.push({ time, lines: screen() })
  }
  const same = (one, other) => one !== undefined && one.lines.every((line, row) => line === other.lines[row])
  const distinct = frames.filter((frame, index) => !same(frames[index - 1], frame))
  return distinct.map(({ lines, time }, index) => ({
    lines,
    lasts: index === distinct.length - 1 ? still : Math.min(longest, distinct[index + 1].time - time)
  }))
}

const css = (steps, total, last) =>
  `text{font:${cell.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:var(--f)}
:root{--f:#24292f;--k:#f6f8fa;--l:#d0d7de;--w:#6e7781;--g:#1a7f37;--r:#cf222e;--y:#9a6700;--u:#0969da;--c:#1b7c83}
@media(prefers-color-scheme:dark){:root{--f:#e6edf3;--k:#0d1117;--l:#30363d;--w:#8b949e;--g:#3fb950;--r:#ff7b72;--y:#d29922;--u:#58a6ff;--c:#39c5cf}}
.k{fill:var(--k);stroke:var(--l)}.l{stroke:var(--l)}.t,.c8{fill:var(--w)}.c1,.c9{fill:var(--r)}.c2,.c10{fill:var(--g)}.c3,.c11{fill:var(--y)}.c4,.c12{fill:var(--u)}.c6,.c14{fill:var(--c)}.b{font-weight:bold}.d{opacity:.7}
.s{animation:s ${rounded(total)}s step-end infinite}
@keyframes s{${steps.map(([at, offset]) => `${Number(at.toFixed(3))}%{transform:translateY(-${offset}px)}`).join("")}}
@media(prefers-reduced-motion:reduce){.s{animation:none;transform:translateY(-${last}px)}}`

export const render = async (cast) => {
  const frames = await framesOf(cast)
  // What never shows needs no room.
  const rows = Math.max(...frames.map(({ lines }) => lines.findLastIndex((line) => line !== "") + 1))
  const [width, height] = [rounded(cast.header.width * cell.width), rows * cell.height]
  const total = frames.reduce((sum, { lasts }) => sum + lasts, 0)
  let passed = 0
  const steps = frames.map(({ lasts }, index) => {
    const at = (passed / total) * 100
    passed += lasts
    return [at, index * height]
  })
  const ids = new Map()
  const idOf = (line) => {
    if (!ids.has(line)) ids.set(line, ids.size.toString(36))
    return ids.get(line)
  }
  const strip = frames.map(({ lines }, frame) =>
    lines.map((line, row) =>
      line === "" ? "" : `<use href="#_${idOf(line)}" y="${frame * height + row * cell.height}"/>`
    ).join("")
  )
  const texts = [...ids].map(([line, id]) => `<text id="_${id}" y="${cell.font}">${line}</text>`)
  const [full, tall] = [rounded(width + 2 * pad), rounded(height + 2 * pad + bar)]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${full} ${tall}" width="${full}" height="${tall}">
<title>${escape(cast.header.title)}</title>
<style>${css(steps, total, steps.at(-1)[1])}</style>
<rect class="k" x=".5" y=".5" width="${full - 1}" height="${tall - 1}" rx="8"/>
<path class="l" d="M0 ${bar}H${full}"/>
<text class="t" x="${pad}" y="20">$ ${escape(cast.header.title)}</text>
<defs>${texts.join("\n")}</defs>
<svg x="${pad}" y="${bar + pad}" width="${width}" height="${height}"><g class="s">
${strip.join("\n")}
</g></svg>
</svg>
`
}
