import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"
import type { Machine } from "../../src/runtimes/Machine.ts"
import * as Machines from "../../src/runtimes/Machines.ts"
import type { ExecutionLog } from "../../src/services/ExecutionLog.ts"
import type { RuntimeError } from "../../src/services/RuntimeError.ts"
import type { SshConfigError, SshError } from "../../src/services/SshError.ts"
import * as RemoteWorker from "../../src/tasks/RemoteWorker.ts"
import type { RemoteWorkerError } from "../../src/tasks/RemoteWorkerError.ts"
import type { TaskTarget } from "../../src/tasks/TaskTarget.ts"

class TooLarge extends Schema.TaggedError<TooLarge>("test/TooLarge")("TooLarge", {}) {}

class Sums extends RpcGroup.make(
  Rpc.make("add", { payload: { a: Schema.Number, at: Schema.Date }, success: Schema.Date, error: TooLarge }),
  Rpc.make("count", { payload: { to: Schema.Number }, success: Schema.Number, error: TooLarge, stream: true })
) {}

declare const target: TaskTarget

const layer = Sums.toLayer({
  add: ({ at }) => Effect.succeed(at),
  count: ({ to }) => Stream.range(1, to)
})

const part = Sums.toLayerHandler("add", ({ at }) => Effect.succeed(at))

declare const needy: Layer.Layer<Layer.Layer.Success<typeof layer>, never, Scope.Scope | Context.Tag<"x", "y">>

describe("the client of a worker", () => {
  const started = RemoteWorker.start(target, RemoteWorker.make({ group: Sums, module: "./worker.ts" }))

  it("has a function for each request", () => {
    expectTypeOf<Effect.Effect.Context<typeof started>>().toEqualTypeOf<ExecutionLog | Scope.Scope>()
    expectTypeOf<Effect.Effect.Error<typeof started>>().toEqualTypeOf<RemoteWorkerError>()
    const use = Effect.flatMap(started, (client) => {
      expectTypeOf(client.add({ a: 1, at: new Date(0) })).toEqualTypeOf<
        Effect.Effect<Date, TooLarge | RemoteWorkerError>
      >()
      expectTypeOf(client.count({ to: 1 })).toEqualTypeOf<Stream.Stream<number, TooLarge | RemoteWorkerError>>()
      // @ts-expect-error a text is no number
      client.count({ to: "1" })
      return Effect.void
    })
    expectTypeOf(use).not.toBeAny()
  })
})

describe("a module that is a worker", () => {
  it("implements the whole group", () => {
    RemoteWorker.fromModule<{ readonly group: typeof Sums; readonly layer: typeof layer }>("./w.ts")({ group: Sums })
    RemoteWorker.fromModule<{ readonly mine: typeof layer }>("./w.ts")({ group: Sums, layer: "mine" })
  })

  it("is refused where it does not", () => {
    // @ts-expect-error one handler is missing
    RemoteWorker.fromModule<{ readonly layer: typeof part }>("./w.ts")({ group: Sums })
    // @ts-expect-error it needs what nobody gives it there
    RemoteWorker.fromModule<{ readonly layer: typeof needy }>("./w.ts")({ group: Sums })
    // @ts-expect-error there is no such export
    RemoteWorker.fromModule<{ readonly other: typeof layer }>("./w.ts")({ group: Sums })
  })
})

describe("Machines.get", () => {
  it("has what a program needs, and says how it may fail", () => {
    expectTypeOf(Machines.Machines.get("host-1")).toEqualTypeOf<
      Layer.Layer<
        Machine | CommandExecutor | FileSystem | Path,
        SshError | SshConfigError | RuntimeError,
        Machines.Machines
      >
    >()
  })
})
