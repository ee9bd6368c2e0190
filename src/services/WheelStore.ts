/**
 * Wheels for hosts without a package index: downloaded by the manager for the host's Python and platform, kept there by hash, and
 * sent once.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Programs from "../internal/programs.ts"
import { failure, type PythonEnvironmentError, PythonEnvironmentReason } from "./PythonEnvironmentError.ts"
import { converse, type PythonTarget } from "./PythonTarget.ts"
import type { Files } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

/**
 * A wheel in a cache, at `wheels/SHA256/NAME`.
 *
 * @since 0.1.0
 * @category models
 */
export class Wheel extends Schema.Class<Wheel>("lazycluster/Wheel")({
  sha256: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/)),
  name: Schema.String.pipe(Schema.pattern(/^[^/]+$/)),
  size: Schema.Int
}) {}

/**
 * Which wheels a host needs: lines of `NAME==VERSION`, its Python, and the platforms whose wheels run there, best first.
 *
 * @since 0.1.0
 * @category models
 */
export class WheelRequest extends Schema.Class<WheelRequest>("lazycluster/WheelRequest")({
  requirements: Schema.Array(Schema.String),
  python: Schema.String,
  implementation: Schema.String,
  abi: Schema.String,
  platforms: Schema.Array(Schema.String)
}) {}

/**
 * What a program says when it gives up.
 *
 * @internal
 */
export const Failed = Schema.Struct({
  failed: Schema.Struct({
    reason: PythonEnvironmentReason,
    step: Schema.String,
    detail: Schema.String,
    log: Schema.Array(Schema.String)
  })
})

const Message = Schema.parseJson(Schema.Union(
  Schema.Struct({ step: Schema.Literal("downloading"), detail: Schema.String }),
  Schema.Struct({ done: Schema.Array(Wheel) }),
  Failed
))

const Request = Schema.parseJson(Schema.Struct({ ...WheelRequest.fields, cache: Schema.String }))

const decode = Schema.decodeOption(Message)

/**
 * The wheels for a request, in the manager's cache: from an earlier download, else from the index that its pip is configured with.
 * Each has to be a wheel; nothing is built.
 *
 * @since 0.1.0
 * @category execution
 */
export const download: (
  manager: PythonTarget,
  request: WheelRequest,
  onProgress?: (detail: string) => Effect.Effect<void>
) => Effect.Effect<ReadonlyArray<Wheel>, PythonEnvironmentError | SshError> = Effect.fn("WheelStore.download")(
  function*(manager, request, onProgress = () => Effect.void) {
    const program = yield* Programs.load("wheels", "python")
    const words = yield* Effect.orDie(Schema.encode(Request)({ ...request, cache: manager.facts.cache }))
    return yield* converse(manager, {
      program,
      request: words,
      python: "python3",
      step: "download wheels",
      decode,
      handle: (message) => {
        if ("done" in message) return Effect.succeedSome(message.done)
        if ("failed" in message) return Effect.fail(failure({ ...message.failed, host: manager.host.alias }))
        return Effect.as(onProgress(message.detail), Option.none())
      }
    })
  },
  Effect.scoped
)

/**
 * Where a wheel is below a cache.
 *
 * @since 0.1.0
 * @category constructors
 */
export const path = (cache: string, wheel: Wheel): string => `${cache}/wheels/${wheel.sha256}/${wheel.name}`

/**
 * Copies a wheel from one cache to another. It appears there whole or not at all.
 *
 * @since 0.1.0
 * @category execution
 */
export const send = Effect.fn("WheelStore.send")(function*(
  wheel: Wheel,
  from: { readonly files: Files; readonly cache: string },
  to: { readonly files: Files; readonly cache: string }
): Effect.fn.Return<void, SshError> {
  const target = path(to.cache, wheel)
  // Another manager may send the same at the same time.
  const draft = `${target}.${yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)}`
  yield* to.files.makeDirectory(`${to.cache}/wheels/${wheel.sha256}`)
  yield* to.files.write(draft, from.files.readAll(path(from.cache, wheel))).pipe(
    Effect.zipRight(to.files.rename(draft, target)),
    Effect.onError(() => Effect.ignore(to.files.removeFile(draft)))
  )
})
