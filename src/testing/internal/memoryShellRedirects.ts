/**
 * Redirections of a shell in memory.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Redirection } from "unbash"
import { bytesOf } from "./memoryPipe.ts"
import * as memoryPipe from "./memoryPipe.ts"
import type { Io, Sink } from "./memoryProcess.ts"
import type { ShellExit } from "./memoryShellState.ts"
import * as Words from "./memoryShellWords.ts"
import { why } from "./memoryTreeError.ts"

/** A file that cannot be opened, as a shell says it. */
class Refused extends Data.TaggedError("Refused")<{ readonly said: string }> {}

/** Bytes that are there, and their end. */
const holding = Effect.fnUntraced(function*(bytes: Uint8Array) {
  const pipe = yield* memoryPipe.make
  yield* pipe.write(bytes)
  yield* pipe.end
  return pipe
})

const nowhere: Sink = () => Effect.succeed(true)

const empty = new Uint8Array()

/**
 * Opens what the redirections name, from left to right. `failure` tells of writing that did not work, as on a full disk.
 *
 * @internal
 */
export const open = (
  self: Words.Expansion,
  redirections: ReadonlyArray<Redirection>
): Effect.Effect<{ readonly io: Io; readonly failure: () => string | undefined }, Refused | ShellExit> =>
  Effect.gen(function*() {
    const { host, process } = self.shell
    let failure: string | undefined
    let io = self.io

    const toFile = Effect.fnUntraced(function*(path: string, append: boolean) {
      if (path === "/dev/null") return nowhere
      const at = host.tree.resolve(path, process.cwd)
      yield* (append ? host.tree.append(at, empty) : host.tree.write(at, empty)).pipe(
        Effect.mapError((error) => new Refused({ said: `cannot create ${path}: ${shells(why(error))}` }))
      )
      return (bytes: Uint8Array) =>
        host.tree.append(at, bytes).pipe(
          Effect.catchAll((error) =>
            Effect.sync(() => {
              failure = why(error)
            })
          ),
          Effect.as(true)
        )
    })

    for (const each of redirections) {
      if (each.type === "HereDoc") {
        io = { ...io, stdin: yield* holding(bytesOf(yield* Words.document(self, each.body))) }
        continue
      }
      if (each.type === "HereString" || each.target === undefined) continue
      const target = yield* Words.text(self, each.target)
      const input = each.operator.startsWith("<")
      const descriptor = each.descriptor?.type === "FileDescriptor" ? each.descriptor.value : input ? 0 : 1
      if (each.operator === ">&" || each.operator === "<&") {
        const sink = target === "1" ? io.stdout : target === "2" ? io.stderr : target === "-" ? nowhere : undefined
        if (sink === undefined) {
          if (target === "0" && descriptor === 0) continue
          return yield* new Refused({ said: `${target}: Bad file descriptor` })
        }
        io = descriptor === 0
          ? { ...io, stdin: yield* holding(empty) }
          : descriptor === 1
          ? { ...io, stdout: sink }
          : { ...io, stderr: sink }
      } else if (input) {
        const bytes = target === "/dev/null" ? empty : yield* Effect.mapError(
          host.tree.read(host.tree.resolve(target, process.cwd)),
          (error) => new Refused({ said: `cannot open ${target}: ${why(error).replace(/ or directory$/, "")}` })
        )
        io = { ...io, stdin: yield* holding(bytes) }
      } else {
        const sink = yield* toFile(target, each.operator === ">>")
        io = descriptor === 1 ? { ...io, stdout: sink } : { ...io, stderr: sink }
      }
    }
    return { io, failure: () => failure }
  })

/** `dash` has its own words for a directory that is not there. */
const shells = (detail: string) => detail === "No such file or directory" ? "Directory nonexistent" : detail
