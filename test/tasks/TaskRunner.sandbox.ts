import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import * as LocalTarget from "./localTarget.ts"

const environment = Layer.provideMerge(
  TaskRunner.layer({ outputLimit: 1000 }).pipe(Layer.provide(ExecutionLog.layerNoop)),
  NodeContext.layer
)

const runHere = <R extends ReadonlyArray<unknown>>(task: RuntimeTask.RuntimeTask<R>) =>
  Effect.flatMap(Effect.orDie(LocalTarget.make), ({ target }) => TaskRunner.run(target, task))

const command = (line: string, options?: RuntimeTask.CommandOptions) =>
  RuntimeTask.make("t").pipe(RuntimeTask.runCommand(line, options))

const stdoutOf = (line: string, options?: RuntimeTask.CommandOptions) =>
  Effect.map(runHere(command(line, options)), (done) => done.executionLog[0]?.stdout)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("commands", () => {
  it.scopedLive("leave a log entry each", () =>
    Effect.gen(function*() {
      const done = yield* runHere(
        RuntimeTask.make("my-first-task").pipe(
          RuntimeTask.runCommand("echo Hello World!"),
          RuntimeTask.runCommand("pwd; echo oops >&2")
        )
      )
      assert.strictEqual(done.executionLog.length, 2)
      assert.strictEqual(done.executionLog[0]?.stdout, "Hello World!\n")
      assert.strictEqual(done.executionLog[0]?.exitCode, 0)
      assert.match(done.executionLog[1]?.stdout ?? "", /\/work\n$/)
      assert.strictEqual(done.executionLog[1]?.stderr, "oops\n")
      assert.deepStrictEqual(done.returns, [])
      assert.deepStrictEqual([done.host, done.task, done.logFile], ["host-1", "my-first-task", undefined])
    }).pipe(Effect.provide(environment)))

  it.scopedLive("are one argument of a shell, as they were written", () =>
    Effect.gen(function*() {
      const line = `A="a  b"; printf '%s|' "$A" 'it'\\''s'\nfor i in 1 2; do printf $i; done # end`
      assert.strictEqual(yield* stdoutOf(line), "a  b|it's|12")
      // A folder of PATH that may not be read makes it another sentence.
      assert.match(
        (yield* stdoutOf("-x 2>&1 || echo \"$?\"")) ?? "",
        /^sh: 1: -x: (not found|Permission denied)\n12[67]\n$/
      )
    }).pipe(Effect.provide(environment)))

  it.scopedLive("read an empty input", () =>
    Effect.map(stdoutOf("cat; echo end"), (text) => assert.strictEqual(text, "end\n")).pipe(
      Effect.provide(environment)
    ))

  it.scopedLive("see the runtime's environment, then the task's, then the step's", () =>
    Effect.gen(function*() {
      const task = RuntimeTask.make().pipe(
        RuntimeTask.withEnv({ A: "task", B: "task $HOME\n'" }),
        RuntimeTask.runCommand("printf '%s|%s|' \"$A\" \"$B\"; basename \"$WORKING_DIR\"", { env: { A: "step" } }),
        RuntimeTask.runCommand("printf '%s' \"$A\"")
      )
      const done = yield* runHere(task)
      assert.strictEqual(done.executionLog[0]?.stdout, "step|task $HOME\n'|work\n")
      assert.strictEqual(done.executionLog[1]?.stdout, "task")
    }).pipe(Effect.provide(environment)))

  it.scopedLive("keep characters whole across chunks, and the end of long output", () =>
    Effect.gen(function*() {
      const split = "printf '\\303'; sleep 0.05; printf '\\244'; printf '\\342\\202'"
      assert.strictEqual(yield* stdoutOf(split), "ä�")
      const done = yield* runHere(command("for i in $(seq 1000); do echo line-$i; done; echo short >&2"))
      const log = done.executionLog[0]
      assert.strictEqual(log?.stdout.length, 1000)
      assert.isTrue(log?.stdout.endsWith("line-999\nline-1000\n"))
      assert.deepStrictEqual(log?.dropped, { stdout: 7893, stderr: 0 })
      assert.strictEqual(log?.stderr, "short\n")
    }).pipe(Effect.provide(environment)))

  it.scopedLive("that fail end the task, with the step, the code and the last lines", () =>
    Effect.gen(function*() {
      const { target, workingDirectory } = yield* LocalTarget.make
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${workingDirectory}/here`, "")
      const task = RuntimeTask.make("three").pipe(
        RuntimeTask.getFile("here", `${workingDirectory}/there`),
        RuntimeTask.runCommand("for i in $(seq 30); do echo line-$i; done; printf '\\033[31mred' >&2; exit 3"),
        RuntimeTask.runCommand("touch later")
      )
      const error = yield* Effect.flip(TaskRunner.run(target, task))
      assert.deepInclude(error, {
        _tag: "TaskError",
        reason: "CommandFailed",
        host: "host-1",
        task: "three",
        step: 1,
        exitCode: 3,
        detail: "the command ended with exit code 3"
      })
      assert.strictEqual(error.log.length, 20)
      assert.deepStrictEqual(error.log.slice(-2), ["line-30", "red"])
      assert.isTrue(error.message.startsWith("host-1: task three, step 1, CommandFailed: the command ended"))
      assert.isFalse(yield* fs.exists(`${workingDirectory}/later`))
    }).pipe(Effect.provide(environment)))

  it.scopedLive("say what a code means", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(runHere(command("no-such-command-here")))
      assert.strictEqual(missing.exitCode, 127)
      assert.match(missing.hint ?? "", /install it/)
      const killed = yield* Effect.flip(runHere(command("kill -9 $$")))
      assert.deepInclude(killed, { exitCode: 137, detail: "SIGKILL ended the command" })
    }).pipe(Effect.provide(environment)))

  it.scopedLive("run at once from one task without sharing a log", () =>
    Effect.gen(function*() {
      const here = Effect.flatMap(LocalTarget.make, ({ target }) => TaskRunner.run(target, command("pwd")))
      const [a, b] = yield* Effect.all([here, here], { concurrency: 2 })
      assert.match(a.executionLog[0]?.stdout ?? "", /\/work\n$/)
      assert.match(b.executionLog[0]?.stdout ?? "", /\/work\n$/)
      assert.notStrictEqual(a.executionLog[0]?.stdout, b.executionLog[0]?.stdout)
    }).pipe(Effect.provide(environment)))
})

describe("a task that cannot run", () => {
  it.scopedLive("starts nothing", () =>
    Effect.gen(function*() {
      const { target, workingDirectory } = yield* LocalTarget.make
      const task = RuntimeTask.make("bad").pipe(RuntimeTask.runCommand("touch made"), RuntimeTask.runCommand(" "))
      const error = yield* Effect.flip(TaskRunner.run(target, task))
      assert.deepInclude(error, { reason: "Invalid", step: 1, detail: "step 1: the command is empty" })
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* fs.readDirectory(workingDirectory), [])
    }).pipe(Effect.provide(environment)))
})

describe("events", () => {
  it.scopedLive("come in order, the failing step's too", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const task = RuntimeTask.make("t").pipe(RuntimeTask.runCommand("echo a"), RuntimeTask.runCommand("exit 2"))
      const [events, error] = yield* TaskRunner.stream(target, task).pipe(
        Stream.map((event) => "step" in event ? `${event._tag} ${event.step}` : event._tag),
        Stream.either,
        Stream.runCollect,
        Effect.map(Chunk.toArray),
        Effect.map((all) => [
          all.flatMap((one) => one._tag === "Right" ? [one.right] : []),
          all.flatMap((one) => one._tag === "Left" ? [one.left.exitCode] : [])
        ])
      )
      assert.deepStrictEqual(error, [2])
      assert.deepStrictEqual(events, [
        "TaskStarted",
        "StepStarted 0",
        "Output 0",
        "StepEnded 0",
        "StepStarted 1",
        "StepEnded 1"
      ])
    }).pipe(Effect.provide(environment)))

  it.scopedLive("end with what `run` gives", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const last = yield* Stream.runLast(TaskRunner.stream(target, command("echo a")))
      const event = Option.getOrThrow(last)
      assert.strictEqual(event._tag === "TaskEnded" ? event.result.executionLog[0]?.stdout : "", "a\n")
    }).pipe(Effect.provide(environment)))
})

describe("interruption", () => {
  const pidOf = (text: string): number => Number(text.trim())

  it.scopedLive("of `run` ends the process", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const started = yield* Deferred.make<number>()
      const fiber = yield* TaskRunner.stream(target, command("echo $$; exec sleep 1000")).pipe(
        Stream.runForEach((event) =>
          event._tag === "Output" ? Deferred.succeed(started, pidOf(event.text)) : Effect.void
        ),
        Effect.fork
      )
      const pid = yield* Deferred.await(started)
      assert.isTrue(isAlive(pid))
      yield* Fiber.interrupt(fiber)
      assert.isFalse(isAlive(pid))
    }).pipe(Effect.provide(environment)))

  it.scopedLive("of the stream ends the process when its reader leaves", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const pid = yield* TaskRunner.stream(target, command("echo $$; exec sleep 1000")).pipe(
        Stream.filterMap((event) => event._tag === "Output" ? Option.some(pidOf(event.text)) : Option.none()),
        Stream.runHead,
        Effect.map(Option.getOrThrow)
      )
      assert.isAbove(pid, 1)
      assert.isFalse(isAlive(pid))
    }).pipe(Effect.provide(environment)))
})

describe("files", () => {
  it.scopedLive("go to the working directory and below it, and come back", () =>
    Effect.gen(function*() {
      const { directory, home, target, workingDirectory } = yield* LocalTarget.make
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${directory}/run.sh`, "#!/bin/sh\necho ran\n")
      yield* fs.chmod(`${directory}/run.sh`, 0o750)
      const task = RuntimeTask.make().pipe(
        RuntimeTask.sendFile(`${directory}/run.sh`),
        RuntimeTask.sendFile(`${directory}/run.sh`, ".hidden"),
        RuntimeTask.sendFile(`${directory}/run.sh`, "sub/deeper/"),
        RuntimeTask.sendFile(`${directory}/run.sh`, "../beside"),
        RuntimeTask.sendFile(`${directory}/run.sh`, "~/in home"),
        RuntimeTask.runCommand("./run.sh && ./.hidden && sub/deeper/run.sh && ../beside"),
        RuntimeTask.getFile("sub/deeper/run.sh", `${directory}/back/again.sh`)
      )
      const done = yield* TaskRunner.run(target, task)
      assert.strictEqual(done.executionLog[5]?.stdout, "ran\nran\nran\nran\n")
      assert.deepInclude(done.executionLog[0]?.transferred, { files: 1, bytes: 19, skipped: [] })
      assert.deepStrictEqual((yield* fs.readDirectory(workingDirectory)).sort(), [".hidden", "run.sh", "sub"])
      assert.isTrue(yield* fs.exists(`${home}/in home`))
      assert.strictEqual((yield* fs.stat(`${directory}/back/again.sh`)).mode & 0o777, 0o750)
    }).pipe(Effect.provide(environment)))

  it.scopedLive("that are folders go and come as they were chosen", () =>
    Effect.gen(function*() {
      const { directory, target, workingDirectory } = yield* LocalTarget.make
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(`${directory}/tree/empty`, { recursive: true })
      yield* fs.writeFileString(`${directory}/tree/a.txt`, "a")
      yield* fs.writeFileString(`${directory}/tree/b.pyc`, "b")
      const task = RuntimeTask.make().pipe(
        RuntimeTask.sendFile(`${directory}/tree`, "d1/d2/", { exclude: ["*.pyc"] }),
        RuntimeTask.getFile("d1/d2/tree/a.txt", `${directory}/one.txt`),
        RuntimeTask.getFile("d1", `${directory}/back`)
      )
      const done = yield* TaskRunner.run(target, task)
      const names = (path: string) => Effect.map(fs.readDirectory(path), (names) => names.sort())
      assert.deepStrictEqual(yield* names(`${workingDirectory}/d1/d2/tree`), ["a.txt", "empty"])
      assert.deepStrictEqual(yield* names(`${directory}/back/d2/tree`), ["a.txt", "empty"])
      assert.strictEqual(yield* fs.readFileString(`${directory}/one.txt`), "a")
      assert.deepStrictEqual(done.executionLog.map(({ kind, transferred }) => [kind, transferred?.files]), [
        ["SendFile", 1],
        ["GetFile", 1],
        ["GetFile", 1]
      ])
    }).pipe(Effect.provide(environment)))

  it.scopedLive("that are missing are told, with the step", () =>
    Effect.gen(function*() {
      const { directory, target } = yield* LocalTarget.make
      const send = RuntimeTask.make().pipe(
        RuntimeTask.runCommand("true"),
        RuntimeTask.sendFile(`${directory}/nothing`)
      )
      const get = RuntimeTask.make().pipe(RuntimeTask.getFile("nothing", `${directory}/x`))
      assert.deepInclude(yield* Effect.flip(TaskRunner.run(target, send)), { reason: "FileMissing", step: 1 })
      assert.deepInclude(yield* Effect.flip(TaskRunner.run(target, get)), { reason: "FileMissing", step: 0 })
    }).pipe(Effect.provide(environment)))
})

const hello = PythonFunction.make({
  source: `
    def hello(name):
        print("about to greet")
        return f"Hello {name}!"
  `,
  args: { name: Schema.String },
  returns: Schema.String
})

const divide = PythonFunction.make({
  source: "def divide(a, b):\n  return a / b",
  args: { a: Schema.Number, b: Schema.NumberFromString },
  returns: Schema.Number
})

const parsed = PythonFunction.make({
  source: "import datetime, os\ndef today(): return datetime.date(2026, 11, 22).isoformat() + os.environ.get('A', '')",
  args: {},
  returns: Schema.DateFromString
})

describe("functions", () => {
  it.scopedLive("return what their schemas say, in order, beside other steps", () =>
    Effect.gen(function*() {
      const done = yield* runHere(
        RuntimeTask.make().pipe(
          RuntimeTask.runCommand("echo a"),
          RuntimeTask.runFunction(hello, { name: "World" }),
          RuntimeTask.runCommand("echo b"),
          RuntimeTask.runFunction(parsed, {})
        )
      )
      const [greeting, date] = done.returns
      assert.strictEqual(greeting.length, 12)
      assert.strictEqual(greeting, "Hello World!")
      assert.strictEqual(date.getUTCFullYear(), 2026)
      assert.strictEqual(done.executionLog[1]?.stdout, "about to greet\n")
      assert.strictEqual(done.executionLog.length, 4)
    }).pipe(Effect.provide(environment)))

  it.scopedLive("that raise end the task with the step and the traceback", () =>
    Effect.gen(function*() {
      const task = RuntimeTask.make("t").pipe(
        RuntimeTask.runFunction(hello, { name: "you" }),
        RuntimeTask.runCommand("echo between"),
        RuntimeTask.runFunction(hello, { name: "me" }, { env: { PYTHONUTF8: "1" } }),
        RuntimeTask.runCommand("exit 4")
      )
      assert.deepInclude(yield* Effect.flip(runHere(task)), { reason: "CommandFailed", step: 3, exitCode: 4 })
      const raising = RuntimeTask.runFunction(RuntimeTask.runCommand(RuntimeTask.make(), "true"), divide, {
        a: 1,
        b: 0
      })
      const wrong = yield* Effect.flip(runHere(raising))
      assert.deepInclude(wrong, { reason: "Function", step: 1 })
      assert.deepStrictEqual(wrong.log.slice(-1), ["TypeError: unsupported operand type(s) for /: 'int' and 'str'"])
      assert.include(wrong.message, "return a / b")
    }).pipe(Effect.provide(environment)))

  it.scopedLive("whose arguments their schema refuses keep the task from starting", () =>
    Effect.gen(function*() {
      const { target, workingDirectory } = yield* LocalTarget.make
      const fs = yield* FileSystem.FileSystem
      const task = RuntimeTask.make().pipe(
        RuntimeTask.runCommand("touch made"),
        RuntimeTask.runFunction(divide, { a: Number.NaN, b: 1 })
      )
      const error = yield* Effect.flip(TaskRunner.run(target, task))
      assert.deepInclude(error, { reason: "Invalid", step: 1 })
      assert.include(error.detail, "divide, Arguments")
      assert.deepStrictEqual(yield* fs.readDirectory(workingDirectory), [])
    }).pipe(Effect.provide(environment)))

  it.scopedLive("run from JSON too, without their types", () =>
    Effect.gen(function*() {
      const task = RuntimeTask.make().pipe(
        RuntimeTask.withEnv({ A: "T00:00Z" }),
        RuntimeTask.runFunction(parsed, {})
      )
      const text = yield* Schema.encode(RuntimeTask.json)(task)
      const back = yield* Schema.decode(RuntimeTask.json)(text)
      assert.deepStrictEqual((yield* runHere(back)).returns, ["2026-11-22T00:00Z"])
    }).pipe(Effect.provide(environment)))
})

describe("the log file", () => {
  it.scopedLive("has all of the output, also of a failed task, and no environment", () =>
    Effect.gen(function*() {
      const { directory, target } = yield* LocalTarget.make
      const fs = yield* FileSystem.FileSystem
      const runner = TaskRunner.layer({ outputLimit: 10 }).pipe(
        Layer.provide(ExecutionLog.layer({ directory })),
        Layer.provide(NodeContext.layer)
      )
      const task = RuntimeTask.make("my task").pipe(
        RuntimeTask.runCommand("seq 5000; printf unfinished", { env: { TOKEN: "s3cret" } }),
        RuntimeTask.runCommand("exit 1")
      )
      const error = yield* Effect.flip(Effect.provide(TaskRunner.run(target, task), runner))
      assert.match(error.logFile ?? "", /\/execution_log\/host-1\/my%20task_\d{14}\.log$/)
      const text = yield* fs.readFileString(error.logFile ?? "")
      assert.include(text, "\n1\n2\n3\n")
      assert.include(text, "\n5000\nunfinished\n# step 0 ended after ")
      assert.match(text, /# step 1 failed after .*: the command ended with exit code 1\n$/)
      assert.notInclude(text, "s3cret")
      assert.include(error.message, `(all of it: ${error.logFile})`)
    }).pipe(Effect.provide(environment)))
})
