/**
 * What `socket.sh` does, without a shell.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { posix } from "node:path"
import type { MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"
import type { MemoryProcess } from "./memoryProcess.ts"

/**
 * Keeps the path of a socket until the end of its input.
 *
 * @internal
 */
export const keep = (host: MemoryHost, process: MemoryProcess, [path = ""]: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { tree } = host
    const look = Effect.gen(function*() {
      const [there, above] = yield* Effect.all([tree.stat(path), tree.stat(posix.dirname(path))])
      if (Option.isSome(there)) return there.value.type === "other" ? "socket" : "taken"
      if (Option.isNone(above)) return "nowhere"
      return (above.value.mode & 0o200) === 0 ? "locked" : "free"
    })
    const say = (line: string) => process.io.stdout(bytesOf(`${line}\n`))
    let ours = false
    yield* Effect.flatMap(look, say)
    for (let line = yield* process.io.stdin.readLine; Option.isSome(line); line = yield* process.io.stdin.readLine) {
      if (line.value === "bind") ours = true
      if (line.value === "bound") yield* say("held")
      if (line.value === "look") ours = false
      if (line.value === "remove") yield* Effect.ignore(tree.removeFile(path))
      if (line.value === "look" || line.value === "remove") yield* Effect.flatMap(look, say)
    }
    if (ours && (yield* look) === "socket") yield* Effect.ignore(tree.removeFile(path))
    return 0
  })
