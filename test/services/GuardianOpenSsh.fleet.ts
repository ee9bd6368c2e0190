import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { guardianConformance } from "./guardianConformance.ts"

const connect = Effect.gen(function*() {
  const fleet = yield* Effect.provide(Fleet.make({ hosts: 1 }), NodeContext.layer)
  const again = Effect.flatMap(
    Layer.build(
      Ssh.layerOpenSsh().pipe(
        Layer.provide(SshConfig.layer({ file: fleet.configFile })),
        Layer.provide(NodeContext.layer)
      )
    ),
    (ssh) => Context.get(ssh, Ssh.Ssh).connect(Host.Host.make({ alias: "host1" }))
  )
  return { ...(yield* again), again }
})

describe.skipIf(!Fleet.available)("fleet", () => {
  guardianConformance("Guardian on the fleet, over OpenSSH's client", connect)
})
