/**
 * Entries in the text of an ssh config, put in and taken out: every other byte stays. The ssh-config package writes the
 * entry; the file around it, which that package would write anew in words of its own, is only cut.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { type Directive, SSHConfig, stringify } from "ssh-config"
import * as Line from "./sshConfigLine.ts"
import * as Pattern from "./sshPattern.ts"

/** A Host or Match line and what belongs to it, by the numbers of lines. */
interface Section {
  readonly keyword: "host" | "match"
  readonly words: ReadonlyArray<string>
  readonly header: number
  /** The last line that is its own: what follows, up to the next section, are blanks and comments. */
  readonly last: number
}

const linesOf = (text: string): ReadonlyArray<string> => text === "" ? [] : text.split(/(?<=\n)/)

const isBlank = (line: string | undefined): boolean => line !== undefined && line.trim() === ""

const isComment = (line: string | undefined): boolean => line?.trimStart().startsWith("#") ?? false

const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? ""

const sectionsOf = (lines: ReadonlyArray<string>): ReadonlyArray<Section> => {
  const sections: Array<{ -readonly [K in keyof Section]: Section[K] }> = []
  for (const [index, line] of lines.entries()) {
    if (isBlank(line) || isComment(line)) continue
    // What cannot be read is a setting of some kind: resolving tells of it.
    const { keyword, words } = Either.getOrUndefined(Line.parse(line)) ?? { keyword: "", words: [] }
    if (keyword === "host" || keyword === "match") sections.push({ keyword, words, header: index, last: index })
    else if (sections.length > 0) Object.assign(sections.at(-1) ?? {}, { last: index })
  }
  return sections.map((section) => {
    // A comment that goes on after the last setting, as far in as that is.
    let { last } = section
    const outside = indentOf(lines[section.header] ?? "").length
    while (isComment(lines[last + 1]) && indentOf(lines[last + 1] ?? "").length > outside) last++
    return { ...section, last }
  })
}

const mayApply = ({ keyword, words }: Section, name: string): boolean => {
  if (keyword === "match") return true
  const covering = words.filter((word) => Pattern.matches(name, word.replace(/^!/, "")))
  return covering.length > 0 && covering.every((word) => !word.startsWith("!"))
}

/** Comments right above a section, as far in as it is, speak of it. */
const withComments = (lines: ReadonlyArray<string>, header: number): number => {
  let at = header
  const indent = indentOf(lines[header] ?? "")
  while (at > 0 && isComment(lines[at - 1]) && indentOf(lines[at - 1] ?? "") === indent) at--
  return at
}

/**
 * How lines of a file end, by the first of them.
 *
 * @internal
 */
export const lineEnd = (text: string): "\n" | "\r\n" => /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n"

/** A setting of an entry: its value as it is, or to be put in quotes. */
export interface Setting {
  readonly keyword: string
  readonly value: string
  readonly quoted: boolean
}

const entryText = (name: string, settings: ReadonlyArray<Setting>, indent: string, end: string): string => {
  const directive = (param: string, value: string, before: string, quoted: boolean): Directive => ({
    type: SSHConfig.DIRECTIVE,
    before,
    after: end,
    param,
    separator: " ",
    value,
    ...(quoted ? { quoted } : {})
  })
  const entry = new SSHConfig()
  entry.push(
    directive("Host", name, "", false),
    ...settings.map(({ keyword, quoted, value }) => directive(keyword, value, indent, quoted))
  )
  return stringify(entry)
}

/**
 * A text with an entry before all that might apply to its name: what comes first counts. `remove` gives the same bytes back.
 *
 * @internal
 */
export const insert = (text: string, name: string, settings: ReadonlyArray<Setting>): string => {
  const lines = linesOf(text)
  const sections = sectionsOf(lines)
  const end = lineEnd(text)
  const indented = sections.flatMap(({ header, last }) => lines.slice(header + 1, last + 1))
    .find((line) => !isComment(line) && /^[ \t]+\S/.test(line))
  const entry = entryText(name, settings, indented === undefined ? "    " : indentOf(indented), end)
  const first = sections.find((section) => mayApply(section, name))
  if (first !== undefined) {
    const at = withComments(lines, first.header)
    return [...lines.slice(0, at), entry, end, ...lines.slice(at)].join("")
  }
  if (text === "") return entry
  // Without an end of its last line, the file has none after either.
  return text.endsWith("\n") ? `${text}${end}${entry}` : `${text}${end}${end}${entry.slice(0, -end.length)}`
}

/** A Host line without a name; the blanks around it go on one side. */
const without = (line: string, name: string): string => {
  const trimmed = line.replace(/[ \t\r\n\f]+$/, "")
  const pieces = Either.getOrElse(Line.pieces(trimmed, Line.argumentsAt(trimmed)), () => [])
  return pieces.toReversed().reduce((kept, { end, start, word }) => {
    if (word !== name) return kept
    const before = kept.slice(0, start)
    const after = kept.slice(end)
    return /[ \t]$/.test(before) && start !== pieces[0]?.start
      ? before.trimEnd() + after
      : before + after.replace(/^[ \t]+/, "")
  }, line)
}

/**
 * A text without a name: its entries, or the name alone where a Host line has others too.
 *
 * @internal
 */
export const remove = (text: string, name: string): string => {
  const lines: Array<string> = [...linesOf(text)]
  const named = sectionsOf(lines).filter(({ keyword, words }) => keyword === "host" && words.includes(name))
  for (const { header, last, words } of named.toReversed()) {
    if (words.some((word) => word !== name && !word.startsWith("!"))) {
      lines[header] = without(lines[header] ?? "", name)
      continue
    }
    const followed = lines.slice(last + 1).some((line) => !isBlank(line))
    const endless = !(lines.at(-1) ?? "").endsWith("\n") && last === lines.length - 1
    if (followed) lines.splice(header, last - header + (isBlank(lines[last + 1]) ? 2 : 1))
    else if (isBlank(lines[header - 1])) lines.splice(header - 1, last - header + 2)
    else lines.splice(header, last - header + 1)
    if (endless) lines.push((lines.pop() ?? "").replace(/\r?\n$/, ""))
  }
  return lines.join("")
}

/**
 * The numbers of the lines, from 1, whose Host has a name.
 *
 * @internal
 */
export const linesWith = (text: string, name: string): ReadonlyArray<number> =>
  sectionsOf(linesOf(text)).filter(({ keyword, words }) => keyword === "host" && words.includes(name))
    .map(({ header }) => header + 1)

/**
 * The number of the line, from 1, that sets a keyword for every host, before the first Host or Match.
 *
 * @internal
 */
export const globally = (text: string, keyword: string): number | undefined => {
  const lines = linesOf(text)
  const before = lines.slice(0, sectionsOf(lines)[0]?.header ?? lines.length)
  const index = before.findIndex((line) => Either.getOrUndefined(Line.parse(line))?.keyword === keyword)
  return index < 0 ? undefined : index + 1
}
