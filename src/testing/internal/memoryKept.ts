/**
 * `kept.py` in memory: environments as `memoryEnvironment` makes them. There are no wheels, and no locks.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Process } from "../InMemoryHost.ts"
import { factsOf, type MemoryHost } from "./memoryHost.ts"

const Request = Schema.parseJson(Schema.Struct({
  remove: Schema.NullOr(Schema.Array(Schema.Tuple(Schema.String, Schema.String, Schema.String)))
}))

const Stamp = Schema.parseJson(Schema.Struct({
  pythonVersion: Schema.String,
  versions: Schema.Record({ key: Schema.String, value: Schema.String }),
  size: Schema.Number
}))

const user = (host: MemoryHost, path: string): string | null => {
  const [first] = [...host.processes.values()].filter(({ argv }) => argv.some((word) => word.startsWith(`${path}/`)))
  return first === undefined ? null : `process ${first.pid} uses it`
}

const look = (host: MemoryHost, path: string, name: string) =>
  Effect.gen(function*() {
    const file = `${path}/lazycluster.json`
    const stat = yield* host.tree.stat(file)
    const read = yield* host.tree.read(file).pipe(
      Effect.flatMap((bytes) => Schema.decode(Stamp)(new TextDecoder().decode(bytes))),
      Effect.option
    )
    if (Option.isNone(stat) || Option.isNone(read)) return []
    const { pythonVersion, size, versions } = read.value
    const lastUsed = DateTime.formatIso(DateTime.unsafeMake(stat.value.modified * 1000))
    const packages = Object.entries(versions).map(([name, version]) => `${name}==${version}`)
    const blocked = user(host, path)
    return [{
      kind: "environment",
      name,
      path,
      size,
      lastUsed,
      packages,
      python: pythonVersion,
      blocked,
      place: `${host.alias} ${path}`
    }]
  })

/** @internal */
export const run = (self: Process, host: MemoryHost): Effect.Effect<number> =>
  Effect.gen(function*() {
    const say = (message: unknown) => self.stdout(`${JSON.stringify(message)}\n`)
    const request = yield* Effect.orDie(Schema.decodeUnknown(Request)(self.argv[1]))
    const root = factsOf(host).cache
    const names = yield* Effect.orElseSucceed(host.tree.list(`${root}/environments`), (): ReadonlyArray<string> => [])
    const found = yield* Effect.forEach(names, (name) => look(host, `${root}/environments/${name}`, name))
    for (const { blocked, kind, lastUsed, name, path, ...rest } of found.flat()) {
      const wanted = request.remove?.find(([, one]) => one === name)
      if (request.remove === null) yield* say({ kept: { kind, name, path, lastUsed, blocked, ...rest } })
      else if (wanted !== undefined) {
        const why = blocked ?? (wanted[2] === lastUsed ? null : "it was used since")
        if (why === null) yield* Effect.ignore(host.tree.remove(path))
        yield* say(why === null ? { removed: { kind, name } } : { spared: { kind, name, why } })
      }
    }
    yield* say({ done: root })
    return 0
  })
