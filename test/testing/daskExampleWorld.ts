/** In the place of `Lazycluster.layer`: three hosts in memory that can do what examples/dask.ts asks of them. */
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { SshConfig } from "../../src/services/SshConfig.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as InMemoryDask from "../../src/testing/InMemoryDask.ts"
import * as InMemoryFunction from "../../src/testing/InMemoryFunction.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"

const names = ["host-1", "host-2", "host-3"]

const numbers = { returns: Schema.Number, source: "def f(): ..." }

const commands = InMemoryDask.commands([
  InMemoryFunction.of(
    PythonFunction.make({ ...numbers, name: "square", args: { x: Schema.Number } }),
    ({ x }) => Effect.succeed(x ** 2)
  ),
  InMemoryFunction.of(
    PythonFunction.make({ ...numbers, name: "neg", args: { x: Schema.Number } }),
    ({ x }) => Effect.succeed(-x)
  ),
  InMemoryFunction.of(
    PythonFunction.make({ ...numbers, name: "total", args: { xs: Schema.Array(Schema.Number) } }),
    ({ xs }) => Effect.succeed(xs.reduce((sum, x) => sum + x, 0))
  )
])

export const layer = Layer.merge(
  Layer.mock(SshConfig, { aliases: Effect.succeed(names) }),
  InMemorySsh.layer(names, { commands })
)

/** What a program prints. */
export const output = <A, E>(program: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const console = yield* Effect.console
    const recording: Console.Console = {
      ...console,
      log: (...args) => Effect.sync(() => void lines.push(args.join(" ")))
    }
    yield* Effect.withConsole(program, recording)
    return lines
  }).pipe(VirtualTime.run())
