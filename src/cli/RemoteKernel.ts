/**
 * Kernels that remote_ikernel has made for a host, where it is installed.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"

/** It starts Python. */
const patience = "20 seconds"

const listed = /^\s*\['(rik_ssh_\w+)'\]: SSH (\S+)( .*)?$/

/**
 * The kernels of a host in what `remote_ikernel manage` prints: `['rik_ssh_gpu_1_py36']: SSH gpu-1 Py 3.6`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const of = (printed: string, host: string): ReadonlyArray<string> =>
  printed.split("\n").flatMap((line) => {
    const [, kernel, name] = listed.exec(line) ?? []
    return kernel !== undefined && name === host ? [kernel] : []
  })

/** One that cannot be run, or takes too long, has no kernels to tell of. */
const manage = (...words: ReadonlyArray<string>): Effect.Effect<string, never, CommandExecutor.CommandExecutor> =>
  Command.make("remote_ikernel", "manage", ...words).pipe(
    Command.string,
    Effect.timeout(patience),
    Effect.orElseSucceed(() => "")
  )

/**
 * The kernels of a host.
 *
 * @since 0.1.0
 * @category execution
 */
export const find = (host: string): Effect.Effect<ReadonlyArray<string>, never, CommandExecutor.CommandExecutor> =>
  Effect.map(manage(), (printed) => of(printed, host))

/**
 * Removes kernels, and gives those that are gone.
 *
 * @since 0.1.0
 * @category execution
 */
export const remove = (
  host: string,
  kernels: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>, never, CommandExecutor.CommandExecutor> =>
  Effect.gen(function*() {
    if (kernels.length === 0) return []
    yield* Effect.forEach(kernels, (kernel) => manage("--delete", kernel), { discard: true })
    const left = yield* find(host)
    return kernels.filter((kernel) => !left.includes(kernel))
  })
