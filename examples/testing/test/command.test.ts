import { Command } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { Runtime } from "lazycluster"
import { InMemoryHost, InMemorySsh, VirtualTime } from "lazycluster/testing"

const commands = {
  "nvidia-smi": InMemoryHost.reply({ stdout: "GPU 0: A100\n" }),
  python: InMemoryHost.reply(({ argv }) => ({ stdout: `${argv.at(-1)} epochs\n`, duration: "1 hour" }))
}

it.effect("an hour of training takes no time", () =>
  Effect.gen(function*() {
    const hosts = yield* InMemorySsh.InMemorySsh
    const runtime = yield* Runtime.make("host-1")
    const text = yield* Effect.all([
      Command.string(Command.make("nvidia-smi")),
      Command.string(Command.make("python", "train.py", "--epochs", "3"))
    ]).pipe(Effect.provide(Runtime.platform(runtime)))
    assert.deepStrictEqual(text, ["GPU 0: A100\n", "3 epochs\n"])
    assert.isAtLeast(yield* Clock.currentTimeMillis, 3_600_000)
    assert.deepInclude(yield* hosts.commandsOn("host-1"), ["python", "train.py", "--epochs", "3"])
  }).pipe(InMemorySsh.check(["host-1"], { commands }), VirtualTime.run()))
