import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as groupTransfer from "../../src/runtimes/groupTransfer.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as FileTransfer from "../../src/services/FileTransfer.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { connect, layerOf } from "../internal/ssh2Lab.ts"
import { tries } from "../patience.ts"
import { transferConformance } from "./transferConformance.ts"
import * as trees from "./transferTrees.ts"

const make = (hosts: number) => Effect.provide(Fleet.make({ hosts }), NodeContext.layer)

const size = 48 * 1024 * 1024

/** A folder that takes a while. */
const large = Effect.map(trees.temporary, (here) => {
  trees.write(here, "tree/large", Buffer.alloc(size, "0123456789"))
  trees.write(here, "tree/small", "s")
  return `${here}/tree`
})

const sum = "sha256sum <copy/large; ls -A copy; find . -name .lazycluster-transfer"

describe.skipIf(!Fleet.available)("fleet", () => {
  transferConformance(
    "FileTransfer on the fleet",
    Effect.gen(function*() {
      const fleet = yield* make(1)
      const context = yield* Layer.build(layerOf(fleet.configFile))
      return yield* Effect.provide(connect("host1"), context)
    })
  )

  const home = (fleet: Fleet.FleetService, line: string) => fleet.exec(1, ["sh", "-c", `cd ~; ${line}`])
  const hashOf = (tree: string) => createHash("sha256").update(fs.readFileSync(`${tree}/large`)).digest("hex")
  const isWhole = (fleet: Fleet.FleetService, tree: string) =>
    Effect.map(home(fleet, sum), (found) => assert.strictEqual(found, `${hashOf(tree)}  -\nlarge\nsmall\n`))

  it.scopedLive("goes on where it stopped when the cable was cut in the middle", () =>
    Effect.gen(function*() {
      const fleet = yield* make(1)
      const tree = yield* large
      yield* Effect.gen(function*() {
        const runtime = yield* Runtime.make("host1", { lease: "60 seconds" })
        const cut = yield* Ref.make(false)
        const sent = yield* FileTransfer.send(runtime, tree, "~/copy", {
          onProgress: ({ bytes }) =>
            bytes < size / 2 ? Effect.void : Effect.unlessEffect(
              Effect.orDie(Effect.zipRight(
                fleet.cut(1),
                Effect.forkDaemon(Effect.delay(Effect.orDie(fleet.join(1)), "15 seconds"))
              )),
              Ref.getAndSet(cut, true)
            )
        })
        assert.isTrue(yield* Ref.get(cut))
        assert.isAtLeast(sent.resumed, 1024 * 1024)
        yield* isWhole(fleet, tree)
      }).pipe(
        Effect.scoped,
        Effect.provide(Lazycluster.layerOf({ sshConfig: { file: fleet.configFile }, ssh: { keepalive: "2 seconds" } }))
      )
    }))

  it.scopedLive("goes on where it stopped when the manager was killed in the middle", () =>
    Effect.gen(function*() {
      const fleet = yield* make(1)
      const tree = yield* large
      const program = fileURLToPath(new URL("./transferManager.ts", import.meta.url))
      const child = yield* Command.make(
        process.execPath,
        "--import",
        "tsx",
        program,
        fleet.configFile,
        "host1",
        tree,
        "/root/copy",
        String(size / 2)
      ).pipe(Command.start)
      yield* Effect.forkScoped(Stream.runDrain(child.stderr))
      yield* child.stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.runHead,
        Effect.timeoutFail({ duration: "60 seconds", onTimeout: () => "it does not get on" })
      )
      yield* child.kill("SIGKILL").pipe(Effect.ignore)
      assert.strictEqual(yield* home(fleet, "ls copy 2>/dev/null; :"), "")
      // The lease of the dead manager ends what it had there; what was sent stays.
      yield* home(fleet, "pgrep -f [l]azycluster-transfer >/dev/null && exit 1; find . -path '*/big/*' | grep -q .")
        .pipe(
          Effect.retry(tries(90, 250))
        )
      yield* Effect.gen(function*() {
        const runtime = yield* Runtime.make("host1")
        const sent = yield* FileTransfer.send(runtime, tree, "/root/copy")
        assert.isAtLeast(sent.resumed, 1024 * 1024)
      }).pipe(Effect.scoped, Effect.provide(Lazycluster.layerOf({ sshConfig: { file: fleet.configFile } })))
      yield* isWhole(fleet, tree)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("sends to a group at once, and gets from each into a directory of its own", () =>
    Effect.gen(function*() {
      const fleet = yield* make(3)
      const here = yield* trees.temporary
      trees.fill(`${here}/tree`)
      yield* Effect.gen(function*() {
        const group = yield* RuntimeGroup.make(fleet.hosts)
        const sent = yield* groupTransfer.sendFile(group, `${here}/tree`)
        assert.deepStrictEqual(
          sent.map(({ host, result }) => [host, Either.isRight(result)]),
          fleet.hosts.map((host) => [host, true])
        )
        yield* groupTransfer.getFile(group, "tree", `${here}/back`)
        assert.deepStrictEqual(fs.readdirSync(`${here}/back`).sort(), [...fleet.hosts])
        for (const host of fleet.hosts) {
          assert.deepStrictEqual(trees.describe(`${here}/back/${host}/tree`), trees.describe(`${here}/tree`))
        }
      }).pipe(Effect.scoped, Effect.provide(Lazycluster.layerOf({ sshConfig: { file: fleet.configFile } })))
    }))
})
