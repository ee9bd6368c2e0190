import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { guardianConformance } from "./guardianConformance.ts"

/** A fleet a test: its host is up in a moment, and nothing of one test can hide in another. */
const connect = Effect.gen(function*() {
  const fleet = yield* Effect.provide(Fleet.make({ hosts: 1 }), NodeContext.layer)
  const ssh = yield* Layer.build(
    Ssh.layer().pipe(
      Layer.provide(SshConfig.layer({ file: fleet.configFile })),
      Layer.provide(NodeContext.layer)
    )
  )
  return yield* Effect.flatMap(Ssh.Ssh, ({ connect }) => connect(Host.Host.make({ alias: "host1" }))).pipe(
    Effect.provide(ssh)
  )
})

describe.skipIf(!Fleet.available)("fleet", () => {
  guardianConformance("Guardian on the fleet", connect)
})
