import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Lazycluster, RuntimeGroup, RuntimeTask } from "lazycluster"
import { Sandbox } from "lazycluster/testing"

const count = RuntimeTask.make("count").pipe(
  RuntimeTask.runCommand("seq 1 1000 | awk '{ sum += $1 } END { print sum }'")
)

it.scopedLive("real commands run over real SSH", () =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 2 })
    const results = yield* RuntimeGroup.make(["host-1", "host-2"]).pipe(
      Effect.flatMap((group) => RuntimeGroup.broadcast(group, count)),
      Effect.scoped,
      Effect.provide(Lazycluster.layerOf({ sshConfig: { file: sandbox.configFile } }))
    )
    assert.lengthOf(results, 2)
  }))
