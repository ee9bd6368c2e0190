/**
 * What is said about a command. @effect/cli carries it as its help.
 *
 * @since 0.1.0
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Span from "@effect/cli/HelpDoc/Span"

/**
 * A line to type, and what it does.
 *
 * @since 0.1.0
 * @category models
 */
export type Example = readonly [line: string, what: string]

/**
 * What is said about a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandAbout {
  readonly description: string
  readonly examples: ReadonlyArray<Example>
  /** Whether it prints data, and so takes `--json`. */
  readonly json: boolean
  /** Whether words after `--` are for it. */
  readonly program: "none" | "optional" | "required"
}

/**
 * The text of a span.
 *
 * @since 0.1.0
 * @category combinators
 */
export const spoken = (span: Span.Span): string =>
  span._tag === "Sequence"
    ? `${spoken(span.left)}${spoken(span.right)}`
    : typeof span.value === "string"
    ? span.value
    : spoken(span.value)

const blocks = (doc: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.HelpDoc> =>
  doc._tag === "Sequence" ? [...blocks(doc.left), ...blocks(doc.right)] : [doc]

/**
 * The text of a help, paragraphs one after the other.
 *
 * @since 0.1.0
 * @category combinators
 */
export const text = (doc: HelpDoc.HelpDoc): string =>
  blocks(doc).map((block) => spoken(HelpDoc.getSpan(block))).filter((part) => part !== "").join(" ")

const marks = { json: "takes --json", optional: "takes -- PROGRAM", required: "wants -- PROGRAM" }

/** What is marked in an enumeration. */
const marked = ({ json, program }: CommandAbout): ReadonlyArray<string> => [
  ...(json ? [marks.json] : []),
  ...(program === "none" ? [] : [marks[program]])
]

/**
 * As help of @effect/cli.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toHelp = (about: CommandAbout): HelpDoc.HelpDoc =>
  HelpDoc.blocks([
    HelpDoc.p(about.description),
    ...about.examples.map(([line, what]) => HelpDoc.descriptionList([[Span.code(line), HelpDoc.p(what)]])),
    ...marked(about).map((mark) => HelpDoc.enumeration([HelpDoc.p(mark)]))
  ])

/**
 * Back from help of @effect/cli.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromHelp = (doc: HelpDoc.HelpDoc): CommandAbout => {
  const all = blocks(doc)
  const said = all.flatMap((block) => block._tag === "Enumeration" ? block.elements.map(text) : [])
  return {
    description: text(doc),
    examples: all.flatMap((block) =>
      block._tag === "DescriptionList"
        ? block.definitions.map(([line, what]): Example => [spoken(line), text(what)])
        : []
    ),
    json: said.includes(marks.json),
    program: said.includes(marks.required) ? "required" : said.includes(marks.optional) ? "optional" : "none"
  }
}
