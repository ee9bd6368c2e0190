import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Lazycluster from "../src/Lazycluster.ts"
import * as Runtime from "../src/runtimes/Runtime.ts"
import * as RuntimeTask from "../src/tasks/RuntimeTask.ts"
import * as Sandbox from "../src/testing/Sandbox.ts"
import { tries } from "./patience.ts"

/** Processes come and go while they are looked at. */
const textOf = (file: string): string => {
  try {
    return readFileSync(file, "latin1")
  } catch {
    return ""
  }
}

/** The argument lists of all processes of this machine that hold a text. */
const inProcessList = (text: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => textOf(`/proc/${pid}/cmdline`))
    .filter((words) => words.includes(text))

const inFiles = (directory: string, text: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name))
    .filter((file) => existsSync(file) && statSync(file).isFile() && textOf(file).includes(text))

describe.skipIf(!existsSync("/proc/self/cmdline"))("values of variables", () => {
  it.scopedLive("reach processes, and stand in no process list, file or log", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const home = sandbox.hosts[0]?.home ?? ""
      const secret = `${yield* Effect.sync(() => crypto.randomUUID())}-secret`
      const log = `${sandbox.home}/log`
      yield* Effect.gen(function*() {
        const runtime = yield* Runtime.make("host-1", { environment: { RUNTIME: secret } })
        yield* runtime.start("server", { argv: ["sh", "-c", "echo ${#STARTED}; sleep 1000"], env: { STARTED: secret } })
        const wait = "echo ${#RUNTIME} ${#TASK} ${#STEP}; until [ -e looked ]; do sleep 0.1; done"
        const task = RuntimeTask.make("wait").pipe(
          RuntimeTask.withEnv({ TASK: secret }),
          RuntimeTask.runCommand(wait, { env: { STEP: secret } })
        )
        const look = Effect.sync(() => {
          // It can be seen at all: a process that has the text in its arguments is found.
          assert.isNotEmpty(inProcessList("until [ -e looked ]"))
          assert.deepStrictEqual(inProcessList(secret), [])
          assert.deepStrictEqual([...inFiles(home, secret), ...inFiles(log, secret)], [])
          assert.isNotEmpty(inFiles(log, "-e looked"))
        })
        const [done] = yield* Effect.all([
          Runtime.execute(runtime, task),
          Effect.suspend(() =>
            inProcessList("until [ -e looked ]").length > 0 ? look : Effect.fail("not there yet" as const)
          ).pipe(
            Effect.retry(tries()),
            Effect.ensuring(Effect.ignore(
              Effect.orDie(runtime.files).pipe(
                Effect.flatMap((files) => files.write(runtime.resolve("looked"), Stream.empty))
              )
            ))
          )
        ], { concurrency: 2 })
        const length = String(secret.length)
        assert.strictEqual(done.executionLog[0]?.stdout, `${length} ${length} ${length}\n`)
        assert.deepStrictEqual([...inFiles(home, secret), ...inFiles(log, secret)], [])
      }).pipe(
        Effect.scoped,
        Effect.provide(Lazycluster.layerOf({
          sshConfig: { file: sandbox.configFile },
          executionLog: { directory: log }
        }))
      )
    }))
})
