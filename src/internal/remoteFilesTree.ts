/**
 * Directories of a host: what takes several operations.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { posix } from "node:path"
import type { FileCalls } from "../services/FileCalls.ts"
import type { SshError } from "../services/SshError.ts"

const atOnce = 8

/**
 * Makes a directory and those above it; one that is there is fine.
 *
 * @internal
 */
export const makeAll = (
  calls: FileCalls,
  path: string,
  mode: number | undefined
): Effect.Effect<void, SshError> => {
  const make: Effect.Effect<void, SshError> = Effect.catchIf(
    calls.makeDirectory(path, mode),
    ({ code }) => code === "EEXIST",
    (error) => Effect.asVoid(Effect.filterOrFail(calls.info(path), ({ type }) => type === "Directory", () => error))
  )
  const above = posix.dirname(path)
  return Effect.catchIf(
    make,
    ({ code }) => code === "ENOENT" && above !== path,
    () => Effect.zipRight(makeAll(calls, above, mode), make)
  )
}

/**
 * The names in a directory, and with `recursive` those in its directories, from it on. Links are not entered.
 *
 * @internal
 */
export const names = (
  calls: FileCalls,
  path: string,
  recursive: boolean
): Effect.Effect<Array<string>, SshError> =>
  Effect.flatMap(calls.entries(path), (entries) =>
    recursive
      ? Effect.map(
        Effect.forEach(entries, ({ directory, name }) =>
          directory
            ? Effect.map(names(calls, `${path}/${name}`, true), (below) => [
              name,
              ...below.map((one) => `${name}/${one}`)
            ])
            : Effect.succeed([name]), { concurrency: atOnce }),
        (all) => all.flat()
      )
      : Effect.succeed(entries.map(({ name }) => name)))

/**
 * A name that nobody else has.
 *
 * @internal
 */
export const name: Effect.Effect<string> = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 31), Random.nextIntBetween(0, 2 ** 31)]),
  (numbers) => numbers.map((number) => number.toString(36)).join("")
)

/**
 * What the path of a temporary directory begins with.
 *
 * @internal
 */
export const begin = (directory: string, prefix: string | undefined): string =>
  prefix === undefined || prefix === "" ? posix.join(directory, "/") : posix.join(directory, prefix)

/**
 * A directory for the user alone. One that has the name already, by whatever chance, is another's: the next is tried.
 *
 * @internal
 */
export const makeTemporary = (
  calls: FileCalls,
  begin: string,
  at: (path: string) => string
): Effect.Effect<string, SshError> =>
  Effect.flatMap(name, (name) => Effect.as(calls.makeDirectory(at(`${begin}${name}`), 0o700), `${begin}${name}`)).pipe(
    Effect.retry({ while: ({ code }) => code === "EEXIST", times: 10 })
  )
