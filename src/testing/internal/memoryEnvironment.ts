/**
 * `environment.py` in memory: an environment is a directory with an interpreter and a note of its packages. Nothing is downloaded,
 * every package is there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import { Request } from "../../services/PythonEnvironmentProtocol.ts"
import type { Files } from "../../services/SshConnection.ts"
import type { Process } from "../InMemoryHost.ts"
import { factsOf, type MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"

const Stamp = Schema.parseJson(Schema.Struct({
  python: Schema.String,
  pythonVersion: Schema.String,
  versions: Schema.Record({ key: Schema.String, value: Schema.String }),
  size: Schema.Number
}))

const stampOf = (directory: string) => `${directory}/lazycluster.json`

const read = (host: MemoryHost, directory: string) =>
  host.tree.read(stampOf(directory)).pipe(
    Effect.flatMap((bytes) => Schema.decode(Stamp)(new TextDecoder().decode(bytes))),
    Effect.option
  )

/**
 * The versions in the environment of an interpreter, Python's own among them.
 *
 * @internal
 */
export const versionsOf = (files: Files, python: string): Effect.Effect<Readonly<Record<string, string>>> =>
  Stream.mkString(Stream.decodeText(files.readAll(stampOf(posix.dirname(posix.dirname(python)))))).pipe(
    Effect.flatMap(Schema.decode(Stamp)),
    Effect.map(({ pythonVersion, versions }) => ({ python: `${pythonVersion}.final.0`, ...versions })),
    Effect.orElseSucceed(() => ({}))
  )

const compares: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  ">=": (order) => order >= 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  "<": (order) => order < 0,
  "~=": (order) => order >= 0
}

/** As many numbers of the version count as the bound has. */
const satisfies = (version: string, [operator, bound]: readonly [string, ReadonlyArray<number>]): boolean => {
  const numbers = version.split(".").map(Number)
  const order = bound.map((each, index) => (numbers[index] ?? 0) - each).find((difference) => difference !== 0) ?? 0
  return compares[operator]?.(order) ?? true
}

/** @internal */
export const run = (self: Process, host: MemoryHost): Effect.Effect<number> =>
  Effect.gen(function*() {
    const say = (message: unknown) => self.stdout(`${JSON.stringify(message)}\n`)
    const request = yield* Effect.orDie(Schema.decodeUnknown(Request)(self.argv[1]))
    const { python, pythonPath } = factsOf(host)
    if (!request.python.every((bound) => satisfies(python, bound))) {
      const detail = `found ${python} (${pythonPath})`
      return yield* Effect.as(say({ failed: { reason: "PythonVersion", step: "find Python", detail, log: [] } }), 0)
    }
    const versions = Object.fromEntries(request.pins.map(({ name, version }) => [name, version]))
    if (request.mode === "existing") {
      const found = { directory: "/usr", python: pythonPath, pythonVersion: python, versions, size: 0, made: false }
      return yield* Effect.as(say({ done: found }), 0)
    }
    const tag = `cp${python.split(".").slice(0, 2).join("")}-memory`
    const directory = request.directory.replace("%TAG%", tag)
    const before = yield* read(host, directory)
    if (Option.isSome(before)) return yield* Effect.as(say({ done: { ...before.value, directory, made: false } }), 0)
    yield* say({ step: "making", detail: `${directory} with Python ${python}` })
    yield* say({ step: "installing", detail: `${request.pins.length} packages` })
    const stamp = { python: `${directory}/bin/python`, pythonVersion: python, versions, size: 4096 }
    return yield* host.tree.makeDirectory(`${directory}/bin`).pipe(
      Effect.zipRight(host.tree.write(stamp.python, new Uint8Array(), 0o755)),
      Effect.zipRight(host.tree.write(stampOf(directory), bytesOf(yield* Effect.orDie(Schema.encode(Stamp)(stamp))))),
      Effect.zipRight(say({ done: { ...stamp, directory, made: true } })),
      Effect.catchAll(({ detail }) => say({ failed: { reason: "Install", step: "use the cache", detail, log: [] } })),
      Effect.as(0)
    )
  })
