/** Command lines on hosts in memory, in place of those that the ssh config names. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reach from "../../src/cli/Reach.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import { SshConfig } from "../../src/services/SshConfig.ts"

/** All that a command needs, with the `Ssh` of the test; the ssh config names these. */
export const over = (aliases: ReadonlyArray<string>) => <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Ssh, (ssh) => {
    const config = { aliases: Effect.succeed(aliases), file: Effect.succeedNone }
    const services = Layer.merge(Layer.succeed(Ssh, ssh), Layer.mock(SshConfig, config))
    return Effect.provideService(
      work,
      Reach.Reach,
      ({ executionLog }) => Layer.merge(Lazycluster.layerOf({ executionLog }), services)
    )
  })
