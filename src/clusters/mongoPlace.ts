/**
 * What a MongoDB server needs before it is in a plan: a mongod, a directory, a password.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as randomSecret from "../internal/randomSecret.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import type { HostFacts } from "../services/HostFacts.ts"
import type { SshError } from "../services/SshError.ts"
import { mongodPackage } from "./hyperoptPackages.ts"
import { MongoError } from "./MongoError.ts"
import * as MongoPlan from "./MongoPlan.ts"
import * as mongoReport from "./mongoReport.ts"

/** @internal */
export interface Options extends Omit<MongoPlan.Options, "dbpath"> {
  readonly dbpath?: string | undefined
}

/** @internal */
export interface MongoPlace {
  readonly options: MongoPlan.Options & { readonly database: string }
  /** What the environment at its place must have besides PyMongo: nothing, or a mongod. */
  readonly packages: ReadonlyArray<string>
  readonly password: Redacted.Redacted
  /** For `Cluster.Options.secrets`. */
  readonly secrets: Readonly<Record<string, Redacted.Redacted>>
}

/** The wheel's mongod is made for Ubuntu 22.04. */
const fits = ({ libc, machine, system }: HostFacts): boolean => {
  const [, major = "0", minor = "0"] = /^glibc (\d+)\.(\d+)/.exec(libc) ?? []
  return system === "Linux" && machine === "x86_64" && Number(major) * 1000 + Number(minor) >= 2034
}

const which = (runtime: Runtime.Runtime, command: string): Effect.Effect<string, SshError> =>
  runtime.exec({ argv: ["sh", "-c", "command -v \"$1\"", "sh", command], cwd: "/" }).pipe(
    Effect.tap(({ endInput }) => endInput),
    Effect.flatMap(({ stdout }) => Stream.mkString(Stream.decodeText(stdout))),
    Effect.map((path) => path.trim()),
    Effect.scoped
  )

const notFound = (runtime: Runtime.Runtime, detail: string) => {
  const host = runtime.host.alias
  const hint = mongoReport.hintOf("NotFound", host)
  return new MongoError({ reason: "NotFound", host, step: "find mongod", detail, hint })
}

/** The packages that bring a mongod, if one is to be brought. */
const find = Effect.fnUntraced(function*(runtime: Runtime.Runtime, mongod: string | undefined) {
  const found = yield* which(runtime, mongod ?? "mongod")
  if (found !== "") return []
  if (mongod !== undefined) return yield* notFound(runtime, `${mongod} is no program there`)
  const { libc, machine, system } = runtime.facts
  if (fits(runtime.facts)) return [mongodPackage]
  return yield* notFound(
    runtime,
    `there is none on PATH, and none is to be had for ${system} on ${machine}${libc === "" ? "" : ` with ${libc}`}`
  )
})

/**
 * Looks for a mongod at a place, makes a directory that goes with the scope where none is given, and draws a password. Acquired
 * before the cluster, so that the directory outlives the server.
 *
 * @internal
 */
export const make = Effect.fn("mongoPlace.make")(function*(
  runtime: Runtime.Runtime,
  { dbpath, mongod, ...options }: Options
): Effect.fn.Return<MongoPlace, MongoError | SshError, Scope.Scope> {
  const command = mongod?.includes("/") === true ? runtime.resolve(mongod) : mongod
  const packages = yield* find(runtime, command)
  const directory = dbpath === undefined ? yield* Runtime.temporaryDirectory(runtime) : runtime.resolve(dbpath)
  const password = yield* randomSecret.hex(32)
  return {
    options: {
      ...options,
      mongod: command,
      dbpath: directory,
      database: options.database ?? MongoPlan.defaultDatabase
    },
    packages,
    password,
    secrets: { [MongoPlan.passwordSecret]: password }
  }
})
