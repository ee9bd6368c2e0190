import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { guardianConformance } from "./guardianConformance.ts"

const connect = Effect.gen(function*() {
  const sandbox = yield* Sandbox.make({ hosts: 1 })
  const ssh = yield* Layer.build(
    Ssh.layerOpenSsh().pipe(
      Layer.provide(SshConfig.layer({ file: sandbox.configFile })),
      Layer.provide(NodeContext.layer)
    )
  )
  return yield* Effect.flatMap(Ssh.Ssh, ({ connect }) => connect(Host.Host.make({ alias: "host-1" }))).pipe(
    Effect.provide(ssh)
  )
})

guardianConformance("Guardian on the Sandbox, over OpenSSH's client", connect)
