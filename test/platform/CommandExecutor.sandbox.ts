import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Host from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { register, type Services } from "./commandCase.ts"
import { cases } from "./commandConformance.ts"

register("node", cases, (effect) => Effect.provide(effect, NodeContext.layer))

const on = (host: string | Host.Host, live: typeof Ssh.layer) => <A, E>(effect: Effect.Effect<A, E, Services>) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const ssh = yield* Layer.build(
      live().pipe(Layer.provide(SshConfig.layer({ file: sandbox.configFile })), Layer.provide(NodeContext.layer))
    )
    const runtime = yield* Effect.provide(Runtime.make(host), ssh)
    return yield* Effect.scoped(Effect.provide(effect, Runtime.platform(runtime)))
  })

register("manager", cases, on(Host.manager, Ssh.layer))
register("sandbox", cases, on("host-1", Ssh.layer))
register("openssh", cases, on("host-1", Ssh.layerOpenSsh))
