import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Lazycluster from "../../src/Lazycluster.ts"
import { Host } from "../../src/services/Host.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import type { SshErrorReason } from "../../src/services/SshError.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"

const faults: ReadonlyArray<{
  readonly name: string
  readonly reason: typeof SshErrorReason.Type
  readonly make: (host: Sandbox.SandboxHost) => Effect.Effect<unknown>
  readonly patience?: Duration.DurationInput
}> = [
  { name: "refuse", reason: "Refused", make: (host) => host.refuse },
  { name: "changeHostKey", reason: "HostKeyChanged", make: (host) => host.changeHostKey },
  { name: "failAuthentication", reason: "Authentication", make: (host) => host.failAuthentication },
  { name: "stall", reason: "Timeout", make: (host) => host.stall, patience: "1 second" },
  {
    name: "latency beyond what the connect may take",
    reason: "Timeout",
    make: (host) => host.latency("2 seconds"),
    patience: "1 second"
  }
]

describe("what the library says of the faults of a Sandbox", () => {
  for (const transport of ["ssh2", "openssh"] as const) {
    for (const { make, name, patience, reason } of faults) {
      it.scopedLive(
        `${name}, over ${transport}: ${reason}, and after restore it connects`,
        () =>
          Effect.gen(function*() {
            const sandbox = yield* Sandbox.make({ hosts: ["one"] })
            const [host] = sandbox.hosts
            assert.isDefined(host)
            const layer = Lazycluster.layerOf({
              ssh: { transport, ...(patience === undefined ? {} : { connectTimeout: patience }) },
              sshConfig: { file: sandbox.configFile }
            })
            yield* Effect.gen(function*() {
              const ssh = yield* Ssh
              yield* make(host)
              const error = yield* Effect.flip(Effect.scoped(ssh.connect(Host.make({ alias: "one" }))))
              assert.strictEqual(error.reason, reason, error.message)
              yield* host.restore
            }).pipe(Effect.provide(layer))
            yield* Effect.gen(function*() {
              const ssh = yield* Ssh
              yield* Effect.scoped(ssh.connect(Host.make({ alias: "one" })))
            }).pipe(
              Effect.provide(Lazycluster.layerOf({
                ssh: { transport },
                sshConfig: { file: sandbox.configFile }
              }))
            )
          }),
        60_000
      )
    }
  }
})
