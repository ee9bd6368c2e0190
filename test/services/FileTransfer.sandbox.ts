import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as fs from "node:fs"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import * as FileTransfer from "../../src/services/FileTransfer.ts"
import type * as Ssh from "../../src/services/Ssh.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { connect, hostOf, layerOf } from "../internal/ssh2Lab.ts"
import { tries } from "../patience.ts"
import { between, remoteOf, transferConformance } from "./transferConformance.ts"
import * as trees from "./transferTrees.ts"

transferConformance("FileTransfer on the manager", managerConnection.make())

/** Every command that a host has from busybox alone: a find without -printf, a tar without fractions of a second. */
const busybox =
  "sh find stat tar xargs mv readlink sed head tail cat wc sha256sum mkdir rm rmdir tee dd touch chmod ls sort tr cut mktemp ln id printf"

const poor = Effect.gen(function*() {
  const directory = yield* trees.temporary
  for (const name of busybox.split(" ")) fs.symlinkSync("/usr/bin/busybox", `${directory}/${name}`)
  return yield* managerConnection.make({ env: { PATH: directory } })
})

describe.skipIf(!fs.existsSync("/usr/bin/busybox"))("busybox", () => {
  transferConformance("FileTransfer on a host of busybox", poor)
})

const sandboxed = Effect.gen(function*() {
  const sandbox = yield* Sandbox.make({ hosts: 1 })
  return { sandbox, host: hostOf(sandbox, "host-1") }
})

transferConformance(
  "FileTransfer on the Sandbox",
  Effect.gen(function*() {
    const { sandbox } = yield* sandboxed
    const context = yield* Layer.build(layerOf(sandbox.configFile))
    return yield* Effect.provide(connect("host-1"), context)
  })
)

describe("a link that is cut", () => {
  it.scopedLive("in the middle: the transfer goes on over the next one where it stopped", () =>
    Effect.gen(function*() {
      const { host, sandbox } = yield* sandboxed
      const here = yield* trees.temporary
      const size = 6 * 1024 * 1024
      trees.write(here, "tree/large", Buffer.alloc(size, "0123456789"))
      trees.write(here, "tree/small", "s")
      yield* Effect.gen(function*() {
        const scope = yield* Effect.scope
        const ssh = yield* Effect.context<Ssh.Ssh>()
        const again = connect("host-1").pipe(
          Effect.orDie,
          Effect.catchAllDefect(Effect.fail),
          Effect.retry(tries()),
          Effect.orDie,
          Effect.provide(ssh),
          Scope.extend(scope)
        )
        const live = yield* Ref.make(yield* connect("host-1"))
        const cut = yield* Ref.make(false)
        const written = yield* Ref.make(0)
        const stages = `${host.home}/.lazycluster-transfer`
        const arrived = Effect.try(() =>
          fs.readdirSync(stages).map((stage) => {
            const [name = ""] = fs.readdirSync(`${stages}/${stage}/big`)
            return fs.statSync(`${stages}/${stage}/big/${name}`).size
          })
        ).pipe(
          Effect.filterOrFail((sizes) => sizes.some((bytes) => bytes > size / 4)),
          Effect.retry(tries(60, 25)),
          Effect.orDie
        )
        const first = between(yield* Ref.get(live), "open", (write, chunk) =>
          Effect.flatMap(
            Ref.updateAndGet(written, (sum) => sum + chunk.length),
            (sum) =>
              sum < size / 2 ? write(chunk) : Effect.zipRight(
                Effect.unlessEffect(Effect.zipRight(arrived, host.cut), Ref.getAndSet(cut, true)),
                Effect.never
              )
          ))
        const remote: FileTransfer.Remote = {
          ...remoteOf(first),
          // As a Runtime does: the next connection once this one has gone.
          connection: Effect.flatMap(Ref.get(cut), (gone) => gone ? again : Effect.succeed(first))
        }
        const sent = yield* FileTransfer.send(remote, `${here}/tree`, "copy")
        assert.isTrue(yield* Ref.get(cut))
        assert.isAtLeast(sent.resumed, 1024 * 1024)
        assert.deepInclude(sent, { files: 2, bytes: size + 1 })
        assert.deepStrictEqual(
          trees.describe(`${host.home}/copy`, { times: false }),
          trees.describe(`${here}/tree`, { times: false })
        )
        assert.deepStrictEqual(fs.readdirSync(`${host.home}/copy`).sort(), ["large", "small"])
        assert.isFalse(fs.existsSync(`${host.home}/.lazycluster-transfer`))
      }).pipe(Effect.scoped, Effect.provide(layerOf(sandbox.configFile)))
    }))
})
