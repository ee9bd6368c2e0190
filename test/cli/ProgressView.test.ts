import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as ProgressView from "../../src/cli/ProgressView.ts"
import * as Progress from "../../src/services/Progress.ts"

const recording = (live: boolean, columns = 60) =>
  Effect.gen(function*() {
    const written = yield* Ref.make("")
    const output = (mark: string) => ({
      live,
      colours: false,
      columns: Effect.succeed(columns),
      rows: Effect.succeed(24),
      write: (text: string) => Ref.update(written, (all) => `${all}${mark}${text}`)
    })
    const view = yield* ProgressView.make({ out: output(live ? "" : "out: "), err: output(live ? "" : "err: ") })
    const step = <A, E>(host: string, label: string, effect: (said: Progress.Step["said"]) => Effect.Effect<A, E>) =>
      Effect.provideService(Progress.step(host, label, effect), Progress.Progress, view.progress)
    return { view, step, written: Ref.getAndSet(written, "") }
  })

/** What a terminal of enough lines shows after these bytes. */
const screen = (text: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  // Movements here only go up to the first column, and erase from there.
  for (const part of text.replaceAll("\u001b", "ESC").split(/(?=ESC\[0mESC\[\d+A)/)) {
    const up = /^ESC\[0mESC\[(\d+)A\rESC\[0mESC\[J/.exec(part)
    if (up !== null) lines.splice(lines.length - Number(up[1]))
    lines.push(...part.slice(up?.[0].length ?? 0).split("\n").slice(0, -1))
  }
  return lines
}

describe("ProgressView in a pipe", () => {
  it.scoped("tells the beginning and the end of what takes longer than a second", () =>
    Effect.gen(function*() {
      const { step, written } = yield* recording(false)
      const fiber = yield* Effect.fork(
        step("host-1", "install", (said) => Effect.zipRight(said("dask 1 of 7"), Effect.sleep("4 seconds")))
      )
      yield* TestClock.adjust("900 millis")
      assert.strictEqual(yield* written, "")
      yield* TestClock.adjust("350 millis")
      assert.strictEqual(yield* written, "err: host-1  install ... dask 1 of 7\n")
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* written, "err: host-1  install  done in 4.0 s\n")
    }))

  it.scoped("is silent about short steps, also about those that fail", () =>
    Effect.gen(function*() {
      const { step, written } = yield* recording(false)
      const fiber = yield* Effect.fork(
        step("host-1", "short", () => Effect.zipRight(Effect.sleep("900 millis"), Effect.fail("no")))
      )
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.strictEqual(yield* written, "")
    }))

  it.scoped("tells a failure and an interruption as failed", () =>
    Effect.gen(function*() {
      const { step, written } = yield* recording(false)
      const failing = yield* Effect.fork(
        step("a", "x", () => Effect.zipRight(Effect.sleep("2 seconds"), Effect.fail("no")))
      )
      const hanging = yield* Effect.fork(step("b", "y", () => Effect.never))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.await(failing)
      yield* Fiber.interrupt(hanging)
      const lines = (yield* written).split("\n")
      assert.include(lines, "err: a  x  failed in 2.0 s")
      assert.include(lines, "err: b  y  failed in 2.0 s")
    }))

  it.scoped("keeps what was asked for and what is said about it apart", () =>
    Effect.gen(function*() {
      const { view, written } = yield* recording(false)
      yield* view.print("Result: -285")
      yield* view.note("worker-1 ended")
      assert.strictEqual(yield* written, "out: Result: -285\nerr: worker-1 ended\n")
    }))
})

describe("ProgressView on a terminal", () => {
  it.scoped("writes running steps over, below what is printed", () =>
    Effect.gen(function*() {
      const { step, view, written } = yield* recording(true)
      const go = yield* Deferred.make<void>()
      yield* Effect.fork(step("host-1", "install", (said) => Effect.zipRight(said("dask"), Effect.never)))
      const second = yield* Effect.fork(step("host-2", "install", () => Deferred.await(go)))
      yield* TestClock.adjust("1500 millis")
      const before = yield* written
      assert.deepStrictEqual(screen(before), ["⠴ host-1  install  1.5 s  dask", "⠴ host-2  install  1.5 s"])
      yield* view.print("Plan")
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(second)
      const after = yield* written
      assert.deepStrictEqual(screen(before + after), [
        "Plan",
        "host-2  install  done in 1.5 s",
        "⠴ host-1  install  1.5 s  dask"
      ])
    }))

  it.effect("takes its lines away with its scope", () =>
    Effect.gen(function*() {
      const written = yield* Effect.scoped(Effect.gen(function*() {
        const { step, written } = yield* recording(true)
        yield* Effect.forkScoped(step("host-1", "install", () => Effect.never))
        yield* TestClock.adjust("500 millis")
        const before = yield* written
        assert.lengthOf(screen(before), 1)
        return Effect.map(written, (after) => before + after)
      })).pipe(Effect.flatten)
      assert.deepStrictEqual(screen(written), [])
    }))

  it.scoped("shows a panel below what is printed, as high as the screen, until its scope closes", () =>
    Effect.gen(function*() {
      const { step, view, written } = yield* recording(true)
      assert.isTrue(view.live)
      yield* Effect.forkScoped(step("host-1", "install", () => Effect.never))
      const before = yield* Effect.scoped(Effect.gen(function*() {
        yield* view.panel(({ columns, now, rows }) =>
          Effect.succeed([`${columns} ${rows} ${now}`, ...Array.from({ length: 40 }, (_, line) => `line ${line}`)])
        )
        yield* TestClock.adjust("500 millis")
        yield* view.note("worker-1 ended")
        return yield* written
      }))
      const shown = screen(before)
      assert.deepStrictEqual(shown.slice(0, 3), ["worker-1 ended", "60 22 500", "line 0"])
      assert.lengthOf(shown, 24)
      assert.strictEqual(shown.at(-1), "⠴ host-1  install  0.5 s")
      assert.deepStrictEqual(screen(before + (yield* written)), ["worker-1 ended", "⠴ host-1  install  0.5 s"])
    }))

  it.scoped("writes nothing over while a program has the terminal", () =>
    Effect.gen(function*() {
      const { step, view, written } = yield* recording(true)
      yield* Effect.forkScoped(step("host-1", "install", () => Effect.never))
      yield* TestClock.adjust("500 millis")
      const before = yield* written
      const go = yield* Deferred.make<void>()
      const program = yield* Effect.fork(view.still(Deferred.await(go)))
      yield* TestClock.adjust("500 millis")
      yield* view.note("worker-1 ended")
      const during = yield* written
      assert.deepStrictEqual(screen(before + during), ["worker-1 ended"])
      assert.lengthOf(during.split("\r"), 2, "taken away once")
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(program)
      yield* TestClock.adjust("100 millis")
      assert.match(screen(before + during + (yield* written))[1] ?? "", /host-1 {2}install {2}1\.1 s$/)
    }))

  it("cuts lines at the width, and shows ten steps at most", () => {
    const steps = Array.from({ length: 12 }, (_, index) => ({
      host: `host-${index}`,
      label: "install",
      said: "a\nlong ".repeat(20),
      since: 0,
      told: false
    }))
    const lines = ProgressView.lines(steps, 5000, 40)
    assert.lengthOf(lines, 11)
    assert.strictEqual(lines[10], "  and 2 more")
    for (const line of lines) assert.isBelow([...line].length, 40)
    assert.isTrue(lines[0]?.endsWith("…"))
  })

  it("leaves a bar the room that it has", () => {
    const step = { host: "host-1", label: "put big", said: "[=>   ]\n25%", since: 0, told: false }
    assert.deepStrictEqual(ProgressView.lines([step], 1000, 80), ["⠋ host-1  put big  1.0 s  [=>   ] 25%"])
  })
})
