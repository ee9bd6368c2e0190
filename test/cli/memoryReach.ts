/** Command lines on hosts in memory, in place of those that the ssh config names. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Reach from "../../src/cli/Reach.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import { SshConfig } from "../../src/services/SshConfig.ts"

/** Logs of a test that names no directory for them would lie among the user's own. */
const isLogged = Effect.map(Effect.orDie(Config.option(Config.string("LAZYCLUSTER_DIRECTORY"))), Option.isSome)

/** All that a command needs, with the `Ssh` of the test; the ssh config names these. */
export const over = (aliases: ReadonlyArray<string>) => <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Ssh, (ssh) => {
    const config = { aliases: Effect.succeed(aliases), file: Effect.succeedNone }
    const services = Layer.merge(Layer.succeed(Ssh, ssh), Layer.mock(SshConfig, config))
    const log = Layer.unwrapEffect(
      Effect.map(isLogged, (isLogged) => isLogged ? Layer.empty : ExecutionLog.layerNoop)
    )
    return Effect.provideService(
      work,
      Reach.Reach,
      ({ executionLog }) => Layer.mergeAll(Lazycluster.layerOf({ executionLog }), services, log)
    )
  })
