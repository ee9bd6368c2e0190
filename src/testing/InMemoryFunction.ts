/**
 * Functions for hosts in memory: what a Python or JavaScript function does there, as an effect of this program.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RemoteFunction } from "../tasks/RemoteFunction.ts"
import type { Commands, Handler } from "./InMemoryHost.ts"
import * as memoryFunctionCall from "./internal/memoryFunctionCall.ts"

/**
 * A function by its name. An error of it is what the function raises: its name is told as the class, its message as the text.
 *
 * @since 0.1.0
 * @category models
 */
export interface InMemoryFunction {
  readonly name: string
  /** From and to the encoded values, as a program on the host sees them. */
  readonly run: (args: unknown, report: (value: unknown) => Effect.Effect<void>) => Effect.Effect<unknown, Error>
}

/**
 * What a function does on hosts in memory. Its schemas decode what it gets and encode what it reports and gives.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = <Args, Returns, Progress>(
  self: RemoteFunction<Args, Returns, unknown, unknown, Progress>,
  implementation: (
    args: Args,
    report: (progress: Progress) => Effect.Effect<void>
  ) => Effect.Effect<Returns, Error>
): InMemoryFunction => ({
  name: self.name,
  run: (args, report) =>
    Schema.decodeUnknown(self.args)(args).pipe(
      Effect.flatMap((decoded) =>
        implementation(
          // What the schema of `Args` has decoded.
          decoded as Args,
          (progress) => Effect.flatMap(Effect.orDie(Schema.encodeUnknown(self.progress)(progress)), report)
        )
      ),
      Effect.flatMap((value) => Effect.orDie(Schema.encodeUnknown(self.returns)(value)))
    )
})

const Request = Schema.parseJson(Schema.Struct({
  code: Schema.Struct({ name: Schema.String }),
  args: Schema.Unknown
}))

const longestPart = 3584

const framed = (nonce: string, kind: string, pid: number, value: unknown): Uint8Array => {
  const data = Buffer.from(JSON.stringify(value))
  const parts: Array<Uint8Array> = []
  for (let at = 0; at === 0 || at < data.length; at += longestPart) {
    const part = data.subarray(at, at + longestPart)
    const said = at + longestPart < data.length ? kind : kind.toUpperCase()
    parts.push(Buffer.from(`\0lazycluster ${nonce} ${said} ${pid} ${part.length}\n`), part)
  }
  return Buffer.concat(parts)
}

const handler = (functions: ReadonlyArray<InMemoryFunction>): Handler =>
  Effect.fnUntraced(function*({ argv, pid, readLine, stdout }) {
    const nonce = argv[1] ?? ""
    const line = Option.getOrElse(yield* readLine, () => "")
    const { args, code: { name } } = yield* Effect.orDie(Schema.decode(Request)(line))
    const answer = yield* Effect.either(
      memoryFunctionCall.run(functions, name, args, (value) => stdout(framed(nonce, "p", pid, value ?? null)))
    )
    yield* stdout(framed(
      nonce,
      "a",
      pid,
      Either.match(answer, {
        onLeft: (error) => ({ error }),
        onRight: (value) => ({ value: value ?? null })
      })
    ))
    return Either.isLeft(answer) ? 1 : 0
  })

/**
 * Commands of a host in memory that run these functions, by name.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { PythonFunction } from "lazycluster"
 * import { InMemoryFunction, InMemorySsh } from "lazycluster/testing"
 * import { Effect, Schema } from "effect"
 *
 * const square = PythonFunction.make({
 *   source: "def square(x): return x ** 2",
 *   args: { x: Schema.Number },
 *   returns: Schema.Number
 * })
 *
 * const commands = InMemoryFunction.commands([
 *   InMemoryFunction.of(square, ({ x }) => Effect.succeed(x ** 2))
 * ])
 *
 * const hosts = InMemorySsh.layer(["host-1"], { commands })
 */
export const commands = (functions: ReadonlyArray<InMemoryFunction>): Commands => ({
  "lazycluster-function": handler(functions)
})
