/**
 * What takes longer than a second, as people see it: lines that are written over on a terminal, plain lines elsewhere.
 *
 * @since 0.1.0
 */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as terminal from "../internal/terminal.ts"
import type { Progress } from "../services/Progress.ts"
import * as Paint from "./Paint.ts"

/**
 * A step that is under way. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running {
  readonly host: string
  readonly label: string
  readonly said: string
  readonly since: number
  /** Whether its beginning was printed. */
  readonly told: boolean
}

/**
 * The view: where steps are told, and the way to print beside them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProgressView {
  readonly progress: Progress["Type"]
  /** What was asked for, to standard output. */
  readonly print: (text: string) => Effect.Effect<void>
  /** What is said about it, to standard error. */
  readonly note: (text: string) => Effect.Effect<void>
  /** For what is printed. */
  readonly paint: Paint.Paint
  /** For what is noted. */
  readonly notePaint: Paint.Paint
  /** How wide what is printed may be. */
  readonly columns: Effect.Effect<number>
  /** Whether standard error is a terminal, on which lines are written over. */
  readonly live: boolean
  /**
   * Shows lines below all that is printed, written over several times a second, until the scope closes: on a terminal, nowhere
   * else. They must be there at once.
   */
  readonly panel: (
    draw: (room: Room) => Effect.Effect<ReadonlyArray<string>>
  ) => Effect.Effect<void, never, Scope.Scope>
  /** Nothing is written over meanwhile: a program has the terminal. */
  readonly still: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * The room for a panel, and the time in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Room {
  readonly columns: number
  readonly rows: number
  readonly now: number
  readonly paint: Paint.Paint
}

type Draw = Parameters<ProgressView["panel"]>[0]

/** Steps that are over sooner are nobody's business. */
const long = 1000

/** On a terminal a line comes up a little earlier: it goes again. */
const soon = 300

/** More lines would push what was printed off the screen. */
const mostLines = 10

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`

const title = (step: Running): string => `${step.host}  ${step.label}`

const cut = (text: string, columns: number): string => {
  const characters = [...text]
  return characters.length < columns ? characters.join("") : `${characters.slice(0, columns - 2).join("")}…`
}

/**
 * The lines of a terminal for the steps under way.
 *
 * @since 0.1.0
 * @category combinators
 */
export const lines = (steps: Iterable<Running>, now: number, columns: number): ReadonlyArray<string> => {
  const shown = [...steps].filter((step) => now - step.since >= soon)
  const frame = frames[Math.floor(now / 100) % frames.length]
  const rest = shown.length - mostLines
  return [
    ...shown.slice(0, mostLines).map((step) =>
      cut(
        `${frame} ${title(step)}  ${seconds(now - step.since)}  ${step.said.replaceAll(/[^\S ]+/g, " ")}`.trimEnd(),
        columns
      )
    ),
    ...(rest > 0 ? [`  and ${rest} more`] : [])
  ]
}

/**
 * Closing the scope takes the lines of running steps off the terminal.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(outputs: {
  readonly out: terminal.Output
  readonly err: terminal.Output
}): Effect.fn.Return<ProgressView, never, Scope.Scope> {
  const { err, out } = outputs
  const paint = Paint.make(err.colours)
  const steps = yield* Ref.make<ReadonlyMap<object, Running>>(new Map())
  const panel = yield* Ref.make<Option.Option<Draw>>(Option.none())
  const stills = yield* Ref.make(0)
  const drawn = yield* Ref.make(0)
  const mutex = yield* Effect.makeSemaphore(1)

  const erase = Effect.map(
    Ref.getAndSet(drawn, 0),
    (count) => count === 0 ? "" : `${Ansi.stringify(Ansi.cursorUp(count))}\r${Ansi.stringify(Ansi.eraseDown)}`
  )
  const draw = Effect.gen(function*() {
    if (!err.live || (yield* Ref.get(stills)) > 0) return ""
    const now = yield* Clock.currentTimeMillis
    const columns = yield* err.columns
    const running = lines((yield* Ref.get(steps)).values(), now, columns).map(paint.weak)
    const draw = yield* Ref.get(panel)
    // What is above the top of the screen cannot be written over.
    const rows = Math.max(0, (yield* err.rows) - 1 - running.length)
    const shown = Option.isNone(draw) ? [] : (yield* draw.value({ columns, rows, now, paint })).slice(0, rows)
    const region = [...shown, ...running]
    yield* Ref.set(drawn, region.length)
    return region.map((line) => `${line}\n`).join("")
  })
  /** Whatever is written goes above the lines of running steps. */
  const above = (to: terminal.Output, text: string) =>
    Effect.gen(function*() {
      const before = yield* erase
      if (text === "") {
        const both = `${before}${yield* draw}`
        return yield* both === "" ? Effect.void : err.write(both)
      }
      if (before !== "") yield* err.write(before)
      yield* to.write(text)
      const after = yield* draw
      if (after !== "") yield* err.write(after)
    }).pipe(mutex.withPermits(1), Effect.uninterruptible)

  const beginnings = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const fresh = yield* Ref.modify(steps, (all) => {
      const due = [...all].filter(([, step]) => !step.told && now - step.since >= long)
      return [
        due.map(([, step]) => step),
        due.length === 0 ? all : new Map([...all, ...due.map(([key, step]) => [key, { ...step, told: true }] as const)])
      ]
    })
    for (const step of fresh) yield* above(err, `${title(step)} ...${step.said === "" ? "" : ` ${step.said}`}\n`)
  })

  const progress: Progress["Type"] = {
    begin: Effect.fnUntraced(function*(host: string, label: string) {
      const key = {}
      const since = yield* Clock.currentTimeMillis
      yield* Ref.update(steps, (all) => new Map([...all, [key, { host, label, said: "", since, told: false }]]))
      return {
        said: (said) =>
          Ref.update(steps, (all) => {
            const step = all.get(key)
            return step === undefined ? all : new Map([...all, [key, { ...step, said }]])
          }),
        over: Effect.fnUntraced(function*(outcome: "done" | "failed") {
          const step = yield* Ref.modify(
            steps,
            (all) => [all.get(key), new Map([...all].filter(([other]) => other !== key))]
          )
          const took = (yield* Clock.currentTimeMillis) - since
          if (step === undefined || took < long) return
          const mark = outcome === "done" ? paint.good("done") : paint.bad("failed")
          yield* above(err, `${title(step)}  ${mark} ${paint.weak(`in ${seconds(took)}`)}\n`)
        })
      }
    })
  }

  // Runs after the fiber that draws has ended.
  yield* Effect.addFinalizer(() => Effect.flatMap(erase, (text) => text === "" ? Effect.void : err.write(text)))
  yield* Effect.forkScoped(
    Effect.repeat(err.live ? above(err, "") : beginnings, Schedule.spaced(err.live ? "100 millis" : "250 millis"))
  )
  return {
    progress,
    print: (text) => above(out, `${text}\n`),
    note: (text) => above(err, `${text}\n`),
    paint: Paint.make(out.colours),
    notePaint: paint,
    columns: out.columns,
    live: err.live,
    panel: (draw) =>
      Effect.acquireRelease(
        Ref.set(panel, Option.some(draw)),
        () => Effect.zipRight(Ref.set(panel, Option.none()), above(err, ""))
      ),
    still: (work) =>
      Effect.acquireUseRelease(
        Effect.zipRight(Ref.update(stills, (count) => count + 1), above(err, "")),
        () => work,
        () => Ref.update(stills, (count) => count - 1)
      )
  }
})

/**
 * The view on the outputs of this process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const live: Effect.Effect<ProgressView, never, Scope.Scope> = Effect.all({
  out: terminal.standardOutput,
  err: terminal.standardError
}).pipe(Effect.flatMap(make))
