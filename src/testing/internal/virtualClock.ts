/**
 * A clock and a scheduler that know of each other: time goes on only when nothing else can.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import * as timers from "node:timers"

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** As Effect's own scheduler. */
const tasksBeforeTimer = 2048

/** So long in real milliseconds nothing has happened, and nothing is under way. */
const stuckAfter = 1000

/** What a file of this machine takes is waited for. */
const worksOnFiles = () => process.getActiveResourcesInfo().some((name) => name.startsWith("FS") || name === "CloseReq")

/** @internal */
export interface VirtualClock {
  readonly clock: Clock.Clock
  readonly scheduler: Scheduler.Scheduler
  /** Time stands still from here on. */
  readonly stop: Effect.Effect<void>
}

/**
 * `onStuck` is told why the time cannot go on: nobody waits for it, or its limit is reached.
 *
 * @internal
 */
export const make = (limit: Duration.Duration, onStuck: (why: string) => void): VirtualClock => {
  const inner = new Scheduler.MixedScheduler(tasksBeforeTimer)
  const last = Duration.toMillis(limit)
  let now = 0
  let pending = 0
  let armed = false
  let stopped = false
  /** Real time: of a test that hangs nobody would hear. */
  let silence: NodeJS.Timeout | undefined
  /** Sorted: the earliest last; of those for one moment the first to come goes first. */
  const sleepers: Array<Sleeper> = []

  const arm = () => {
    if (armed || stopped) return
    armed = true
    timers.clearTimeout(silence)
    timers.setImmediate(check)
  }
  const check = () => {
    armed = false
    // By now all microtasks have run, and what streams of Node had to do.
    if (stopped) return
    if (pending > 0 || worksOnFiles()) return arm()
    const next = sleepers.at(-1)
    if (next === undefined) {
      // @effect-diagnostics-next-line globalTimers:off
      silence = timers.setTimeout(() => onStuck("every fiber waits, and none of them for the time"), stuckAfter)
      return
    }
    if (next.at > last) return onStuck(`${Duration.format(limit)} have passed, and the test has not ended`)
    sleepers.pop()
    now = next.at
    next.wake()
    arm()
  }
  const place = (at: number): number => {
    let low = 0
    let high = sleepers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sleepers[middle]?.at ?? 0) < at) high = middle
      else low = middle + 1
    }
    // Before those that wait for the same moment: they came first, and go first.
    while (low > 0 && sleepers[low - 1]?.at === at) low--
    return low
  }
  const sleep = (duration: Duration.Duration) =>
    Effect.async<void>((resume) => {
      const millis = Duration.toMillis(duration)
      if (millis <= 0) return resume(Effect.void)
      const sleeper: Sleeper = { at: now + millis, wake: () => resume(Effect.void) }
      sleepers.splice(place(sleeper.at), 0, sleeper)
      arm()
      return Effect.sync(() => {
        const at = sleepers.indexOf(sleeper)
        if (at >= 0) sleepers.splice(at, 1)
      })
    })
  const nanos = () => BigInt(Math.round(now * 1_000_000))
  return {
    clock: {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => now,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanos: Effect.sync(nanos),
      sleep
    },
    scheduler: Scheduler.make((task, priority, fiber) => {
      pending++
      inner.scheduleTask(
        () => {
          pending--
          task()
        },
        priority,
        fiber
      )
      arm()
    }),
    stop: Effect.sync(() => {
      stopped = true
      timers.clearTimeout(silence)
    })
  }
}
