/**
 * The keys that an agent holds.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { connect } from "node:net"
import ssh2 from "ssh2"

/**
 * A key of an agent, as an agent that has this key only: each key is then one try, which we count.
 *
 * @internal
 */
export class AgentKey extends ssh2.BaseAgent<ssh2.ParsedKey> {
  readonly key: ssh2.ParsedKey
  readonly #protocol: ssh2.AgentProtocol
  constructor(protocol: ssh2.AgentProtocol, key: ssh2.ParsedKey) {
    super()
    this.#protocol = protocol
    this.key = key
  }
  override getIdentities(done: ssh2.IdentityCallback<ssh2.ParsedKey>): void {
    done(undefined, [this.key])
  }
  override sign(key: ssh2.ParsedKey, data: Buffer, options: unknown, done?: unknown): void {
    this.#protocol.sign(key, data, options as ssh2.SigningRequestOptions, done as ssh2.SignCallback)
  }
}

/**
 * What an agent has to say, or what ails it.
 *
 * @internal
 */
export interface Agent {
  readonly keys: ReadonlyArray<AgentKey>
  readonly problem: string | undefined
}

const silent = (path: string, why: string): Agent => ({ keys: [], problem: `the agent at ${path} ${why}` })

/**
 * Asks an agent for its keys. It signs as long as the scope is open, over one connection.
 *
 * @internal
 */
export const ask = (path: string | undefined): Effect.Effect<Agent, never, Scope.Scope> =>
  path === undefined || path === "none"
    ? Effect.succeed({ keys: [], problem: undefined })
    : Effect.acquireRelease(
      Effect.sync(() => {
        const protocol = new ssh2.AgentProtocol(true)
        const socket = connect(path)
        protocol.on("error", () => socket.destroy())
        // After its error, which says more: this fails what still waits for an answer.
        socket.on("error", () => {}).on("close", () => protocol.destroy())
        protocol.pipe(socket)
        socket.pipe(protocol)
        return { protocol, socket }
      }),
      ({ socket }) => Effect.sync(() => void socket.destroy())
    ).pipe(
      Effect.flatMap(({ protocol, socket }) =>
        Effect.async<Agent>((resume) => {
          socket.once("error", (cause) => resume(Effect.succeed(silent(path, `cannot be reached: ${cause.message}`))))
          socket.once("close", () => resume(Effect.succeed(silent(path, "hangs up"))))
          protocol.getIdentities((cause, keys) => {
            const parsed: ReadonlyArray<ssh2.ParsedKey> = (keys ?? []).flatMap((key) => {
              const one = ssh2.utils.parseKey(key as unknown as Buffer)
              return one instanceof Error ? [] : one
            })
            return resume(Effect.succeed(
              cause
                ? silent(path, `does not answer: ${cause.message}`)
                : { keys: parsed.map((key) => new AgentKey(protocol, key)), problem: undefined }
            ))
          })
        })
      ),
      // One that hangs would else take the whole deadline, and the host would be blamed.
      Effect.timeoutOption("3 seconds"),
      Effect.map(Option.getOrElse(() => silent(path, "does not answer")))
    )
