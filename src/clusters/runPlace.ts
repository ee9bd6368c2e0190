/**
 * Where a program that uses a cluster is run, and by which words.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ownPath from "../internal/ownPath.ts"
import { quoteAll } from "../internal/words.ts"
import * as Runtime from "../runtimes/Runtime.ts"
import { manager } from "../services/Host.ts"
import type { SshError } from "../services/SshError.ts"
import type { Cluster } from "./Cluster.ts"
import type { Options, Program } from "./ClusterRun.ts"
import { ClusterRunError } from "./ClusterRunError.ts"

const titleOf = (program: Program): string =>
  program._tag === "Command" ? quoteAll(program.argv) : quoteAll(["python", program.path, ...program.args])

const unknown = (host: string, step: string, there: ReadonlyArray<string>) =>
  new ClusterRunError({
    reason: "UnknownHost",
    host,
    step,
    detail: "it is no host of the cluster, or it is lost",
    hint: `its hosts: ${there.join(", ") || "none"}; without \`host\` it runs on the manager`
  })

/**
 * The machine, and what the cluster adds to the environment there.
 *
 * @internal
 */
export const placeOf = Effect.fnUntraced(function*(cluster: Cluster, step: string, options: Options) {
  const { runtimes } = yield* cluster.group
  const host = options.host ?? manager.alias
  const runtime = [cluster.manager, ...runtimes].find((one) => one.host.alias === host)
  if (runtime === undefined) return yield* unknown(host, step, runtimes.map((one) => one.host.alias))
  const environment = Option.getOrUndefined(yield* cluster.environment(host))
  const env = {
    ...(yield* cluster.variables(host)),
    ...(environment === undefined ? {} : { VIRTUAL_ENV: environment.directory }),
    ...options.env
  }
  return { runtime, environment, env }
})

/** Python prints at once what it prints: who reads it need not wait for a full buffer. */
const unbuffered = { PYTHONUNBUFFERED: "1" }

/** A Python file where its interpreter finds it: a copy, on another host. */
const fileAt = Effect.fnUntraced(function*(
  cluster: Cluster,
  runtime: Runtime.Runtime,
  path: string
): Effect.fn.Return<string, SshError, Scope.Scope> {
  const own = yield* ownPath.absolute(path)
  if (runtime.host.alias === manager.alias) return own
  const directory = yield* Runtime.temporaryDirectory(runtime)
  const copy = `${directory}/${ownPath.nameOf(own)}`
  const [here, there] = yield* Effect.all([cluster.manager.files, runtime.files])
  yield* there.write(copy, here.readAll(own), 0o600)
  return copy
})

/** Puts the environment first in the search for programs, whatever the path of the host is. */
const withPath = "PATH=$1:$PATH; export PATH; shift; exec \"$@\""

/**
 * The machine, and the words that start a program there.
 *
 * @internal
 */
export const commandOf = Effect.fnUntraced(function*(cluster: Cluster, program: Program, options: Options) {
  const step = titleOf(program)
  const { env, environment, runtime } = yield* placeOf(cluster, step, options)
  const argv: readonly [string, ...Array<string>] = program._tag === "Command"
    ? program.argv
    : [
      environment?.python ?? "python3",
      yield* Effect.mapError(
        fileAt(cluster, runtime, program.path),
        (error) =>
          error.reason !== "Transfer" ? error : new ClusterRunError({
            reason: "File",
            host: runtime.host.alias,
            step,
            detail: error.detail,
            hint: "nothing was started; is the path right, and may you read the file?"
          })
      ),
      ...program.args
    ]
  const words: readonly [string, ...Array<string>] = environment === undefined
    ? argv
    : ["sh", "-c", withPath, "sh", `${environment.directory}/bin`, ...argv]
  return { step, runtime, command: { argv: words, env: { ...unbuffered, ...env }, cwd: options.cwd } }
})
