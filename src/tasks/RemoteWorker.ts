/**
 * A typed worker on a host: a module of this project that implements an RpcGroup of @effect/rpc, bundled with its imports and
 * run by the host's Node. Requests, streams, typed errors and interruption cross SSH; the worker ends with its scope.
 *
 * @since 0.1.0
 */
import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as JsBundle from "../internal/jsBundle.ts"
import type { ExecutionLog } from "../services/ExecutionLog.ts"
import type { RemoteWorkerError } from "./RemoteWorkerError.ts"
import type { TaskTarget } from "./TaskTarget.ts"
import * as workerProtocol from "./workerProtocol.ts"

/**
 * A worker as it is described: which module, and what it serves.
 *
 * @since 0.1.0
 * @category models
 */
export interface RemoteWorker<in out Rpcs extends Rpc.Any> {
  /** In logs and errors. */
  readonly name: string
  readonly group: RpcGroup.RpcGroup<Rpcs>
  /** A path or a `file:` URL on the manager. */
  readonly module: string
  /** The export that is a layer of the group's handlers. */
  readonly layer: string
  /**
   * Keeps what it made as long as the files stay as they are.
   *
   * @internal
   */
  readonly bundle: JsBundle.Bundler
}

/**
 * What a worker may be told when it is started.
 *
 * @since 0.1.0
 * @category models
 */
export interface StartOptions {
  /** The host's Node, by name or path. Default `node`. */
  readonly interpreter?: string | undefined
  /** Added to the environment of its process. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** How long its module and its layer may take. Default 1 minute. */
  readonly startTimeout?: Duration.DurationInput | undefined
  /** Bytes of one message that it may say. Default 64 MiB. */
  readonly messageLimit?: number | undefined
}

/**
 * What calls a worker: a function for each request of its group, as `RpcClient` makes them. A worker that has ended fails what
 * is under way, and all that comes after.
 *
 * @since 0.1.0
 * @category models
 */
export type Client<Rpcs extends Rpc.Any> = RpcClient.RpcClient<Rpcs, RemoteWorkerError>

interface Settings {
  /** The export that is a layer of the handlers: `group.toLayer({…})` with all that it needs. Default `layer`. */
  readonly layer?: string | undefined
  /** Default: the name of the module's file. */
  readonly name?: string | undefined
}

const fileName = (module: string): string => /([^/\\]+?)(?:\.\w+)?$/.exec(module)?.[1] ?? "worker"

/**
 * Describes a worker. Its module exports the `group`, and a `layer` of its handlers; it may be TypeScript and import what it
 * likes but native addons. `module` is a URL, or a path relative to the current directory. Nothing compares it with the
 * group before it is started: `fromModule` does.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Rpc, RpcGroup } from "@effect/rpc"
 * import { Effect, Schema, Stream } from "effect"
 * import { RemoteWorker, Runtime } from "lazycluster"
 *
 * // requests.ts
 * class Sums extends RpcGroup.make(
 *   Rpc.make("add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number }),
 *   Rpc.make("count", { payload: { to: Schema.Number }, success: Schema.Number, stream: true })
 * ) {}
 *
 * // worker.ts, which runs on the host: export { Sums as group } and
 * const layer = Sums.toLayer({
 *   add: ({ a, b }) => Effect.succeed(a + b),
 *   count: ({ to }) => Stream.range(1, to)
 * })
 *
 * // the manager
 * const worker = RemoteWorker.make({ group: Sums, module: new URL("./worker.ts", import.meta.url) })
 *
 * const three = Effect.gen(function*() {
 *   const runtime = yield* Runtime.make("host-1")
 *   const sums = yield* RemoteWorker.start(runtime, worker)
 *   return yield* sums.add({ a: 1, b: 2 })
 * }).pipe(Effect.scoped)
 */
export const make = <Rpcs extends Rpc.Any>(
  options: Settings & { readonly group: RpcGroup.RpcGroup<Rpcs>; readonly module: URL | string }
): RemoteWorker<Rpcs> => {
  const module = typeof options.module === "string" ? options.module : options.module.href
  return {
    name: options.name ?? fileName(module),
    group: options.group,
    module,
    layer: options.layer ?? "layer",
    bundle: JsBundle.unsafeMakeWorkers()
  }
}

/** A property that nothing has, so that the compiler's message shows what is missing. */
type Serves<Module, Rpcs extends Rpc.Any, Name extends string> = Module extends
  { readonly [N in Name]: Layer.Layer<infer Out, infer _E, infer In> }
  ? [Rpc.ToHandler<Rpcs> | Rpc.Middleware<Rpcs>] extends [Out]
    ? [In] extends [never] ? unknown : { readonly "the layer of the module still needs": In }
  : { readonly "the layer of the module lacks": Exclude<Rpc.ToHandler<Rpcs> | Rpc.Middleware<Rpcs>, Out> }
  : { readonly "the module exports no layer of that name": Name }

/**
 * The same for a module whose types are known: its layer must implement the whole group, and need nothing. `import type` loads
 * nothing when the program runs.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Rpc, RpcGroup } from "@effect/rpc"
 * import { Effect, Schema } from "effect"
 * import { RemoteWorker } from "lazycluster"
 *
 * class Sums extends RpcGroup.make(
 *   Rpc.make("add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number })
 * ) {}
 *
 * // import type * as module from "./worker.ts"
 * declare const module: { group: typeof Sums; layer: ReturnType<typeof layer> }
 * const layer = () => Sums.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })
 *
 * const worker = RemoteWorker.fromModule<typeof module>(new URL("./worker.ts", import.meta.url))({ group: Sums })
 */
export const fromModule =
  <Module extends object>(module: URL | string) =>
  <Rpcs extends Rpc.Any, const Name extends string = "layer">(
    options:
      & Settings
      & { readonly group: RpcGroup.RpcGroup<Rpcs>; readonly layer?: Name | undefined }
      & Serves<
        Module,
        Rpcs,
        Name
      >
  ): RemoteWorker<Rpcs> => make<Rpcs>({ ...options, module })

/**
 * Starts a worker on a host, and gives what calls it. Its scope ends it: handlers are interrupted and its layer is released,
 * within the grace of the runtime. It belongs to the runtime, so it ends with its lease, too. What it prints goes to the
 * execution log of the host, in a file with its name. Interruption of a call interrupts its handler on the host; a stream that
 * is read slowly is made slowly.
 *
 * @since 0.1.0
 * @category execution
 */
export const start = <Rpcs extends Rpc.Any>(
  target: TaskTarget,
  worker: RemoteWorker<Rpcs>,
  options: StartOptions = {}
): Effect.Effect<Client<Rpcs>, RemoteWorkerError, ExecutionLog | Scope.Scope | Rpc.MiddlewareClient<Rpcs>> =>
  Effect.gen(function*() {
    const protocol = yield* workerProtocol.make(target, worker, options)
    const client = yield* Effect.provideService(RpcClient.make(worker.group), RpcClient.Protocol, protocol)
    // The protocol fails with nothing else, whatever its type says: see there.
    return client as unknown as Client<Rpcs>
  }).pipe(
    Effect.withSpan("RemoteWorker.start", { attributes: { host: target.host.alias, worker: worker.name } })
  )
