import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, type Socket } from "node:net"
import * as Mux from "../../src/internal/opensshMux.ts"

/** The greeting, and that it lives, as a master has them. */
const answer = Buffer.from("0000000800000001000000040000000c800000050000000000000001", "hex")

/** A control socket on which the first connections are closed without a word. */
const master = (refusing: number) =>
  Effect.gen(function*() {
    const folder = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
    const seen = { count: 0 }
    const take = (socket: Socket) => {
      seen.count += 1
      if (seen.count <= refusing) socket.destroy()
      else socket.on("error", () => {}).write(answer)
    }
    const path = `${folder}/c`
    yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer(take).listen(path, () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => void server.close())
    )
    return { path, seen }
  })

const lives = (path: string, gone: () => boolean) =>
  Effect.async<boolean>((resume) => Mux.lives(path, gone, (lives) => resume(Effect.succeed(lives))))

describe("whether a master lives", () => {
  it.scopedLive("is asked again where it does not answer at once", () =>
    Effect.gen(function*() {
      const { path, seen } = yield* master(3)
      assert.isTrue(yield* lives(path, () => false))
      assert.strictEqual(seen.count, 4)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is known when its process has ended", () =>
    Effect.gen(function*() {
      const { path, seen } = yield* master(100)
      assert.isFalse(yield* lives(path, () => seen.count >= 2))
      assert.strictEqual(seen.count, 2)
    }).pipe(Effect.provide(NodeContext.layer)))
})
