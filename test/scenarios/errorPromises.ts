/** What stands for each of the original's exceptions, as it comes from hosts of every kind. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Expose from "../../src/runtimes/Expose.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../../src/runtimes/RuntimeManager.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import { greeter } from "./greeter.ts"
import { Hosts, type Scenarios, services } from "./Hosts.ts"

const first = Effect.flatMap(Hosts, ({ names: [host] }) => Runtime.make(host))

/** Whatever its tag, it says what, where, and what to do. */
const explained = (
  error: { readonly message: string; readonly hint?: string | undefined },
  ...parts: ReadonlyArray<string>
) => {
  for (const part of parts) assert.include(error.message, part)
  assert.isAbove((error.hint ?? "").length, 10, error.message)
}

export const errorPromises: Scenarios = {
  "for TaskExecutionError: step, task, host, file and output": Effect.gen(function*() {
    const { names: [host] } = yield* Hosts
    const task = RuntimeTask.make("bad").pipe(
      RuntimeTask.runCommand("true"),
      RuntimeTask.runCommand("echo why; exit 3")
    )
    const error = yield* Effect.flip(Runtime.execute(yield* first, task))
    assert.deepInclude(error, { _tag: "TaskError", reason: "CommandFailed", host, task: "bad", step: 1, exitCode: 3 })
    assert.include(error.message, "why")
    assert.include(error.message, error.logFile ?? "no file")
  }),

  "for InvalidRuntimeError: which host, and why it cannot be used": Effect.gen(function*() {
    const error = yield* Effect.flip(Runtime.make("nowhere.invalid"))
    assert.deepInclude(error, { _tag: "SshError", reason: "NameUnknown", host: "nowhere.invalid" })
    explained(error, "nowhere.invalid")
  }),

  "for NoRuntimesDetectedError: each host, and why": Effect.gen(function*() {
    const { here } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(`${here}/only-gone`, "Host gone\n  HostName nowhere.invalid\n", { mode: 0o600 })
    const error = yield* Effect.flip(
      RuntimeManager.createGroup().pipe(Effect.scoped, Effect.provide(services({ configFile: `${here}/only-gone` })))
    )
    assert.deepInclude(error, { _tag: "GroupError", reason: "NoHosts", wanted: 1, succeeded: [] })
    explained(error, "gone", "NameUnknown")
  }),

  "for PortInUseError and NoPortsLeftError: the host that listens, the numbers, and nothing stays bound": Effect.gen(
    function*() {
      const { names } = yield* Hosts
      const group = yield* RuntimeGroup.make(names)
      const [one] = group.runtimes
      assert.isDefined(one)
      if (one === undefined) return
      const port = yield* greeter(one, "taken")
      const taken = yield* Effect.flip(Expose.toRuntime(one, 10, { at: port }))
      assert.deepInclude(taken, { _tag: "SshError", reason: "PortInUse", host: one.host.alias })
      explained(taken, String(port), "python3")
      const none = yield* Effect.flip(Expose.toGroup(group, 10, { at: [port, port] }))
      assert.deepInclude(none, { _tag: "ExposeError", reason: "NoPort" })
      explained(none, String(port))
      // Others of this machine may take one meanwhile.
      const free = yield* Runtime.freePorts(one, 3)
      const all = yield* Expose.toGroup(group, 10, { at: [port, ...free] })
      assert.include(free, all.port)
    }
  ),

  "for PathCreationError: the host, the path and what the host said": Effect.gen(function*() {
    const { names: [host] } = yield* Hosts
    const error = yield* Effect.flip(Runtime.make(host, { workingDirectory: "/proc/no/such" }))
    assert.deepInclude(error, { _tag: "RuntimeError", reason: "WorkingDirectory", host })
    explained(error, "/proc/no/such")
    const runtime = yield* Runtime.make(host)
    const later = yield* Effect.flip(Runtime.createDirectory(runtime, "/proc/no/such"))
    assert.deepInclude(later, { _tag: "SshError", reason: "Transfer", host })
    assert.include(later.message, "/proc/no")
    assert.include(later.message, "ls -ld")
  })
}
