/** What tasks and runtimes promise, on hosts of every kind. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskResult from "../../src/tasks/TaskResult.ts"
import { eventually } from "../patience.ts"
import { Hosts, type Scenarios, services } from "./Hosts.ts"

const first = Effect.flatMap(Hosts, ({ names: [host] }) => Runtime.make(host))

const command = (line: string, name?: string) => RuntimeTask.make(name).pipe(RuntimeTask.runCommand(line))

const upper = PythonFunction.make({
  source: `
    def upper(name, to):
        lines = open(name).read().upper().splitlines()
        open(to, "w").write("\\n".join(lines) + "\\n")
        return len(lines)
  `,
  args: { name: Schema.String, to: Schema.String },
  returns: Schema.Int
})

const size = PythonFunction.make({
  source: "def size(name):\n    import os\n    return [name, os.path.getsize(name)]",
  args: { name: Schema.String },
  returns: Schema.Tuple(Schema.String, Schema.Int)
})

export const runtimePromises: Scenarios = {
  "a table is sent, changed by a function of Python, and comes back; returns are in order": Effect.gen(function*() {
    const { here } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(`${here}/table.csv`, "name;fruit\nann;pear\nbob;fig\n")
    const task = RuntimeTask.make("table").pipe(
      RuntimeTask.sendFile(`${here}/table.csv`, "in/table.csv"),
      RuntimeTask.runFunction(upper, { name: "in/table.csv", to: "table.csv" }),
      RuntimeTask.runFunction(size, { name: "table.csv" }),
      RuntimeTask.getFile("table.csv", `${here}/back.csv`)
    )
    const done = yield* Runtime.execute(yield* first, task)
    assert.strictEqual(yield* fs.readFileString(`${here}/back.csv`), "NAME;FRUIT\nANN;PEAR\nBOB;FIG\n")
    assert.deepStrictEqual(done.returns, [3, ["table.csv", 28]])
    assert.deepStrictEqual(done.executionLog.map(({ kind }) => kind), task.steps.map(({ _tag }) => _tag))
  }),

  "each step has its log, standard output and error apart; a step that fails ends the task and is told": Effect.gen(
    function*() {
      const { outside } = yield* Hosts
      const fs = yield* FileSystem.FileSystem
      const runtime = yield* first
      const task = command("echo out; echo err >&2", "told")
      const done = yield* Runtime.execute(runtime, task)
      assert.deepInclude(done.executionLog[0], { step: 0, stdout: "out\n", stderr: "err\n", exitCode: 0 })
      assert.isTrue(Duration.greaterThan(done.executionLog[0]?.duration ?? 0, 0))
      assert.match(
        TaskResult.render(done),
        /^Log of task told on \S+:\n {2}0: .*\(exit code 0, .*\)\n.*\| out\n.*! err$/
      )
      const failing = task.pipe(
        RuntimeTask.runCommand("seq 100; echo at last >&2; exit 7"),
        RuntimeTask.runCommand("touch went-on")
      )
      const error = yield* Effect.flip(Runtime.execute(runtime, failing))
      assert.deepInclude(error, { reason: "CommandFailed", host: done.host, task: "told", step: 1, exitCode: 7 })
      assert.isAtLeast(error.log.length, 2)
      assert.include(error.log, "at last")
      const lines = (yield* fs.readFileString(error.logFile ?? "")).split("\n")
      for (const line of ["out", "1", "50", "100", "at last"]) assert.isTrue(lines.some((one) => one.endsWith(line)))
      assert.notInclude(yield* outside(0, ["ls", runtime.workingDirectory]), "went-on")
    }
  ),

  "a temporary directory goes with the runtime and all that is in it; one that was given stays": Effect.gen(
    function*() {
      const { names: [host], outside } = yield* Hosts
      const there = (path: string) =>
        Effect.map(outside(0, ["sh", "-c", `ls -A ${path} 2>&1; true`]), (text) => text.trim())
      const write = command("mkdir -p deep && touch deep/file && chmod 500 deep", "write")
      const scope = yield* Scope.make()
      const passing = yield* Scope.extend(Runtime.make(host), scope)
      const given = yield* Scope.extend(Runtime.make(host, { workingDirectory: "~/kept/below" }), scope)
      assert.notStrictEqual(passing.workingDirectory, given.workingDirectory)
      for (const runtime of [passing, given]) {
        yield* Runtime.execute(runtime, write)
        assert.strictEqual(yield* there(`${runtime.workingDirectory}/deep`), "file")
      }
      yield* Scope.close(scope, Exit.void)
      assert.match(yield* there(passing.workingDirectory), /No such file/)
      assert.strictEqual(yield* there("~/kept/below/deep"), "file")
    }
  ),

  "the environment has WORKING_DIR whatever is added, replaced or told to a task": Effect.gen(function*() {
    const { names: [host] } = yield* Hosts
    const runtime = yield* Runtime.make(host, { environment: { A: "of the runtime", B: "of the runtime" } })
    const show = command(`printf '%s|' "\${A-none}" "\${B-none}" "$WORKING_DIR"`, "show")
    const printed = (self: Runtime.Runtime, task: RuntimeTask.RuntimeTask = show) =>
      Effect.map(Runtime.execute(self, task), ({ executionLog }) => executionLog[0]?.stdout)
    const home = runtime.workingDirectory
    assert.strictEqual(yield* printed(runtime), `of the runtime|of the runtime|${home}|`)
    const odd = "two words; $HOME 'quoted'\n\\"
    assert.strictEqual(yield* printed(Runtime.withEnvironment(runtime, { B: odd })), `of the runtime|${odd}|${home}|`)
    assert.strictEqual(yield* printed(Runtime.replaceEnvironment(runtime, { B: "only" })), `none|only|${home}|`)
    assert.strictEqual(
      yield* printed(runtime, RuntimeTask.withEnv(show, { A: "of the task" })),
      `of the task|of the runtime|${home}|`
    )
    assert.strictEqual(yield* printed(runtime), `of the runtime|of the runtime|${home}|`)
  }),

  "tasks in the background: results in order of start, servers left out, one ended by hand": Effect.gen(function*() {
    const { outside } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    const runtime = yield* first
    const dir = runtime.workingDirectory
    const pidIn = (file: string) =>
      eventually(Effect.filterOrFail(outside(0, ["cat", `${dir}/${file}`]), (text) => text.endsWith("\n")))
    const lives = (pid: string) =>
      Effect.map(
        outside(0, ["sh", "-c", `kill -0 ${pid.trim()} 2>/dev/null && echo yes || echo no`]),
        (text) => text === "yes\n"
      )
    const server = yield* Runtime.fork(
      runtime,
      RuntimeTask.omitOnJoin(command("echo $$ > server; exec sleep 1000", "server"))
    )
    const slow = yield* Runtime.fork(
      runtime,
      command("echo begun; until test -e go; do sleep 0.05; done; echo slow", "slow")
    )
    yield* Runtime.fork(runtime, command("echo fast", "fast"))
    const stopped = yield* Runtime.fork(runtime, command("echo $$ > stopped; exec sleep 1000", "stopped"))
    const [serverPid, stoppedPid] = [yield* pidIn("server"), yield* pidIn("stopped")]
    assert.isTrue(Option.isNone(yield* slow.poll))
    // Its file is known, and written, while it runs.
    const file = (yield* slow.logFile) ?? ""
    yield* eventually(Effect.filterOrFail(fs.readFileString(file), (text) => text.includes("begun\n")))
    yield* stopped.interrupt
    assert.isFalse(yield* lives(stoppedPid))
    yield* outside(0, ["touch", `${dir}/go`])
    const results = yield* Runtime.join(runtime)
    assert.deepStrictEqual(results.map(({ executionLog }) => executionLog[0]?.stdout), ["begun\nslow\n", "fast\n"])
    assert.isTrue(Option.isNone(yield* server.poll))
    assert.isTrue(yield* lives(serverPid))
    assert.strictEqual(yield* Runtime.running(runtime), 1)
  }),

  "directories of a host are made, found and removed, and temporary ones go": Effect.gen(function*() {
    const { outside } = yield* Hosts
    const runtime = yield* first
    const isThere = (path: string) =>
      Effect.map(outside(0, ["sh", "-c", `test -d "$0" && echo yes || echo no`, path]), (text) => text === "yes\n")
    const made = yield* Runtime.createDirectory(runtime, "a b/c; d/$e")
    assert.strictEqual(made, `${runtime.workingDirectory}/a b/c; d/$e`)
    assert.isTrue(yield* isThere(made))
    assert.strictEqual(yield* Runtime.createDirectory(runtime, "a b/c; d/$e"), made)
    assert.isTrue(yield* Runtime.removeDirectory(runtime, "a b"))
    assert.isFalse(yield* isThere(`${runtime.workingDirectory}/a b`))
    assert.isFalse(yield* Runtime.removeDirectory(runtime, "a b"))
    const passing = yield* Effect.scoped(
      Effect.tap(
        Runtime.temporaryDirectory(runtime),
        (path) => Effect.map(isThere(path), (there) => assert.isTrue(there))
      )
    )
    assert.isFalse(yield* isThere(passing))
  }),

  "folders go and come relative to the working directory, absolute paths and ~ as they stand": Effect.gen(function*() {
    const { here, outside } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(`${here}/folder/sub/empty`, { recursive: true })
    yield* fs.writeFileString(`${here}/folder/sub/run.sh`, "echo ran\n", { mode: 0o751 })
    const runtime = yield* first
    const task = RuntimeTask.make("folders").pipe(
      RuntimeTask.sendFile(`${here}/folder`, ".hidden/folder"),
      RuntimeTask.sendFile(`${here}/folder`, "~/at home"),
      RuntimeTask.sendFile(`${here}/folder/sub/run.sh`, `${runtime.workingDirectory}/absolute.sh`),
      RuntimeTask.runCommand(`./absolute.sh; sh .hidden/folder/sub/run.sh; sh ~/"at home/sub/run.sh"`),
      RuntimeTask.getFile(".hidden/folder/sub", `${here}/back`)
    )
    const done = yield* Runtime.execute(runtime, task)
    assert.strictEqual(done.executionLog[3]?.stdout, "ran\nran\nran\n")
    assert.strictEqual(yield* outside(0, ["stat", "-c", "%a", `${runtime.workingDirectory}/absolute.sh`]), "751\n")
    assert.deepStrictEqual((yield* fs.readDirectory(`${here}/back`)).toSorted(), ["empty", "run.sh"])
    assert.strictEqual(yield* fs.readFileString(`${here}/back/run.sh`), "echo ran\n")
    yield* outside(0, ["sh", "-c", "rm -r ~/\"at home\""])
  }),

  "output is in a file by host, task and time, and on the manager while it is printed": Effect.gen(function*() {
    const { here, names: [host] } = yield* Hosts
    const fs = yield* FileSystem.FileSystem
    const told = yield* Ref.make<ReadonlyArray<string>>([])
    const done = yield* Effect.flatMap(Runtime.make(host), (runtime) =>
      Effect.gen(function*() {
        const forked = yield* Runtime.fork(
          runtime,
          command("echo one; until test -e go; do sleep 0.05; done; echo two", "live")
        )
        yield* eventually(Effect.filterOrFail(Ref.get(told), (lines) => lines.includes(`${host} | one`)))
        assert.notInclude(yield* Ref.get(told), `${host} | two`)
        yield* Runtime.execute(runtime, command("touch go"))
        return yield* forked.result
      })).pipe(
        Effect.scoped,
        Effect.provide(services({ live: (line) => Ref.update(told, (all) => [...all, line]) }))
      )
    assert.deepStrictEqual(yield* Ref.get(told), [`${host} | one`, `${host} | two`])
    const file = done.logFile ?? ""
    assert.isTrue(file.startsWith(`${here}/main/execution_log/${host}/live_`), file)
    assert.match(file, /_\d{14}\.log$/)
    assert.include(yield* fs.readFileString(file), "one")
  })
}
