import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { survivesCuts } from "./serviceLogCuts.ts"

describe.skipIf(!Fleet.available)("fleet", () => {
  it.scopedLive("a cable that is pulled and put back neither loses nor repeats a byte of a service's log", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ hosts: 1 })
      const pulled = Effect.zipRight(
        fleet.cut(1),
        Effect.ensuring(Effect.sleep("2 seconds"), Effect.orDie(fleet.join(1)))
      )
      yield* survivesCuts("host1", pulled).pipe(
        Effect.provide(
          Lazycluster.layerOf({
            sshConfig: { file: fleet.configFile },
            executionLog: { directory: `${fleet.home}/lazycluster` }
          })
        )
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
