/** A program whose cleanup has no end: `signals.sandbox.ts` ends it. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as signals from "../../src/internal/signals.ts"

const signalled = signals.make({ onSecond: "not waiting", unseen: "1 second" })

const say = (word: string) => Effect.sync(() => void process.stdout.write(`${word}\n`))

// What keeps a real cleanup's process alive: something that is waited for.
setInterval(() => {}, 1_000_000)

say("up").pipe(
  Effect.zipRight(Effect.never),
  Effect.ensuring(Effect.zipRight(say("cleaning up"), Effect.never)),
  signalled.watch,
  NodeRuntime.runMain({ teardown: (_, onExit) => onExit(signalled.exitCode() ?? 0) })
)
