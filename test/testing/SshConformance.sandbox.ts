import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import { manager } from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConformance from "../../src/testing/SshConformance.ts"
import { Held, lacksOf, sandbox } from "./conformanceHosts.ts"
import * as Targets from "./conformanceTargets.ts"

for (const transport of ["ssh2", "openssh"] as const) {
  layer(sandbox(transport), { excludeTestServices: true })(`a Sandbox over ${transport}`, (it) => {
    for (
      const each of SshConformance.casesOf({
        name: "",
        host: manager,
        lacks: { ...Targets.onSandbox, ...lacksOf[transport] }
      })
    ) {
      it.effect(each.name, () => Effect.flatMap(Held, each.run))
    }
  })
}

describe("the manager itself", () => {
  const target: SshConformance.Target = { name: "the manager", host: manager, lacks: Targets.manager }
  const service = Layer.effect(
    Ssh.Ssh,
    Effect.map(managerConnection.make(), (connection) => ({ connect: () => Effect.succeed(connection) }))
  )
  for (const each of SshConformance.casesOf(target)) {
    it.live(each.name, () => each.run(target).pipe(Effect.provide(service), Effect.provide(NodeContext.layer)))
  }
})
