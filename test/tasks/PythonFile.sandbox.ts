/** Functions of local Python files, and what Python functions report. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as FunctionCall from "../../src/tasks/FunctionCall.ts"
import { FunctionError } from "../../src/tasks/FunctionError.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import type { TaskTarget } from "../../src/tasks/TaskTarget.ts"
import * as LocalPython from "../services/localPython.ts"
import * as LocalTarget from "./localTarget.ts"

const files = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    yield* Effect.forEach(Object.entries(files), ([name, text]) => fs.writeFileString(`${directory}/${name}`, text))
    return directory
  })

const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(Effect.flip, Effect.filterOrDie((error) => error instanceof FunctionError, (error) => error))

describe("a function of a file", () => {
  it.scopedLive("travels with the modules beside it that it imports", () =>
    Effect.gen(function*() {
      const directory = yield* files({
        "job.py":
          "import os, first\nfrom second import LAST as last\nimport json\ndef run(x): return [first.twice(x), last, json.dumps(x)]\n",
        "first.py": "import second\ndef twice(x): return second.FACTOR * x\n",
        // Imports what imports it, as Python allows.
        "second.py": "import first\nFACTOR = 2\nLAST = 'last'\n",
        "third.py": "raise Exception('nobody asked for this')\n"
      })
      const run = yield* PythonFunction.fromFile({
        file: `${directory}/job.py`,
        name: "run",
        args: { x: Schema.Number },
        returns: Schema.Unknown
      })
      assert.deepStrictEqual(Object.keys(run.code.modules ?? {}).sort(), ["first", "second"])
      const { target } = yield* LocalTarget.make
      assert.deepStrictEqual(yield* FunctionCall.call(target, run, { x: 21 }), [42, "last", "21"])
      // The text is in the task: the file may be gone by then, and the manager another.
      const text = yield* Schema.encode(RuntimeTask.json)(RuntimeTask.runFunction(RuntimeTask.make(), run, { x: 1 }))
      assert.isTrue(Equal.equals(
        yield* Schema.decode(RuntimeTask.json)(text),
        RuntimeTask.runFunction(RuntimeTask.make(), run, { x: 1 })
      ))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("gives threads that import at once the whole of a module", () =>
    Effect.gen(function*() {
      const directory = yield* files({
        "job.py": `
import threading
def run():
    seen = []
    def look():
        import slow
        seen.append(hasattr(slow, "LAST"))
    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return seen
`,
        "slow.py": "import time\ntime.sleep(0.2)\nLAST = 1\n"
      })
      const run = yield* PythonFunction.fromFile({
        file: `${directory}/job.py`,
        name: "run",
        args: {},
        returns: Schema.Array(Schema.Boolean)
      })
      const { target } = yield* LocalTarget.make
      assert.deepStrictEqual(yield* FunctionCall.call(target, run, {}), Array.from({ length: 8 }, () => true))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is named in tracebacks, with its lines, and so are its modules", () =>
    Effect.gen(function*() {
      const directory = yield* files({
        "job.py": "import helper\n\ndef run(): helper.fail()\n",
        "helper.py": "def fail():\n    raise ValueError('no')\n"
      })
      const run = yield* PythonFunction.fromFile({
        file: `${directory}/job.py`,
        name: "run",
        args: {},
        returns: Schema.Void
      })
      const { target } = yield* LocalTarget.make
      const error = yield* failure(FunctionCall.call(target, run, {}))
      assert.deepStrictEqual(
        // Newer ones mark the place with carets.
        error.traceback?.split("\n").filter((line) => !/^ +[~^]+$/.test(line)),
        [
          "Traceback (most recent call last):",
          `  File "${directory}/job.py", line 3, in run`,
          "    def run(): helper.fail()",
          `  File "${directory}/helper.py", line 2, in fail`,
          "    raise ValueError('no')",
          "ValueError: no",
          ""
        ]
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("that is not there, or defines no such function, is told", () =>
    Effect.gen(function*() {
      const directory = yield* files({ "job.py": "x = 1\n" })
      const of = (file: string) =>
        PythonFunction.fromFile({ file: `${directory}/${file}`, name: "run", args: {}, returns: Schema.Void })
      const missing = yield* failure(of("nothing.py"))
      assert.deepInclude(missing, { reason: "Source", step: "read", function: "run" })
      assert.include(missing.message, `${directory}/nothing.py`)
      const { target } = yield* LocalTarget.make
      const none = yield* failure(Effect.flatMap(of("job.py"), (run) => FunctionCall.call(target, run, {})))
      assert.deepInclude(none, { reason: "Source", detail: "the source defines no function run" })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("runs with the packages of its requirements", () =>
    Effect.gen(function*() {
      const directory = yield* files({
        "job.py": "import toolz\ndef run(): return toolz.__version__\n",
        "requirements.txt": "# what it needs\ntoolz==1.0.0  # exactly\n\n"
      })
      const run = yield* PythonFunction.fromFile({
        file: `${directory}/job.py`,
        name: "run",
        requirements: `${directory}/requirements.txt`,
        args: {},
        returns: Schema.String
      })
      const python = yield* LocalPython.make("host-1")
      const { target } = yield* LocalTarget.make
      const here = { ...target, facts: python.facts }
      assert.strictEqual(yield* FunctionCall.call(here, run, {}), "1.0.0")
      const open = PythonFunction.make({
        source: "def f(): pass",
        requirements: ["toolz"],
        args: {},
        returns: Schema.Void
      })
      const error = yield* failure(FunctionCall.call(here, open, {}))
      assert.deepInclude(error, { reason: "Environment", function: "f" })
      assert.include(error.detail, "NotPinned")
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("an environment", () => {
  const here = TaskRunner.layer().pipe(Layer.provide(ExecutionLog.layerNoop), Layer.provideMerge(NodeContext.layer))

  it.scopedLive("is looked for once by a runner, and again after it has gone", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const python = yield* LocalPython.make("host-1")
      const { target } = yield* LocalTarget.make
      const started = yield* Ref.make<ReadonlyArray<string>>([])
      const counted: TaskTarget = {
        ...target,
        facts: python.facts,
        python: (program, words, options) =>
          // A shell says 127 for what is not there, as a Runtime does; a child process cannot.
          Ref.update(started, (all) => [...all, program.name]).pipe(Effect.zipRight(
            options?.python === undefined || options.python === "python3" || existsSync(options.python)
              ? target.python(program, words, options)
              : target.exec({ argv: ["sh", "-c", `exec ${options.python}`] })
          ))
      }
      const prefix = PythonFunction.make({
        source: "import sys\ndef prefix(): return sys.prefix",
        requirements: ["toolz==1.0.0"],
        args: {},
        returns: Schema.String
      })
      const task = RuntimeTask.make().pipe(
        RuntimeTask.runFunction(prefix, {}),
        RuntimeTask.runFunction(prefix, {})
      )
      const { returns } = yield* TaskRunner.run(counted, task)
      assert.strictEqual(returns[0], returns[1])
      assert.deepStrictEqual(yield* Ref.get(started), ["environment", "function", "function"])
      yield* fs.remove(returns[0], { recursive: true })
      assert.deepInclude(yield* Effect.flip(TaskRunner.run(counted, task)), { reason: "Function", step: 0 })
      assert.deepStrictEqual((yield* TaskRunner.run(counted, task)).returns, returns)
    }).pipe(Effect.provide(here)))
})

const counting = PythonFunction.make({
  source: `
    import os, sys
    def count(n, size=1):
        for i in range(n):
            print("at", i)
            lazycluster.report({"done": i, "text": "ä" * size})
        return n
  `,
  args: { n: Schema.Int, size: Schema.optional(Schema.Int) },
  returns: Schema.Int,
  progress: Schema.Struct({ done: Schema.Int, text: Schema.String })
})

describe("reports", () => {
  it.scopedLive("come in order, also long ones, beside what is printed", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const events = yield* Stream.runCollect(FunctionCall.stream(target, counting, { n: 200, size: 5000 }))
      const reports = Array.from(events).flatMap((event) => event._tag === "Reported" ? [event.value] : [])
      assert.deepStrictEqual(reports.map(({ done }) => done), Array.from({ length: 200 }, (_, i) => i))
      assert.isTrue(reports.every(({ text }) => text === "ä".repeat(5000)))
      const printed = Array.from(events).flatMap((event) => event._tag === "Output" ? [event.text] : []).join("")
      assert.strictEqual(printed, Array.from({ length: 200 }, (_, i) => `at ${i}\n`).join(""))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("come as they happen: leaving after the first ends the function", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const forever = PythonFunction.make({
        source: "import os, time\ndef f():\n  lazycluster.report(os.getpid())\n  time.sleep(1000)",
        args: {},
        returns: Schema.Void,
        progress: Schema.Int
      })
      const [pid] = Chunk.toArray(
        yield* Stream.runCollect(Stream.take(FunctionCall.progress(target, forever, {}), 1))
      )
      const fs = yield* FileSystem.FileSystem
      assert.isAbove(pid ?? 0, 1)
      assert.isFalse(yield* fs.exists(`/proc/${pid}`))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("come from threads and forked processes whole", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const many = PythonFunction.make({
        source: `
          import multiprocessing, threading, lazycluster
          def tell(who):
              for i in range(50):
                  lazycluster.report(who + "x" * 9000)
          def f():
              workers = [multiprocessing.get_context("fork").Process(target=tell, args=("p%d" % i,)) for i in range(3)]
              for each in workers: each.start()
              workers += [threading.Thread(target=tell, args=("t%d" % i,)) for i in range(3)]
              for each in workers[3:]: each.start()
              for each in workers: each.join()
        `,
        args: {},
        returns: Schema.Void,
        progress: Schema.String
      })
      const all = Chunk.toArray(yield* Stream.runCollect(FunctionCall.progress(target, many, {})))
      assert.strictEqual(all.length, 300)
      const whole = all.filter((text) => /^[pt][012]x+$/.test(text) && text.length === 9002)
      assert.strictEqual(whole.length, 300)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("come from a child that was forked while a thread reports", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const f = PythonFunction.make({
        source: `
          import os, threading
          def f():
              stop = threading.Event()
              def talk():
                  while not stop.is_set():
                      lazycluster.report("x" * 500000)
              thread = threading.Thread(target=talk)
              thread.start()
              lazycluster.report("first")
              children = []
              for _ in range(20):
                  child = os.fork()
                  if child == 0:
                      lazycluster.report("child")
                      os._exit(0)
                  children.append(child)
              for child in children:
                  os.waitpid(child, 0)
              stop.set()
              thread.join()
        `,
        args: {},
        returns: Schema.Void,
        progress: Schema.String
      })
      const children = yield* Stream.runCount(
        Stream.filter(FunctionCall.progress(target, f, {}), (text) => text === "child")
      )
      assert.strictEqual(children, 20)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("that JSON cannot say raise where they are made; those that their schema refuses end the call", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const bad = PythonFunction.make({
        source: "def f(): lazycluster.report({1, 2})",
        args: {},
        returns: Schema.Void
      })
      assert.deepInclude(yield* failure(FunctionCall.call(target, bad, {})), {
        reason: "Raised",
        exception: "ValueError",
        detail: "lazycluster.report: a value of type set is not JSON"
      })
      const wrong = PythonFunction.make({
        source: "def f(): lazycluster.report('x')",
        args: {},
        returns: Schema.Void,
        progress: Schema.Number
      })
      const error = yield* failure(FunctionCall.call(target, wrong, {}))
      assert.deepInclude(error, { reason: "Progress", function: "f", host: "host-1" })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("are typed", () =>
    Effect.gen(function*() {
      const { target } = yield* LocalTarget.make
      const first = yield* Stream.runHead(FunctionCall.progress(target, counting, { n: 1 }))
      assert.strictEqual(first._tag === "Some" ? first.value.done.toFixed(1) : "", "0.0")
    }).pipe(Effect.provide(NodeContext.layer)))
})
