/**
 * The lines that manager and guardian say to each other. One conformance suite holds the script on real hosts and the
 * model in memory to it.
 *
 * The guardian is started with the words `take ID WORKING_DIRECTORY LEASE_SECONDS EVENTS_SEEN SETTING=VALUE… EXECUTABLE…`:
 * - `take` is `new` (make the runtime) or `resume` (take an existing one over after the link was lost)
 * - `WORKING_DIRECTORY` is a path to make if missing and keep, or empty for a temporary one
 * - `EVENTS_SEEN` is the number of events that the manager has already (0 at first)
 * - `cap=BYTES`: how many bytes are kept of each output of what `start` starts. Default 16 MiB
 * - `setup=LINE`: a line of shell, run once by the login shell; all that is started, and facts, have what it leaves in the
 *   environment. One that fails is `refused setup CODE<tab>LINE<tab>LINE…`, with the last lines that it printed
 *
 * With the words `renew ID` it renews the lease of that runtime, says `renewed`, and goes: for a manager whose connection
 * is stalled.
 *
 * Manager to guardian, a line each:
 * - `beat N`: renews the lease; answered by `beat N`
 * - `start NAME TEXT`: starts a process, unless NAME (letters, digits, `.`, `_`, `-`) was used before: a manager says it
 *   again when it cannot know whether it was heard. TEXT is `escapeLine(quoteAll(words))` with the words of the `run`
 *   program, `cwd`, the word `-`, `NAME=VALUE`…, `--`, argv…; output goes to `STATE/NAME.out` and `STATE/NAME.err`. What
 *   cannot be started is said to have started with pid 0 and to have exited with 125
 * - `stop NAME TENTHS`: TERM to the process, KILL to its whole session after so many tenths of a second
 * - `halt PID START TENTHS`: the same for a session that `run` recorded; answered by `halted PID`
 * - `ledger TEXT`: the ledger's JSON, `escapeLine`d; written with mode 0600 beside the state directory
 * - `end TENTHS`: ends everything, TERM first, KILL after so many tenths; answered by `report …` lines and `ended`
 *
 * Guardian to manager, a line each:
 * - `fact KEY VALUE` …, then `ready STATE<tab>WORKING_DIRECTORY`, or `refused REASON DETAIL` and the end
 * - `beat N`
 * - events, numbered from 1 in the order in which they are said, kept in a file of the state directory, so that a manager
 *   that takes the runtime over hears each one once: `event started NAME PID START`, `event exited NAME CODE`
 *   (128 + n after signal n), `event dropped NAME out|err BYTES` (the output was over the cap; its first so many bytes were
 *   dropped in all, their place reads as zeros; `STATE/NAME.hole-out` or `.hole-err` has the number, written before), and
 *   where the host can make no holes `event cut NAME out|err BYTES` (the file was emptied of so many bytes)
 * - `halted PID`
 * - `report KEY VALUE` …: `ended N`, `killed N` (those that needed KILL), `left PID COMMAND`, `removed PATH`,
 *   `kept PATH`, `stuck PATH` (could not be removed), then `ended`
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * Why a guardian will not serve.
 * - `directory`: the working directory cannot be made or written
 * - `state`: the state directory cannot be made or written
 * - `gone`: there is nothing to resume, the lease has run out
 * - `setup`: the line of setup has failed
 *
 * @since 0.1.0
 * @category models
 */
export type Refusal = "directory" | "state" | "gone" | "setup"

/**
 * What a guardian says.
 *
 * @since 0.1.0
 * @category models
 */
export type Message =
  | { readonly _tag: "Fact"; readonly key: string; readonly value: string }
  | { readonly _tag: "Ready"; readonly state: string; readonly workingDirectory: string }
  | { readonly _tag: "Refused"; readonly reason: string; readonly detail: string }
  | { readonly _tag: "Beat"; readonly count: number }
  | { readonly _tag: "Started"; readonly name: string; readonly pid: number; readonly start: string }
  | { readonly _tag: "Exited"; readonly name: string; readonly code: number }
  | { readonly _tag: "Cut"; readonly name: string; readonly stream: "out" | "err"; readonly bytes: number }
  | { readonly _tag: "Dropped"; readonly name: string; readonly stream: "out" | "err"; readonly bytes: number }
  | { readonly _tag: "Halted"; readonly pid: number }
  | { readonly _tag: "Report"; readonly key: string; readonly value: string }
  | { readonly _tag: "Ended" }

const shift = (text: string): readonly [string, string] => {
  const space = text.indexOf(" ")
  return space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)]
}

const event = (text: string): Option.Option<Message> => {
  const [kind, name = "", a = "", b = ""] = text.split(" ")
  const number = Number(a)
  switch (kind) {
    case "started":
      return Number.isInteger(number) ? Option.some({ _tag: "Started", name, pid: number, start: b }) : Option.none()
    case "exited":
      return Number.isInteger(number) ? Option.some({ _tag: "Exited", name, code: number }) : Option.none()
    case "cut":
    case "dropped":
      return (a === "out" || a === "err") && Number.isInteger(Number(b))
        ? Option.some({ _tag: kind === "cut" ? "Cut" : "Dropped", name, stream: a, bytes: Number(b) })
        : Option.none()
    default:
      return Option.none()
  }
}

/**
 * Reads a line of a guardian; `None` for what is none (a start-up file of the login shell may print).
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (line: string): Option.Option<Message> => {
  const [kind, rest] = shift(line)
  const [first, second] = shift(rest)
  switch (kind) {
    case "fact":
      return Option.some({ _tag: "Fact", key: first, value: second })
    case "ready": {
      const [state, workingDirectory] = rest.split("\t")
      return state === undefined || workingDirectory === undefined
        ? Option.none()
        : Option.some({ _tag: "Ready", state, workingDirectory })
    }
    case "refused":
      return Option.some({ _tag: "Refused", reason: first, detail: second })
    case "beat":
      return Number.isInteger(Number(rest)) ? Option.some({ _tag: "Beat", count: Number(rest) }) : Option.none()
    case "event":
      return event(rest)
    case "halted":
      return Number.isInteger(Number(rest)) ? Option.some({ _tag: "Halted", pid: Number(rest) }) : Option.none()
    case "report":
      return Option.some({ _tag: "Report", key: first, value: second })
    case "ended":
      return Option.some({ _tag: "Ended" })
    default:
      return Option.none()
  }
}
