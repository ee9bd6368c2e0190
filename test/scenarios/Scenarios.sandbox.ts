import { describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isInstalled } from "../services/opensshConfig.ts"
import { onSandbox, play } from "./Hosts.ts"
import { scenarios } from "./scenarios.ts"

const kinds = [
  { name: "over ssh2", transport: "ssh2", skip: false },
  { name: "over OpenSSH's client", transport: "openssh", skip: !isInstalled }
] as const

for (const { name, skip, transport } of kinds) {
  describe.skipIf(skip)(`on the Sandbox ${name}`, () => {
    layer(onSandbox, { excludeTestServices: true })((it) => {
      for (const [title, scenario] of Object.entries(scenarios)) {
        it.effect(title, () => Effect.scoped(play(scenario, { transport })))
      }
    })
  })
}
