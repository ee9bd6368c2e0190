/** What the tests of the Python original show, each on real hosts: six of tasks, five of hosts. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as RuntimeManager from "../../src/runtimes/RuntimeManager.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import { Hosts, type Scenarios } from "./Hosts.ts"

const first = Effect.flatMap(Hosts, ({ names: [host] }) => Runtime.make(host))

const aliases = (group: RuntimeGroup.RuntimeGroup) => group.runtimes.map(({ host }) => host.alias)

export const originalTests: Scenarios = {
  "a task has the name that it is given, no steps, and nothing in its log": Effect.gen(function*() {
    const task = RuntimeTask.make("test-task")
    assert.strictEqual(task.name, "test-task")
    assert.deepStrictEqual(task.steps, [])
    const done = yield* Runtime.execute(yield* first, task)
    assert.deepInclude(done, { task: "test-task", executionLog: [], returns: [] })
  }),

  "a task that is given no name has one": Effect.gen(function*() {
    const task = RuntimeTask.make()
    assert.isAbove(task.name.length, 0)
    assert.strictEqual((yield* Runtime.execute(yield* first, task)).task, task.name)
  }),

  "a command is one step, and one entry of the log": Effect.gen(function*() {
    const task = RuntimeTask.make("one").pipe(RuntimeTask.runCommand("echo 'Test Execution'"))
    assert.deepStrictEqual(task.steps.map(({ _tag }) => _tag), ["RunCommand"])
    const { executionLog } = yield* Runtime.execute(yield* first, task)
    assert.deepStrictEqual(executionLog.map(({ kind, stdout }) => [kind, stdout]), [["RunCommand", "Test Execution\n"]])
  }),

  "an empty command is refused, and then nothing is run": Effect.gen(function*() {
    const { outside } = yield* Hosts
    const task = RuntimeTask.make("empty").pipe(RuntimeTask.runCommand("touch ~/ran"), RuntimeTask.runCommand(""))
    const error = yield* Effect.flip(Runtime.execute(yield* first, task))
    assert.deepInclude(error, { reason: "Invalid", step: 1 })
    assert.strictEqual(yield* outside(0, ["sh", "-c", "ls ~ | grep -cx ran || true"]), "0\n")
  }),

  "a file to be sent is one step, and need not exist before": Effect.gen(function*() {
    const { here } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    const file = `${here}/sent-later.txt`
    const task = RuntimeTask.make("send").pipe(RuntimeTask.sendFile(file))
    assert.deepStrictEqual(task.steps.map(({ _tag }) => _tag), ["SendFile"])
    const runtime = yield* first
    assert.deepInclude(yield* Effect.flip(Runtime.execute(runtime, task)), { reason: "FileMissing", step: 0 })
    yield* fs.writeFileString(file, "here now\n")
    const { executionLog } = yield* Runtime.execute(runtime, task)
    assert.strictEqual(executionLog[0]?.transferred?.bytes, 9)
    assert.strictEqual(
      yield* (yield* Hosts).outside(0, ["cat", `${runtime.workingDirectory}/sent-later.txt`]),
      "here now\n"
    )
  }),

  "a file to get is one step, and need not exist before": Effect.gen(function*() {
    const { here } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    const task = RuntimeTask.make("get").pipe(RuntimeTask.getFile("./test.txt", `${here}/got.txt`))
    assert.deepStrictEqual(task.steps.map(({ _tag }) => _tag), ["GetFile"])
    const runtime = yield* first
    assert.deepInclude(yield* Effect.flip(Runtime.execute(runtime, task)), { reason: "FileMissing", step: 0 })
    const written = RuntimeTask.make("write").pipe(RuntimeTask.runCommand("echo of the host > test.txt"))
    yield* Runtime.execute(runtime, RuntimeTask.concat(written, task))
    assert.strictEqual(yield* fs.readFileString(`${here}/got.txt`), "of the host\n")
  }),

  "each alias of the ssh config leads to its own host": Effect.gen(function*() {
    const { names, outside } = yield* Hosts
    for (const [index, name] of names.entries()) {
      yield* outside(index, ["sh", "-c", `echo ${name} > ~/name`])
    }
    const name = RuntimeTask.make("name").pipe(RuntimeTask.runCommand("cat ~/name"))
    for (const host of names) {
      const done = yield* Runtime.execute(yield* Runtime.make(host), name)
      assert.deepInclude(done.executionLog[0], { stdout: `${host}\n`, stderr: "" })
    }
  }),

  "a host echoes what it is told": Effect.gen(function*() {
    const { names } = yield* Hosts
    const text = `Hello Runtime ${names[1]}`
    assert.strictEqual(yield* Runtime.echo(yield* Runtime.make(names[1]), text), text)
  }),

  "a task runs in the working directory that the runtime was given, and that stays": Effect.gen(function*() {
    const { names, outside } = yield* Hosts
    const before = yield* outside(0, ["stat", "-c", "%i", "/etc"])
    yield* Effect.scoped(Effect.gen(function*() {
      const runtime = yield* Runtime.make(names[0], { workingDirectory: "/etc" })
      assert.strictEqual(runtime.workingDirectory, "/etc")
      // A shell expands what a task says; `echo` says it as it is.
      assert.strictEqual(yield* Runtime.echo(runtime, "${PWD}"), "${PWD}")
      const task = RuntimeTask.make("get-working-dir").pipe(RuntimeTask.runCommand("echo ${PWD} $WORKING_DIR"))
      const { executionLog } = yield* Runtime.execute(runtime, task)
      assert.strictEqual(executionLog[0]?.stdout, "/etc /etc\n")
    }))
    assert.strictEqual(yield* outside(0, ["stat", "-c", "%i", "/etc"]), before)
  }),

  "a group of hosts has a runtime for each": Effect.gen(function*() {
    const { names } = yield* Hosts
    const group = yield* RuntimeGroup.make(names)
    assert.deepStrictEqual(aliases(group), [...names])
    for (const name of names) assert.isTrue(RuntimeGroup.contains(group, name))
    const answers = yield* RuntimeGroup.onEach(group, (runtime) => Runtime.echo(runtime, runtime.host.alias))
    assert.deepStrictEqual(yield* Effect.forEach(answers, ({ result }) => result), [...names])
  }),

  "the manager finds the hosts in the ssh config": Effect.gen(function*() {
    const { names } = yield* Hosts
    const group = yield* RuntimeManager.createGroup()
    assert.includeMembers(aliases(group), [...names])
    assert.deepStrictEqual(group.inactive, [])
  })
}
