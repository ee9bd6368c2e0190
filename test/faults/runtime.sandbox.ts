/** Hosts that are reached and cannot do what is asked of them. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import type { Command } from "../../src/tasks/TaskTarget.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { type Explained, failsOver, nothingLeft, services } from "./faulty.ts"

const on = <A, E, R>(
  use: (runtime: Runtime.Runtime) => Effect.Effect<A, E, R>,
  options?: Runtime.Options
) => Effect.flatMap(Runtime.make("host-1", options), use)

const is = (error: Explained, tag: string, reason: string) =>
  assert.deepStrictEqual([error._tag, error.reason, error.host], [tag, reason, "host-1"])

const raising = PythonFunction.make({
  source: "def check(x):\n    raise ValueError(f'{x} is too much')",
  args: { x: Schema.Int },
  returns: Schema.Int
})
const square = PythonFunction.make({
  source: "def square(x): return x ** 2",
  args: { x: Schema.Int.pipe(Schema.between(0, 10)) },
  returns: Schema.Int.pipe(Schema.lessThan(50))
})

layer(Layer.merge(Sandbox.layer({ hosts: 1 }), NodeContext.layer), { excludeTestServices: true })("a host", (it) => {
  it.scoped("whose working directory cannot be made or written", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const fs = yield* FileSystem.FileSystem
      const home = sandbox.hosts[0]?.home ?? ""
      yield* fs.writeFileString(`${home}/file`, "")
      for (const workingDirectory of ["/proc/work", "~/file", "~/file/below", "/proc"]) {
        const error = yield* failsOver(sandbox, {}, Runtime.make("host-1", { workingDirectory }))
        is(error, "RuntimeError", "WorkingDirectory")
        assert.include(error.message, workingDirectory)
        assert.include(error.hint, "workingDirectory")
      }
      for (const workingDirectory of ["a\nb", "a\tb", "a\0b"]) {
        const error = yield* failsOver(sandbox, {}, Runtime.make("host-1", { workingDirectory }))
        is(error, "RuntimeError", "WorkingDirectory")
        assert.include(error.message, JSON.stringify(workingDirectory))
      }
    }))

  it.scoped("where the guardian cannot keep its notes", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1, env: { XDG_STATE_HOME: "/proc/state" } })
      const error = yield* failsOver(sandbox, {}, Runtime.make("host-1"))
      is(error, "RuntimeError", "State")
      assert.include(error.message, "/proc/state/lazycluster")
    }))

  it.scoped("whose state directory somebody removes: who waits there is told, and all ends", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1 })
      const fs = yield* FileSystem.FileSystem
      const error = yield* on((runtime) =>
        Effect.gen(function*() {
          const service = yield* runtime.start("long", { argv: ["sleep", "1000"] })
          // In one step: a beat may come while it is emptied.
          const home = sandbox.hosts[0]?.home
          yield* fs.rename(`${home}/.local/state/lazycluster/${runtime.id}`, `${home}/removed`)
          yield* fs.remove(`${home}/removed`, { recursive: true })
          return yield* Effect.flip(service.exit)
        })
      ).pipe(Effect.scoped, Effect.provide(services(sandbox, sandbox.configFile)))
      is(error, "SshError", "LinkLost")
      assert.include(error.message, "somebody has removed")
      yield* nothingLeft(sandbox, [])
    }))

  it.scoped("without Python, where a function or an environment is wanted", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 1, python: "/nowhere/python3" })
      const called = yield* failsOver(sandbox, {}, on((runtime) => FunctionCall.call(runtime, square, { x: 2 })))
      is(called, "FunctionError", "Interpreter")
      assert.include(called.hint, "install Python 3")
      const task = RuntimeTask.make("square").pipe(RuntimeTask.runFunction(square, { x: 2 }))
      const run = yield* failsOver(sandbox, {}, on((runtime) => Runtime.execute(runtime, task)))
      is(run, "TaskError", "Function")
      assert.include(run.hint, "install Python 3")
      const environment = PythonEnvironment.make({ packages: ["toolz==1.2.0"] })
      const made = yield* failsOver(sandbox, {}, on((runtime) => PythonEnvironment.provision(environment, runtime)))
      is(made, "PythonEnvironmentError", "NoPython")
    }))

  it.scoped("where a package cannot be installed: the last lines of pip or uv are told", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const provision = (name: string) =>
        on((runtime) => PythonEnvironment.provision(PythonEnvironment.make({ packages: [name] }), runtime))
      const missing = yield* failsOver(sandbox, {}, provision("toolz==0.0.0.1"))
      is(missing, "PythonEnvironmentError", "Install")
      assert.include(missing.message, "toolz==0.0.0.1")
      assert.include(missing.message, "  | ")
      const open = yield* failsOver(sandbox, {}, provision("toolz>=1"))
      is(open, "PythonEnvironmentError", "NotPinned")
      assert.include(open.message, "toolz>=1")
    }))

  it.scoped("where a function raises: class, text and traceback come back", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const called = yield* failsOver(sandbox, {}, on((runtime) => FunctionCall.call(runtime, raising, { x: 7 })))
      is(called, "FunctionError", "Raised")
      const task = RuntimeTask.make("check").pipe(
        RuntimeTask.runCommand("true"),
        RuntimeTask.runFunction(raising, { x: 7 })
      )
      const run = yield* failsOver(sandbox, {}, on((runtime) => Runtime.execute(runtime, task)))
      is(run, "TaskError", "Function")
      for (const { message } of [called, run]) {
        assert.include(message, "ValueError")
        assert.include(message, "7 is too much")
        assert.match(message, /line 2, in check/)
      }
      assert.include(run.message, "step 1")
    }))

  it.scoped("that is given a value, or gives one, that the schema refuses", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const call = (x: number) => failsOver(sandbox, {}, on((runtime) => FunctionCall.call(runtime, square, { x })))
      const run = (x: number) =>
        failsOver(
          sandbox,
          {},
          on((runtime) => Runtime.execute(runtime, RuntimeTask.make("t").pipe(RuntimeTask.runFunction(square, { x }))))
        )
      const given = yield* call(11)
      assert.deepStrictEqual([given._tag, given.reason], ["FunctionError", "Arguments"])
      assert.match(given.message, /between 0 and 10|between\(0, 10\)/)
      const refused = yield* run(11)
      is(refused, "TaskError", "Invalid")
      const returned = yield* call(9)
      is(returned, "FunctionError", "Result")
      assert.include(returned.message, "81")
      const undecoded = yield* run(9)
      is(undecoded, "TaskError", "Function")
      assert.include(undecoded.message, "81")
    }))

  it.scoped("where a command fails, is not there, or cannot be run", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const command = (line: string) =>
        failsOver(
          sandbox,
          {},
          on((runtime) => Runtime.execute(runtime, RuntimeTask.make("t").pipe(RuntimeTask.runCommand(line))))
        )
      const failed = yield* command("echo all is lost >&2; exit 3")
      is(failed, "TaskError", "CommandFailed")
      assert.include(failed.message, "exit code 3")
      assert.include(failed.message, "  | all is lost")
      assert.include((yield* command("no-such-command")).hint, "no such command")
      assert.include((yield* command("kill -KILL $$")).message, "KILL")
    }))

  it.scoped("that is to start what no host can start: told before anything is sent, by exec and start alike", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      const commands: ReadonlyArray<readonly [string, Command]> = [
        ["an argument holds a NUL", { argv: ["echo", "a\0b"] }],
        ["the program is empty", { argv: [""] }],
        ["V holds a NUL", { argv: ["env"], env: { V: "a\0b" } }],
        ["\"A-B\" is no name", { argv: ["env"], env: { "A-B": "1" } }],
        ["\"\" is no name", { argv: ["env"], env: { "": "1" } }]
      ]
      for (const [detail, command] of commands) {
        const uses = [
          (runtime: Runtime.Runtime) => Effect.asVoid(runtime.exec(command)),
          (runtime: Runtime.Runtime) => Effect.asVoid(runtime.start("it", command))
        ]
        for (const use of uses) {
          const error = yield* failsOver(sandbox, {}, on(use))
          is(error, "SshError", "Spawn")
          assert.include(error.message, detail)
        }
      }
    }))

  it.scoped("where a file to send or get is not there", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.Sandbox
      for (
        const task of [
          RuntimeTask.make("t").pipe(RuntimeTask.sendFile("/nowhere/file")),
          RuntimeTask.make("t").pipe(RuntimeTask.getFile("no-such-file", `${sandbox.home}/got`))
        ]
      ) {
        const error = yield* failsOver(sandbox, {}, on((runtime) => Runtime.execute(runtime, task)))
        is(error, "TaskError", "FileMissing")
      }
    }))
})
