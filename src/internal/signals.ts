/**
 * Signals that ask this process to end: the first one interrupts, another one ends at once.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** As shells number them: 128 and the signal. */
const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** A cleanup that nobody sees has so long; the guardians on the hosts do the rest. */
const unseen = "30 seconds"

type Signal = keyof typeof codes

const isSignal = (name: string): name is Signal => Object.hasOwn(codes, name)

/** Seconds in which a signal that comes again is the same one: npm and tsx pass on what the terminal has sent to all. */
const echo = 0.5

const nobody = () => {}

/**
 * As long as the scope is open Ctrl-C is for a program that has the terminal, as for the foreground job of a shell: nobody hears it
 * here, whoever listens.
 *
 * @internal
 */
export const left: Effect.Effect<void, never, Scope.Scope> = Effect.asVoid(Effect.acquireRelease(
  Effect.sync(() => {
    const all = process.listeners("SIGINT")
    // Without a listener it would end this process.
    process.on("SIGINT", nobody)
    for (const listener of all) process.off("SIGINT", listener)
    return all
  }),
  (all) =>
    Effect.sync(() => {
      for (const listener of all) process.on("SIGINT", listener)
      process.off("SIGINT", nobody)
    })
))

/**
 * Listens while an effect runs. `exitCode` is that of the signal that came, if any.
 *
 * @internal
 */
export const make = (options: {
  /** Said when a second signal ends this process. */
  readonly onSecond: string
  /** How long a cleanup may take after SIGHUP; by default 30 seconds. */
  readonly unseen?: Duration.DurationInput
}) => {
  const endsAnyway = () => process.exit(codes.SIGHUP)
  let first: { readonly signal: Signal; readonly at: number } | undefined
  const watch = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiberRuntime((fiber) => {
      const heard = (name: string) => {
        if (!isSignal(name)) return
        if (first === undefined) {
          first = { signal: name, at: process.uptime() }
          if (name === "SIGHUP") {
            // Nobody is left who could send a second one.
            // @effect-diagnostics-next-line globalTimers:off
            setTimeout(endsAnyway, Duration.toMillis(options.unseen ?? unseen)).unref()
          }
          fiber.unsafeInterruptAsFork(fiber.id())
        } else if (process.uptime() - first.at > echo) {
          process.stderr.write(`${options.onSecond}\n`)
          process.exit(codes[first.signal])
        }
      }
      // A reader that has gone (`| head`, a closed terminal) must not end this process before it has cleaned up.
      const unread = () => {}
      return Effect.acquireUseRelease(
        Effect.sync(() => {
          for (const signal of Object.keys(codes)) process.on(signal, heard)
          for (const stream of [process.stdout, process.stderr]) stream.on("error", unread)
        }),
        () => effect,
        () =>
          Effect.sync(() => {
            for (const signal of Object.keys(codes)) process.off(signal, heard)
          })
      )
    })
  return { watch, exitCode: (): number | undefined => first === undefined ? undefined : codes[first.signal] }
}
