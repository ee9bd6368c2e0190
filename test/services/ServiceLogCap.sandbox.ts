/** A process that prints far more than its host keeps, while nobody can read: what is missing is counted to the byte. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as ServiceLog from "../../src/services/ServiceLog.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"

/** Twelve bytes a line: the place of a line in the output is its number. */
const width = 12
const lines = 400_000

const script = `i=0; while [ $i -lt 40 ]; do
  seq -f '%011.0f' $((i * 10000)) $((i * 10000 + 9999)); i=$((i + 1)); sleep 0.1
done`

it.scopedLive("a reader that was away too long hears how much it missed, and goes on at the right byte", () =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const host = sandbox.hosts[0]
    if (host === undefined) return
    const entries = yield* Effect.gen(function*() {
      const file = yield* Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1", { outputLimit: 1_000_000, lease: "60 seconds" })
        const service = yield* ServiceLog.record(runtime.host, runtime.start("seq", { argv: ["sh", "-c", script] }))
        yield* host.stall
        yield* Effect.ensuring(Effect.sleep("9 seconds"), host.resume)
        assert.strictEqual(yield* service.exit, 0)
        return service.logFile ?? ""
      }).pipe(Effect.scoped)
      return Chunk.toReadonlyArray(yield* Stream.runCollect(ExecutionLog.read(file)))
    }).pipe(
      Effect.provide(
        Lazycluster.layerOf({
          sshConfig: { file: sandbox.configFile },
          executionLog: { directory: sandbox.home, format: "json" }
        })
      )
    )
    let at = 0
    let missing = 0
    for (const entry of entries) {
      if (entry._tag === "Note") {
        const bytes = Number(/^(\d+) bytes of stdout are missing/.exec(entry.text)?.[1] ?? 0)
        missing += bytes
        at += bytes
      } else if (entry._tag === "Output") {
        // The first line behind a gap is the end of one.
        const number = String(Math.floor(at / width)).padStart(width - 1, "0")
        assert.strictEqual(entry.text, `${number}\n`.slice(at % width).slice(0, entry.text.length))
        at += entry.text.length
      }
    }
    assert.strictEqual(at, lines * width)
    assert.isAbove(missing, 0)
  }).pipe(Effect.provide(NodeContext.layer)))
