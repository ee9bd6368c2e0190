/**
 * What `doctor.sh` says of a machine, read with limits: a host may say anything.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as messageLines from "../internal/messageLines.ts"
import { withoutControl } from "../internal/outputText.ts"
import * as programs from "../internal/programs.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"

/**
 * What a machine said. Keys are those of `doctor.sh`.
 *
 * @internal
 */
export interface Report {
  /** What stood before its first word: a start-up file printed it. */
  readonly noise: ReadonlyArray<string>
  /** In the order in which they were said; a key may come more than once. */
  readonly said: ReadonlyArray<readonly [key: string, value: string]>
  /** Milliseconds by the clock of the manager, around the moment at which the machine said what time it is. */
  readonly asked: number
  readonly heard: number
}

const longestLine = 4096
const mostLines = 200
const shown = 300

/**
 * The first word of a kind.
 *
 * @internal
 */
export const value = (report: Report, key: string): string | undefined =>
  report.said.find(([each]) => each === key)?.[1]

/**
 * All of a kind.
 *
 * @internal
 */
export const values = (report: Report, key: string): ReadonlyArray<string> =>
  report.said.flatMap(([each, value]) => each === key ? [value] : [])

const begins = "lazycluster doctor"

/**
 * From the lines, each with the time at which it came.
 *
 * @internal
 */
export const fromLines = (
  asked: number,
  lines: ReadonlyArray<readonly [at: number, line: string]>
): Report | undefined => {
  const clean = lines.map(([at, line]) => [at, withoutControl(line).slice(0, shown).trim()] as const)
  const first = clean.findIndex(([, line]) => line === begins)
  if (first < 0) return undefined
  const after = clean.slice(first + 1)
  return {
    noise: clean.slice(0, first).map(([, line]) => line).filter((line) => line !== ""),
    said: after.map(([, line]) => {
      const space = line.indexOf(" ")
      return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)]
    }),
    asked,
    heard: after[0]?.[0] ?? asked
  }
}

/**
 * Asks a machine. `config` is for the manager: the ssh config that its own `ssh` is asked about, empty for the user's own.
 *
 * @internal
 */
export const ask = (connection: SshConnection, config?: string): Effect.Effect<Report, SshError> =>
  Effect.gen(function*() {
    const program = yield* programs.load("doctor", "sh")
    const asked = yield* Clock.currentTimeMillis
    const process = yield* connection.exec({ program, words: config === undefined ? ["look"] : ["look", config] })
    yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(process.stderr)))
    const unreadable = (detail: string) =>
      new SshError({
        reason: "Protocol",
        host: connection.host.alias,
        step: "doctor",
        detail,
        hint:
          `is /bin/sh there, and does \`ssh ${connection.host.alias} true\` end soon and without a word? A start-up file may wait for input`
      })
    const lines = yield* process.stdout.pipe(
      messageLines.split(longestLine),
      Stream.mapEffect((line) => Effect.map(Clock.currentTimeMillis, (at) => [at, line] as const)),
      Stream.take(mostLines),
      Stream.takeUntil(([, line]) => line === "end -"),
      Stream.runCollect,
      Effect.catchTag("LineTooLong", () => unreadable("it prints lines without an end"))
    )
    const report = fromLines(asked, [...lines])
    return report ?? (yield* unreadable("a small script did not run there to its end"))
  }).pipe(Effect.scoped)
