/**
 * Claims of GPUs on a host in memory: the model of programs/gpus.sh.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { bootId, type MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"
import type { MemoryProcess } from "./memoryProcess.ts"

const claimOf = (state: string, gpu: string): string => `${state}/gpu-${gpu}`

/** @internal */
export const answer = (
  host: MemoryHost,
  process: MemoryProcess,
  [what = "", state = "", token = "", ...words]: ReadonlyArray<string>
): Effect.Effect<number> => {
  const read = (path: string) => Effect.map(host.tree.read(path), (bytes) => new TextDecoder().decode(bytes).trim())
  const free = (gpus: ReadonlyArray<string>) =>
    Effect.forEach(gpus, (gpu) =>
      read(claimOf(state, gpu)).pipe(
        Effect.filterOrFail((text) => text.startsWith(`${token} `)),
        Effect.zipRight(host.tree.removeFile(claimOf(state, gpu))),
        Effect.ignore
      ), { discard: true })
  const claim = Effect.fnUntraced(function*([by = "", ...gpus]: ReadonlyArray<string>) {
    const guardians = [...host.guardians.values()].filter((guardian) => guardian.bootId === bootId(host))
    for (const gpu of gpus) {
      for (const { beats, id, lease, state: other } of guardians) {
        if (Option.isNone(yield* host.tree.stat(claimOf(other, gpu)))) continue
        const who = yield* read(claimOf(other, gpu))
        yield* free(gpus)
        return `taken ${gpu} ${id} 0.${beats} ${lease} ${who.replace(/^\S+ /, "")}`
      }
      yield* host.tree.write(claimOf(state, gpu), bytesOf(`${token} ${by}\n`), 0o600)
    }
    return "held"
  })
  return (what === "free" ? Effect.as(free(words), "freed") : claim(words)).pipe(
    Effect.flatMap((line) => process.io.stdout(bytesOf(`${line}\n`))),
    Effect.match({ onFailure: () => 1, onSuccess: () => 0 })
  )
}
