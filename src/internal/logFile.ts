/**
 * A file of lines on this machine that is turned over when it is full.
 *
 * `X.log` is always the newest, `X.log.1` the one before it. Files are only ever renamed, so a crash loses none of them; a
 * line is written whole, and stands in one file.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"

/**
 * How large a file may grow, in bytes, and how many there may be, the newest counted.
 *
 * @internal
 */
export interface Rotation {
  readonly bytes: number
  readonly files: number
}

/** @internal */
export interface LogFile {
  readonly path: string
  /** Lines with their ends. Not for two fibers at once. */
  readonly write: (lines: ReadonlyArray<string>) => Effect.Effect<void, PlatformError>
}

interface Open {
  readonly file: FileSystem.File
  readonly scope: Scope.CloseableScope
  readonly size: number
}

/** So many tasks of one name may start in one second. */
const mostInASecond = 1000

const notFound = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"
const exists = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "AlreadyExists"

const encoder = new TextEncoder()

/**
 * Lines as they fit: each batch goes to one file, all but the first to a new one. A line that is longer than a file may be
 * has one for itself.
 *
 * @internal
 */
export const batches = (
  lines: ReadonlyArray<Uint8Array>,
  size: number,
  most: number
): ReadonlyArray<ReadonlyArray<Uint8Array>> => {
  const all: Array<Array<Uint8Array>> = [[]]
  let filled = size
  for (const line of lines) {
    if (filled > 0 && filled + line.length > most) {
      all.push([])
      filled = 0
    }
    all.at(-1)?.push(line)
    filled += line.length
  }
  return all
}

/**
 * Makes a file that was not there: `BASE.EXTENSION`, or `BASE-1.EXTENSION` and so on. It closes with the scope.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(base: string, extension: string, rotation: Rotation | undefined) {
  const fs = yield* FileSystem.FileSystem
  const outer = yield* Effect.scope
  const most = rotation?.bytes ?? Number.POSITIVE_INFINITY

  // Exclusive: two managers, or two tasks of one name, never write to one file.
  const open = Effect.fnUntraced(function*(path: string) {
    const scope = yield* Scope.make()
    return yield* fs.open(path, { flag: "wx", mode: 0o600 }).pipe(
      Scope.extend(scope),
      Effect.map((file): Open => ({ file, scope, size: 0 }))
    )
  })
  const first = (k: number): Effect.Effect<readonly [string, Open], PlatformError> => {
    const path = k === 0 ? `${base}.${extension}` : `${base}-${k}.${extension}`
    return open(path).pipe(
      Effect.map((opened) => [path, opened] as const),
      Effect.catchIf((error) => exists(error) && k < mostInASecond, () => first(k + 1))
    )
  }

  const [path, opened] = yield* first(0)
  const current = yield* Ref.make(opened)
  yield* Scope.addFinalizer(outer, Effect.flatMap(Ref.get(current), ({ scope }) => Scope.close(scope, Exit.void)))

  const numbered = (k: number) => k === 0 ? path : `${path}.${k}`
  const turn = Effect.fnUntraced(function*() {
    yield* Scope.close((yield* Ref.get(current)).scope, Exit.void)
    const kept = Math.max(1, rotation?.files ?? 1) - 1
    if (kept === 0) yield* fs.remove(path)
    // The oldest first: what a crash leaves in between is a gap in the numbers.
    for (let k = kept; k > 0; k--) {
      yield* fs.rename(numbered(k - 1), numbered(k)).pipe(Effect.catchIf(notFound, () => Effect.void))
    }
    yield* Ref.set(current, yield* open(path))
  }, Effect.uninterruptible)

  const put = Effect.fnUntraced(function*(lines: ReadonlyArray<Uint8Array>) {
    if (lines.length === 0) return
    const bytes = Buffer.concat(lines)
    const { file } = yield* Ref.get(current)
    yield* Ref.update(current, (now) => ({ ...now, size: now.size + bytes.length }))
    yield* file.writeAll(bytes)
  })

  const file: LogFile = {
    path,
    // A line that was begun is written to its end.
    write: Effect.fnUntraced(function*(lines) {
      const { size } = yield* Ref.get(current)
      for (const [index, batch] of batches(lines.map((line) => encoder.encode(line)), size, most).entries()) {
        if (index > 0) yield* turn()
        yield* put(batch)
      }
    }, Effect.uninterruptible)
  }
  return file
}, Effect.uninterruptible)
