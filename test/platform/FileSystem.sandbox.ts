import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Host from "../../src/services/Host.ts"
import * as RemoteFileSystem from "../../src/services/RemoteFileSystem.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { register } from "./fileCase.ts"
import { cases } from "./fileConformance.ts"
import { agree } from "./fileSequences.ts"

register("node", cases, NodeContext.layer)

const filesOf = (runtime: Runtime.Runtime) =>
  Layer.merge(
    RemoteFileSystem.layer({
      files: runtime.files,
      workingDirectory: runtime.workingDirectory,
      temporary: runtime.passing
    }),
    Path.layer
  )

const on = (host: string | Host.Host, live: typeof Ssh.layer) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const ssh = yield* Layer.build(
      live().pipe(Layer.provide(SshConfig.layer({ file: sandbox.configFile })), Layer.provide(NodeContext.layer))
    )
    const runtime = yield* Effect.provide(Runtime.make(host), ssh)
    return filesOf(runtime)
  }))

register("manager", cases, on(Host.manager, Ssh.layer))
register("sandbox", cases, on("host-1", Ssh.layer))
register("openssh", cases, on("host-1", Ssh.layerOpenSsh))

/** LAZYCLUSTER_SEED tries one of them alone, and shows the whole program. */
const seeds = (count: number) =>
  process.env["LAZYCLUSTER_SEED"] === undefined
    ? Array.from({ length: count }, (_, index) => index + 1)
    : [Number(process.env["LAZYCLUSTER_SEED"])]

const memory = Layer.unwrapScoped(Effect.map(Runtime.make("host-1"), filesOf)).pipe(
  Layer.provide(InMemorySsh.layer(["host-1"]))
)

describe.each(
  [
    ["memory", memory, 100],
    ["sandbox", on("host-1", Ssh.layer), 30],
    ["manager", on(Host.manager, Ssh.layer), 10]
  ] as const
)("random programs over files, %s", (_, services, count) => {
  it.live("give what they give on Node, operation by operation, by seed", () =>
    Effect.gen(function*() {
      const reference = yield* Effect.provide(FileSystem.FileSystem, NodeContext.layer)
      const ours = yield* FileSystem.FileSystem
      yield* agree(reference, ours, seeds(count), 40)
    }).pipe(Effect.provide(services), Effect.scoped))
})

it.live("a file of 100 MB comes and goes in a stream, within bounded memory", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    const chunk = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => at % 251)
    yield* Stream.run(Stream.take(Stream.repeatValue(chunk), 100), fs.sink(`${directory}/large`))
    const before = process.memoryUsage().rss
    const { most, sum } = yield* Stream.runFold(
      fs.stream(`${directory}/large`),
      { sum: 0, most: 0 },
      ({ most, sum }, bytes) => {
        assert.strictEqual(bytes[1000], chunk[(sum + 1000) % chunk.length])
        return { sum: sum + bytes.length, most: Math.max(most, process.memoryUsage().rss - before) }
      }
    )
    assert.strictEqual(sum, 100 * 1024 * 1024)
    // Held at once, the file would be all of it.
    assert.isBelow(most, 100 * 1024 * 1024)
    yield* Effect.logInfo(`100 MB read with ${Math.round(most / 1024 / 1024)} MB more`)
  }).pipe(Effect.provide(on("host-1", Ssh.layer)), Effect.scoped))
