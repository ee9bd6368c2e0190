import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Hash from "effect/Hash"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as JsFunction from "../../src/tasks/JsFunction.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskStep from "../../src/tasks/TaskStep.ts"

const hello = PythonFunction.make({
  source: "def hello(name): return f'Hello {name}!'",
  args: { name: Schema.String },
  returns: Schema.String
})

const four = RuntimeTask.make("four").pipe(
  RuntimeTask.withEnv({ TOKEN: "s3cret" }),
  RuntimeTask.runCommand("echo Hello World!", { env: { OTHER: "hidden" } }),
  RuntimeTask.sendFile("./a b.csv", "data/"),
  RuntimeTask.getFile("out.txt"),
  RuntimeTask.runFunction(hello, { name: "World" })
)

const anyArgs = FastCheck.dictionary(
  FastCheck.string(),
  // Integers beyond 2^53 are refused on purpose.
  FastCheck.jsonValue().filter((value) => !/\d{16,}/.test(JSON.stringify(value)))
).map((args) => JSON.stringify(args))

/** `__proto__` is a problem of a task, see below. */
const anyEnv = FastCheck.dictionary(FastCheck.string().filter((name) => name !== "__proto__"), FastCheck.string())

const anyStep: FastCheck.Arbitrary<TaskStep.TaskStep> = FastCheck.oneof(
  FastCheck.record({ _tag: FastCheck.constant("RunCommand" as const), command: FastCheck.string(), env: anyEnv }),
  Arbitrary.make(TaskStep.SendFile),
  Arbitrary.make(TaskStep.GetFile),
  FastCheck.record({
    _tag: FastCheck.constant("RunFunction" as const),
    name: FastCheck.string(),
    code: FastCheck.oneof(
      FastCheck.record({ _tag: FastCheck.constant("Python" as const), source: FastCheck.string() }),
      FastCheck.record({ _tag: FastCheck.constant("JavaScript" as const), module: FastCheck.string() })
    ),
    args: anyArgs,
    env: anyEnv
  })
)

const anyTask = FastCheck.record({
  name: FastCheck.string(),
  env: anyEnv,
  omitOnJoin: FastCheck.boolean(),
  steps: FastCheck.array(anyStep, { maxLength: 6 })
}).map((fields) => new RuntimeTask.RuntimeTask(fields))

describe("a task", () => {
  it("reads as a plan without values of the environment", () => {
    assert.strictEqual(
      RuntimeTask.render(four),
      [
        "task four (env: TOKEN)",
        "  0 run echo Hello World! (env: OTHER)",
        "  1 send ./a b.csv to data/",
        "  2 get out.txt",
        `  3 call hello({"name":"World"})`
      ].join("\n")
    )
    assert.strictEqual(String(four), RuntimeTask.render(four))
  })

  it("shows no arguments of a function that takes a secret", () => {
    const login = PythonFunction.make({
      source: "def login(user, password): pass",
      args: { user: Schema.String, password: Schema.Redacted(Schema.String.pipe(Schema.minLength(8))) },
      returns: Schema.Void
    })
    const of = (password: string) =>
      RuntimeTask.runFunction(RuntimeTask.make(), login, { user: "me", password: Redacted.make(password) })
    assert.strictEqual(RuntimeTask.render(of("s3cret-long")), "task task\n  0 call login(<redacted>)")
    assert.notInclude(JSON.stringify(RuntimeTask.problems(of("s3cret"))), "s3cret")
    assert.strictEqual(RuntimeTask.problems(of("s3cret")).length, 1)
  })

  it("shows what belongs to a transfer", () => {
    const task = RuntimeTask.make("t").pipe(
      RuntimeTask.sendFile("src", "work/", { exclude: ["*.pyc", "/data"], gitignore: true, links: "follow" }),
      RuntimeTask.getFile("out", "here", { compare: "hash" })
    )
    assert.strictEqual(
      RuntimeTask.render(task),
      [
        "task t",
        "  0 send src to work/ (without *.pyc, /data; as .gitignore says; links followed)",
        "  1 get out to here (compared by hash)"
      ].join("\n")
    )
  })

  it("shows a function of JavaScript by its name, and keeps where it is", () => {
    const work = JsFunction.make({
      module: new URL("file:///home/me/work.ts"),
      name: "square",
      args: { x: Schema.Number },
      returns: Schema.Number
    })
    const task = RuntimeTask.runFunction(RuntimeTask.make(), work, { x: 2 }, { interpreter: "/opt/node" })
    assert.strictEqual(RuntimeTask.render(task), `task task\n  0 call square({"x":2})`)
    assert.deepStrictEqual(task.steps, [{
      _tag: "RunFunction",
      name: "square",
      code: { _tag: "JavaScript", module: "file:///home/me/work.ts" },
      args: `{"x":2}`,
      env: {},
      interpreter: "/opt/node"
    }])
    assert.strictEqual(String(work), "JsFunction(square)")
    const problem = RuntimeTask.problems(RuntimeTask.runFunction(RuntimeTask.make(), work, { x: Number.NaN }))
    assert.include(problem[0]?.detail, "args.x is NaN")
  })

  it("is built in both calling styles, each step giving a new one", () => {
    const empty = RuntimeTask.make("four")
    const first = RuntimeTask.runCommand(RuntimeTask.withEnv(empty, { TOKEN: "s3cret" }), "echo Hello World!", {
      env: { OTHER: "hidden" }
    })
    const all = RuntimeTask.runFunction(
      RuntimeTask.getFile(RuntimeTask.sendFile(first, "./a b.csv", "data/"), "out.txt"),
      hello,
      { name: "World" }
    )
    assert.isTrue(Equal.equals(all, four))
    assert.strictEqual(Hash.hash(all), Hash.hash(four))
    assert.strictEqual(empty.steps.length, 0)
    assert.strictEqual(first.steps.length, 1)
  })

  it("differs by name, environment and steps", () => {
    assert.isFalse(Equal.equals(RuntimeTask.copy(four, "five"), four))
    assert.isTrue(Equal.equals(RuntimeTask.copy(RuntimeTask.copy(four, "five"), "four"), four))
    assert.isFalse(Equal.equals(RuntimeTask.withEnv(four, { A: "b" }), four))
    assert.isFalse(Equal.equals(RuntimeTask.omitOnJoin(four), four))
    assert.isFalse(Equal.equals(four.pipe(RuntimeTask.runCommand("true")), four))
    assert.strictEqual(RuntimeTask.make().name, "task")
  })

  it("keeps its functions through copies", () => {
    assert.strictEqual(RuntimeTask.copy(four, "five").pipe(RuntimeTask.omitOnJoin).functions.get(3), hello)
  })
})

describe("concat", () => {
  const date = PythonFunction.make({
    source: "def date(): return '2026-11-22'",
    args: {},
    returns: Schema.DateFromString
  })
  const other = RuntimeTask.make("other").pipe(
    RuntimeTask.withEnv({ OWN: "1" }),
    RuntimeTask.runFunction(date, {}),
    RuntimeTask.getFile("log.txt"),
    RuntimeTask.omitOnJoin
  )

  it("has the steps and functions of both, under the first name", () => {
    const both = RuntimeTask.concat(four, other)
    assert.isTrue(Equal.equals(four.pipe(RuntimeTask.concat(other)), both))
    assert.deepStrictEqual([both.name, both.omitOnJoin, both.steps.length], ["four", false, 6])
    assert.deepStrictEqual([...both.functions], [[3, hello], [4, date]])
  })

  it("leaves each step the environment of its own task", () => {
    const both = RuntimeTask.concat(four, other)
    assert.deepStrictEqual(both.env, {})
    assert.deepStrictEqual(both.steps.map((step) => "env" in step ? step.env : undefined), [
      { TOKEN: "s3cret", OTHER: "hidden" },
      undefined,
      undefined,
      { TOKEN: "s3cret" },
      { OWN: "1" },
      undefined
    ])
    assert.deepStrictEqual(RuntimeTask.concat(four, RuntimeTask.copy(four, "again")).env, { TOKEN: "s3cret" })
  })
})

describe("problems", () => {
  const of = (task: RuntimeTask.RuntimeTask) => RuntimeTask.problems(task)

  it("are none of a good task", () => assert.deepStrictEqual(of(four), []))

  it("are empty inputs, with their step", () => {
    const task = RuntimeTask.make(" ").pipe(
      RuntimeTask.runCommand("true"),
      RuntimeTask.runCommand(" \n"),
      RuntimeTask.sendFile("", ""),
      RuntimeTask.getFile("")
    )
    assert.deepStrictEqual(of(task), [
      { detail: "the name is empty" },
      { step: 1, detail: "the command is empty" },
      { step: 2, detail: "the local path is empty" },
      { step: 2, detail: "the remote path is empty" },
      { step: 3, detail: "the remote path is empty" }
    ])
  })

  it("are names that no environment can hold", () => {
    const task = RuntimeTask.make().pipe(
      RuntimeTask.withEnv({ "A B": "", "GOOD_1": "x", "BAD": "a\0b", ["__proto__"]: "x" }),
      RuntimeTask.runCommand("a\0", { env: { "1A": "", "LAZYCLUSTER_LEASE": "x" } })
    )
    assert.deepStrictEqual(of(task).map(({ detail }) => detail), [
      "\"A B\" is no name of an environment variable",
      "the environment variable BAD holds a NUL",
      "an environment variable cannot be named __proto__",
      "the command holds a NUL, which no command can",
      "\"1A\" is no name of an environment variable",
      "the environment variable LAZYCLUSTER_LEASE is lazycluster's own"
    ])
  })

  it("are arguments that a schema refuses", () => {
    const root = PythonFunction.make({
      source: "def root(x): return x ** 0.5",
      args: { x: Schema.NonNegative },
      returns: Schema.Number
    })
    const [problem] = of(RuntimeTask.make().pipe(RuntimeTask.runFunction(root, { x: -1 })))
    assert.strictEqual(problem?.step, 0)
    assert.include(problem?.detail, "root, Arguments")
  })
})

describe("JSON", () => {
  it.effect.prop("gives a task back", { task: anyTask }, ({ task }) =>
    Effect.gen(function*() {
      const text = yield* Schema.encode(RuntimeTask.json)(task)
      const back = yield* Schema.decode(RuntimeTask.json)(text)
      assert.isTrue(Equal.equals(back, task))
      assert.strictEqual(Hash.hash(back), Hash.hash(task))
      assert.strictEqual(RuntimeTask.render(back).split("\n").length, task.steps.length + 1)
    }), { fastCheck: { numRuns: 200 } })

  it.effect("refuses arguments that would not be one line", () =>
    Effect.gen(function*() {
      const text = yield* Schema.encode(RuntimeTask.json)(four)
      const two = text.replace(JSON.stringify(`{"name":"World"}`), JSON.stringify(`{"name":\n"World"}`))
      assert.notStrictEqual(two, text)
      const error = yield* Effect.flip(Schema.decode(RuntimeTask.json)(two))
      assert.include(error.message, "one line of JSON")
    }))
})
