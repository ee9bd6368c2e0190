/**
 * What a doctor has found, as text for people: a block for each host, and last what to type.
 *
 * @since 0.1.0
 */
import { withoutControl } from "../internal/outputText.ts"
import type { Diagnosis } from "../runtimes/Doctor.ts"
import type { DoctorFinding } from "../runtimes/DoctorFinding.ts"
import type { Reachability } from "../runtimes/Reachability.ts"
import { manager } from "../services/Host.ts"
import type { Paint } from "./Paint.ts"
import * as Table from "./Table.ts"

/**
 * How it is shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly paint: Paint
  readonly columns: number
  /** Whether what is well has a line for each check, too. */
  readonly all: boolean
  /** Whether marks are of ASCII. */
  readonly ascii: boolean
}

type Verdict = DoctorFinding["verdict"]

const marks: Readonly<Record<Verdict, readonly [mark: string, ascii: string]>> = {
  ok: ["✓", "+"],
  warning: ["!", "!"],
  problem: ["✗", "x"],
  skipped: ["-", "-"]
}

const severity: ReadonlyArray<Verdict> = ["problem", "warning", "ok"]

const worst = (findings: ReadonlyArray<DoctorFinding>): Verdict =>
  severity.find((verdict) => findings.some((finding) => finding.verdict === verdict)) ?? "skipped"

const isBad = ({ verdict }: DoctorFinding): boolean => verdict === "problem" || verdict === "warning"

const marked = ({ ascii, paint }: Options, verdict: Verdict): string => {
  const [mark, plain] = marks[verdict]
  const text = ascii ? plain : mark
  return verdict === "problem"
    ? paint.bad(text)
    : verdict === "ok"
    ? paint.good(text)
    : verdict === "warning"
    ? paint.strong(text)
    : paint.weak(text)
}

const count = (findings: ReadonlyArray<DoctorFinding>, verdict: Verdict, one: string): ReadonlyArray<string> => {
  const found = findings.filter((finding) => finding.verdict === verdict).length
  return found === 0 ? [] : [`${found} ${one}${found === 1 || one === "ok" ? "" : "s"}`]
}

/** `2 problems, 1 warning, 19 ok`. */
const counts = (findings: ReadonlyArray<DoctorFinding>): string =>
  [...count(findings, "problem", "problem"), ...count(findings, "warning", "warning"), ...count(findings, "ok", "ok")]
    .join(", ")

const nameOf = ({ check, hop }: DoctorFinding): string => hop === undefined ? check : `${check} of ${hop}`

/** Words of a text in lines of so many columns, the further ones indented. */
const wrapped = (text: string, first: number, columns: number): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && first + longer.length > columns) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, line].join(`\n${" ".repeat(first)}`)
}

const block = (host: string, findings: ReadonlyArray<DoctorFinding>, options: Options): string => {
  const { all, columns, paint } = options
  const shown = findings.filter((finding) => all || isBad(finding))
  const width = Math.max(0, ...shown.map((finding) => nameOf(finding).length))
  return [
    `${marked(options, worst(findings))} ${paint.strong(withoutControl(host))}  ${paint.weak(counts(findings))}`,
    ...shown.map((finding) =>
      `  ${marked(options, finding.verdict)} ${nameOf(finding).padEnd(width)}  ${
        wrapped(withoutControl(finding.detail), width + 6, columns)
      }`
    )
  ].join("\n")
}

const reach = ({ hosts }: Reachability, options: Options): string => {
  const { columns, paint } = options
  const names = hosts.map(({ host }) => host)
  return [
    paint.strong("Who reaches whom without SSH"),
    Table.render({
      columns,
      head: ["host", "at", "reached from", "not from"],
      rows: hosts.filter(({ host }) => host !== manager.alias).flatMap(({ addresses, host, problem }) =>
        addresses.length === 0
          ? [[host, "-", "-", problem ?? "anywhere"]]
          : addresses.map(({ address, from }) => [
            host,
            address,
            from.join(", ") || "-",
            names.filter((name) => name !== host && !from.includes(name)).join(", ") || "-"
          ])
      )
    })
  ].join("\n")
}

const mend = (findings: ReadonlyArray<DoctorFinding>, options: Options): string =>
  [
    options.paint.strong("What mends it"),
    ...findings.map((finding) =>
      `${marked(options, finding.verdict)} ${withoutControl(finding.host)}: ${nameOf(finding)}\n    ${
        withoutControl(finding.mend ?? finding.detail)
      }`
    )
  ].join("\n")

/**
 * The whole, problems last.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ findings, reachability }: Diagnosis, options: Options): string => {
  const hosts = [...new Set(findings.map(({ host }) => host))]
  const bad = findings.filter((finding) => isBad(finding) && finding.mend !== undefined)
  const inOrder = [
    ...bad.filter(({ verdict }) => verdict === "warning"),
    ...bad.filter(({ verdict }) => verdict === "problem")
  ]
  return [
    hosts.map((host) => block(host, findings.filter((finding) => finding.host === host), options)).join("\n"),
    ...(reachability === undefined ? [] : [reach(reachability, options)]),
    ...(inOrder.length === 0 ? [] : [mend(inOrder, options)])
  ].join("\n\n")
}
