import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Host from "../../src/services/Host.ts"
import * as RemoteFileSystem from "../../src/services/RemoteFileSystem.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { register } from "./fileCase.ts"
import { cases } from "./fileConformance.ts"

register("node", cases, NodeContext.layer)

const on = (host: string | Host.Host, live: typeof Ssh.layer) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const sandbox = yield* Sandbox.make({ hosts: 1 })
    const ssh = yield* Layer.build(
      live().pipe(Layer.provide(SshConfig.layer({ file: sandbox.configFile })), Layer.provide(NodeContext.layer))
    )
    const runtime = yield* Effect.provide(Runtime.make(host), ssh)
    return Layer.merge(
      RemoteFileSystem.layer({
        files: runtime.files,
        workingDirectory: runtime.workingDirectory,
        temporary: runtime.passing
      }),
      Path.layer
    )
  }))

register("manager", cases, on(Host.manager, Ssh.layer))
register("sandbox", cases, on("host-1", Ssh.layer))
register("openssh", cases, on("host-1", Ssh.layerOpenSsh))
