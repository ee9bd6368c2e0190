import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { register, type Services } from "./commandCase.ts"
import { cases } from "./commandConformance.ts"

const on = (live: typeof Ssh.layer) => <A, E>(effect: Effect.Effect<A, E, Services>) =>
  Effect.gen(function*() {
    const fleet = yield* Effect.provide(Fleet.make({ hosts: 1 }), NodeContext.layer)
    const ssh = yield* Layer.build(
      live().pipe(Layer.provide(SshConfig.layer({ file: fleet.configFile })), Layer.provide(NodeContext.layer))
    )
    const runtime = yield* Effect.provide(Runtime.make("host1"), ssh)
    return yield* Effect.scoped(Effect.provide(effect, Runtime.platform(runtime)))
  })

describe.skipIf(!Fleet.available)("ssh2", () => {
  register("fleet", cases, on(Ssh.layer))
})

describe.skipIf(!Fleet.available)("OpenSSH's client", () => {
  register("fleet", cases, on(Ssh.layerOpenSsh))
})
