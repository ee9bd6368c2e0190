/**
 * Wheels from the manager for a host that makes an environment: whether, which, and on their way.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { isManager } from "./Host.ts"
import type { Options } from "./PythonEnvironment.ts"
import { failure, type PythonEnvironmentError } from "./PythonEnvironmentError.ts"
import type { PythonTarget } from "./PythonTarget.ts"
import * as WheelStore from "./WheelStore.ts"

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`

/**
 * Where packages come from. A manager has the index already that it would ask itself for.
 *
 * @internal
 */
export const source = (
  target: PythonTarget,
  { manager, wheels = "auto" }: Options
): Effect.Effect<"auto" | "always" | "never", PythonEnvironmentError> => {
  if (wheels === "always" && manager === undefined) {
    const detail = "wheels of the manager are asked for, and no manager is given"
    return failure({ reason: "Download", host: target.host.alias, step: "find wheels", detail })
  }
  return Effect.succeed(wheels === "auto" && (manager === undefined || isManager(target.host)) ? "never" : wheels)
}

/**
 * What a host asks for, in the manager's cache.
 *
 * @internal
 */
export const download = (
  target: PythonTarget,
  manager: PythonTarget,
  { deadline = "20 minutes", onProgress = () => Effect.void }: Options,
  request: WheelStore.WheelRequest & { readonly refused: ReadonlyArray<string> }
) => {
  const host = target.host.alias
  const failed = (detail: string, log: ReadonlyArray<string>) =>
    failure({
      reason: "Download",
      host,
      step: "download wheels",
      detail: request.refused.length === 0
        ? detail
        : `${host} finds no package index, and the manager has no wheels: ${detail}`,
      log
    })
  return WheelStore.download(manager, request, (detail) => onProgress({ host, step: "downloading", detail })).pipe(
    Effect.catchTag("PythonEnvironmentError", (error) => failed(error.detail, error.log)),
    Effect.timeoutFail({ duration: deadline, onTimeout: () => failed("the download took too long", []) })
  )
}

/**
 * Sends what a host lacks.
 *
 * @internal
 */
export const send = Effect.fnUntraced(function*(
  wheels: ReadonlyArray<WheelStore.Wheel>,
  target: PythonTarget,
  manager: PythonTarget,
  { onProgress = () => Effect.void }: Options
) {
  const from = { files: yield* manager.files, cache: manager.facts.cache }
  const to = { files: yield* target.files, cache: target.facts.cache }
  yield* Effect.forEach(wheels, (wheel, index) =>
    Effect.zipRight(
      onProgress({
        host: target.host.alias,
        step: "sending",
        detail: `${wheel.name}, ${megabytes(wheel.size)}, ${index + 1} of ${wheels.length}`
      }),
      WheelStore.send(wheel, from, to)
    ), { concurrency: 4, discard: true })
})
