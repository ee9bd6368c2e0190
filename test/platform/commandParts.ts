/** What the cases of the suite over commands are made of. */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { tries } from "../patience.ts"
import type { Services } from "./commandCase.ts"

export const sh = (line: string, ...words: ReadonlyArray<string>) => Command.make("/bin/sh", "-c", line, "sh", ...words)

export const text = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => Stream.mkString(Stream.decodeText(stream))

export const size = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Stream.runFold(stream, 0, (sum, bytes) => sum + bytes.length)

export const lives = (pid: number | string) =>
  Effect.map(Command.exitCode(sh("kill -0 \"$1\" 2>/dev/null", String(pid))), (code) => code === 0)

/** A zombie that nobody has taken in yet counts as one that lives. */
export const gone = (pid: number | string) =>
  Effect.filterOrFail(lives(pid), (alive) => !alive, () => `${pid} lives`).pipe(
    Effect.retry(tries())
  )

/** The first line that a process prints; what follows can still be read. */
export const firstLine = (process: CommandExecutor.Process) =>
  Effect.map(
    Stream.toPull(Stream.splitLines(Stream.decodeText(process.stdout))),
    (pull) => Effect.map(pull, (lines) => Chunk.unsafeHead(lines))
  ).pipe(Effect.flatten)

export const ones = (bytes: number): Stream.Stream<Uint8Array> =>
  Stream.take(Stream.repeatValue(new Uint8Array(65536).fill(49)), Math.ceil(bytes / 65536))

export const failsWith = (
  effect: Effect.Effect<unknown, PlatformError, Services>,
  fields: Partial<SystemError>
) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, SystemError)
    for (const [name, value] of Object.entries(fields)) assert.strictEqual(Reflect.get(error, name), value)
  })

export const byName = "programs are found by their names, whatever PATH is"

export const hundredMegabytes = 100 * 1024 * 1024
