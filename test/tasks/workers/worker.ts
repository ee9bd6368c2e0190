/** Runs on hosts, bundled with what it imports. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { writeSync } from "node:fs"
import { TooLarge, Work } from "./requests.ts"

export { Work as group } from "./requests.ts"

const handlers = Effect.gen(function*() {
  const made = yield* Ref.make(0)
  const events = yield* Ref.make<ReadonlyArray<string>>([])
  const note = (event: string) => Ref.update(events, (all) => [...all, event])
  yield* Effect.addFinalizer(() => Effect.sync(() => console.error("the layer is released")))
  return Work.of({
    square: ({ x }) => x > 100 ? new TooLarge({ limit: 100 }) : Effect.succeed(x * x),
    when: ({ at }) => Effect.succeed(new Date(at.getTime() + 1000)),
    repeat: ({ text, times }) => Effect.succeed(text.repeat(times)),
    count: ({ to }) =>
      Stream.range(1, Math.min(to, 100)).pipe(
        Stream.concat(to > 100 ? Stream.fail(new TooLarge({ limit: 100 })) : Stream.empty)
      ),
    endless: () =>
      Stream.iterate(1, (n) => n + 1).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Ref.update(made, (n) => n + 1))
      ),
    made: () => Ref.get(made),
    hang: () => Effect.zipRight(note("begun"), Effect.onInterrupt(Effect.never, () => note("interrupted"))),
    events: () => Ref.get(events),
    say: ({ text }) =>
      Effect.sync(() => {
        console.log(text)
        writeSync(1, `${text} written\n`)
        spawnSync("echo", [`${text} by a child`], { stdio: "inherit" })
      }),
    die: () => Effect.dieMessage("a bug"),
    exit: ({ code, words }) =>
      Effect.async<void>(() => {
        process.stderr.write(`${words}\n`, () => process.exit(code))
      }),
    place: () =>
      Effect.sync(() => ({
        pid: process.pid,
        mark: process.env["MARK"] ?? "none",
        cwd: process.cwd() === process.env["WORKING_DIR"]
      }))
  })
})

export const layer = Work.toLayer(handlers)

export const failing = Work.toLayer(Effect.zipRight(Effect.fail(new Error("there is no licence")), handlers))

export const slow = Work.toLayer(Effect.zipRight(Effect.never, handlers))
