/**
 * A place where Python programs of this package run, and how to talk with one: JSON, a message a line, both ways.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Host } from "./Host.ts"
import type { HostFacts } from "./HostFacts.ts"
import { failure, type PythonEnvironmentError } from "./PythonEnvironmentError.ts"
import type { Files, Program, RemoteProcess } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

/**
 * What environments need of a host in use. A Runtime is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface PythonTarget {
  readonly host: Host
  readonly facts: HostFacts
  /** Starts a Python program with `python` (default `python3`). Closing the scope ends it. */
  readonly python: (
    program: Program,
    words: ReadonlyArray<string>,
    options?: { readonly python?: string | undefined }
  ) => Effect.Effect<RemoteProcess, SshError, Scope.Scope>
  readonly files: Effect.Effect<Files, SshError>
}

/**
 * The manager, to be taken into use for as long as the scope is open.
 *
 * @since 0.1.0
 * @category models
 */
export type PythonManager = Effect.Effect<PythonTarget, PythonEnvironmentError | SshError, Scope.Scope>

const lines = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E> =>
  bytes.pipe(Stream.decodeText(), Stream.splitLines)

const last = 30

/**
 * Runs a program with a request as its only word, gives each message to `handle` and returns the answer that it finds. Lines
 * that are no message are noise: a site customisation may print.
 *
 * @internal
 */
export const converse = Effect.fnUntraced(
  function*<A, M, E, R>(target: PythonTarget, options: {
    readonly program: Program
    readonly request: string
    readonly python: string
    readonly step: string
    readonly decode: (line: string) => Option.Option<M>
    readonly handle: (
      message: M,
      reply: (line: string) => Effect.Effect<void, SshError>
    ) => Effect.Effect<Option.Option<A>, E, R>
  }): Effect.fn.Return<A, E | PythonEnvironmentError | SshError, R | Scope.Scope> {
    const process = yield* target.python(options.program, [options.request], { python: options.python })
    const errors = yield* Effect.forkScoped(
      Stream.runFold(lines(process.stderr), [] as ReadonlyArray<string>, (kept, line) => [...kept, line].slice(-last))
    )
    const answer = yield* Stream.runFoldEffect(
      lines(process.stdout),
      Option.none<A>(),
      (found, line) =>
        Option.match(options.decode(line), {
          onNone: () => Effect.succeed(found),
          onSome: (message) =>
            Effect.map(
              options.handle(message, (text) => process.write(`${text}\n`)),
              Option.orElse(() => found)
            )
        })
    )
    if (Option.isSome(answer)) return answer.value
    const { code, signal } = yield* process.exit
    return yield* failure({
      // 126 and 127 are the shell's answers for what cannot be started.
      reason: code === 126 || code === 127 ? "NoPython" : "Install",
      host: target.host.alias,
      step: options.step,
      detail: code === 126 || code === 127
        ? `${options.python} cannot be started`
        : `the program ended early, ${signal === undefined ? `exit code ${code}` : `signal ${signal}`}`,
      log: yield* Fiber.join(errors)
    })
  }
)
