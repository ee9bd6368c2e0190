/** The examples below the clusters on real sshd hosts, which cannot reach one another. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { examples, prints } from "./examples.ts"
import * as fasttext from "./fasttextExample.ts"
import * as Fleet from "./fleet/Fleet.ts"

/** Those that need no hosts, and those that have tests of their own on the fleet, as sshd may not find Node. */
const elsewhere = ["dask", "dask-launchers", "dask-python", "hyperopt", "sandbox", "in-memory", "remote-worker"]

/** A home whose ssh config names so many hosts of the fleet as the examples do: with a dash. */
const homeWith = Effect.fnUntraced(function*(hosts: number) {
  const fleet = yield* Fleet.Fleet
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped()
  const config = yield* fs.readFileString(fleet.configFile)
  const blocks = config.split(/^(?=Host )/m).flatMap((block) => {
    const number = /^Host host(\d+)$/m.exec(block)?.[1]
    return number === undefined
      ? [block]
      : Number(number) > hosts
      ? []
      : [block.replace(`host${number}`, `host-${number}`)]
  })
  yield* fs.makeDirectory(`${home}/.ssh`)
  yield* fs.writeFileString(`${home}/.ssh/config`, blocks.join(""), { mode: 0o600 })
  return home
})

describe.skipIf(!Fleet.available)("on real hosts the examples print the same", () => {
  layer(Layer.merge(Fleet.layer(), NodeContext.layer), { excludeTestServices: true })((it) => {
    for (const [name, { hosts }] of Object.entries(examples).filter(([name]) => !elsewhere.includes(name))) {
      it.scoped(name, () => Effect.flatMap(homeWith(hosts), (home) => prints(name, home)))
    }
    it.scoped("fasttext", () => Effect.flatMap(homeWith(2), fasttext.finds))
  })
})
