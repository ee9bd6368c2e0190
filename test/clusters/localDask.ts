/** A Dask scheduler and workers of this machine, in an environment that is made once and kept. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Os from "node:os"
import * as Path from "node:path"
import * as DaskClient from "../../src/clusters/DaskClient.ts"
import { tries } from "../patience.ts"
import * as LocalTarget from "../tasks/localTarget.ts"

const requirement = "dask[distributed]==2026.8.0"

const succeeds = (command: string, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(
    Command.exitCode(Command.make(command, ...args).pipe(Command.stdout("inherit"), Command.stderr("inherit"))),
    (code) => code === 0 ? Effect.void : Effect.dieMessage(`${command} ${args.join(" ")}: exit code ${code}`)
  )

/** The folder of an environment's programs: made once, and kept. */
export const environmentOf = Effect.fnUntraced(function*(...requirements: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const cache = process.env["XDG_CACHE_HOME"] ?? Path.join(Os.homedir(), ".cache")
  const name = requirements.join("-").replaceAll(/[^\w.]+/g, "-")
  const folder = Path.join(cache, "lazycluster-test", name)
  const bin = Path.join(folder, "bin")
  const complete = Path.join(folder, "complete")
  if (!(yield* fs.exists(complete))) {
    yield* succeeds("python3", "-m", "venv", "--clear", folder)
    yield* succeeds(Path.join(bin, "python"), "-m", "pip", "install", "--quiet", ...requirements)
    yield* fs.writeFileString(complete, "")
  }
  return bin
})

export const environment = environmentOf(requirement)

const SchedulerFile = Schema.parseJson(Schema.Struct({ address: Schema.String }))

/** A scheduler, workers `w1` … and a driver whose process can be had. */
export const make = (workers: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bin = yield* environment
    const { target, workingDirectory } = yield* LocalTarget.make
    const file = Path.join(workingDirectory, "scheduler.json")
    const dask = (log: string, args: ReadonlyArray<string>) =>
      target.exec({ argv: ["sh", "-c", `exec "$@" >${log} 2>&1`, "sh", Path.join(bin, "dask"), ...args] })

    // A scope of its own, so that a test can end it.
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    yield* dask(
      "scheduler.log",
      [
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--dashboard-address",
        "127.0.0.1:0",
        "--scheduler-file",
        file
      ]
    ).pipe(Scope.extend(scope))
    const { address } = yield* fs.readFileString(file).pipe(
      Effect.flatMap(Schema.decode(SchedulerFile)),
      Effect.retry(tries())
    )
    yield* Effect.forEach(
      Array.from({ length: workers }, (_, index) => `w${index + 1}`),
      (name) =>
        dask(
          `${name}.log`,
          [
            "worker",
            address,
            "--host",
            "127.0.0.1",
            "--dashboard-address",
            "127.0.0.1:0",
            "--no-nanny",
            "--nthreads",
            "2",
            "--name",
            name,
            "--memory-limit",
            "0",
            // Of one worker only.
            ...(name === "w1" ? ["--resources", "SLOT=1"] : [])
          ]
        )
    )
    const driver = Effect.gen(function*() {
      const { program, words } = yield* DaskClient.invocation(address, "20 seconds")
      return yield* target.python(program, words, { python: Path.join(bin, "python") })
    })
    const client = Effect.gen(function*() {
      const client = yield* DaskClient.make({ process: yield* driver })
      yield* client.waitForWorkers(workers, "60 seconds")
      return client
    })
    return { address, bin, client, driver, stop: Scope.close(scope, Exit.void), target, workingDirectory }
  })
