/** Texts that a shell would act on, generated from a seed, and the proof that they arrive byte for byte. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Runtime from "../../src/runtimes/Runtime.ts"
import * as PythonFunction from "../../src/tasks/PythonFunction.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"

/** Cases of one process: an argument, the value of a variable, and a name of a file each. */
const batch = 250

/** `LAZYCLUSTER_SEED` replays a run. */
const seed = Effect.sync(() => Number(process.env["LAZYCLUSTER_SEED"] ?? Math.floor(Math.random() * 2 ** 31))).pipe(
  Effect.tap((seed) => Effect.sync(() => console.log(`quoting: LAZYCLUSTER_SEED=${seed} replays this run`)))
)

const pieces = [
  ..."\t\n\r\b\f\v '\"\\`$&|;<>(){}[]*?!#%=^~,:.-+@/_aZ0",
  "$(echo no)",
  "`echo no`",
  "${HOME}",
  "$HOME",
  "\\n",
  "\\0",
  "\\c",
  "%s",
  "%b",
  "--",
  "-n",
  "-e",
  "~root",
  "\u001b[31m",
  "é",
  "e\u0301",
  "日本",
  "🦆",
  "\u00a0",
  "\u2028",
  "\u200f",
  "{a,b}",
  "..",
  "&&",
  "||",
  ">>",
  "<<EOF"
]

const always = [
  "",
  " ",
  "\n",
  "\n\n",
  "a\n",
  "\t",
  "-",
  "--",
  "-rf",
  "~",
  "~/x",
  "*",
  "'",
  "\"",
  "\\",
  "\\\\n",
  "$(touch /tmp/no)",
  "lazycluster 1 2",
  "A=b",
  "x".repeat(5000),
  ";exit 1",
  "#"
]

const text = FastCheck.array(
  FastCheck.oneof(
    { arbitrary: FastCheck.constantFrom(...pieces), weight: 4 },
    { arbitrary: FastCheck.string({ unit: "binary", maxLength: 5 }), weight: 1 }
  ),
  { maxLength: 12 }
).map((parts) => parts.join("").replaceAll("\0", ""))

/** A text without lone halves of a character: bytes must come out that went in. */
const texts = (seed: number, count: number) =>
  [...always, ...FastCheck.sample(text, { seed, numRuns: count })].slice(0, count)

/** One component of a path, not over 255 bytes, and another one each. */
const nameOf = (text: string, index: number): string => {
  const safe = [...text.replaceAll("/", "∕")].slice(0, 50).join("")
  return /^\.{0,2}$/.test(safe) ? `${safe}${index}` : `${safe}${index.toString(36)}`
}

const bytes = (all: ReadonlyArray<string>) => all.map((each) => Buffer.from(each, "utf8").toString("hex"))

/** What a process sees: its arguments, its variables in order, and its working directory. */
const see = `import os, sys
n = int(sys.argv[1])
out = [os.fsencode(a) for a in sys.argv[2:]] + [os.environb[b'V%d' % i] for i in range(n)] + [os.getcwdb()]
sys.stdout.write('\\n'.join(o.hex() for o in out) + '\\n')`

const command = (words: ReadonlyArray<string>, cwd: string) => ({
  argv: ["python3", "-c", see, String(words.length), ...words] as const,
  env: Object.fromEntries(words.map((word, index) => [`V${index}`, word])),
  cwd
})

const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.mkString(Stream.decodeText(stream)), (all) => all.split("\n").slice(0, -1))

/** Sees the words arrive by `exec` and by `start`, in a directory of a generated name. */
const processes = (runtime: Runtime.Runtime, words: ReadonlyArray<string>, directory: string) =>
  Effect.scoped(Effect.gen(function*() {
    const made = yield* runtime.exec({ argv: ["mkdir", "-p", "--", directory] })
    assert.deepStrictEqual(yield* made.exit, { code: 0 })
    const expected = bytes([...words, ...words, runtime.resolve(directory)])
    const process = yield* runtime.exec(command(words, directory))
    yield* Effect.forkScoped(Stream.runDrain(process.stderr))
    assert.deepStrictEqual(yield* collect(process.stdout), expected, "Runtime.exec")
    const service = yield* runtime.start("quoting", command(words, directory))
    assert.deepStrictEqual(yield* collect(service.output("out")), expected, "Runtime.start")
    assert.strictEqual(yield* service.exit, 0)
  }))

const echo = PythonFunction.make({
  source: "def echo(words): return words",
  args: { words: Schema.Array(Schema.String) },
  returns: Schema.Array(Schema.String)
})

/** The same by a task: variables, a function's arguments, and files sent to generated paths and got back. */
const tasks = (runtime: Runtime.Runtime, words: ReadonlyArray<string>, local: string, remote: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = words.map(nameOf)
    yield* fs.makeDirectory(`${local}/out`, { recursive: true })
    yield* Effect.forEach(names, (name) => fs.writeFileString(`${local}/out/${name}`, name))
    const variables = words.map((_, index) => `"$V${index}"`).join(" ")
    const done = yield* TaskRunner.run(
      runtime,
      RuntimeTask.make("quoting").pipe(
        RuntimeTask.runCommand(
          `printf '%s\\0' ${variables} | od -An -v -tx1 | tr -d ' \\n'`,
          { env: Object.fromEntries(words.map((word, index) => [`V${index}`, word])) }
        ),
        RuntimeTask.runFunction(echo, { words }),
        RuntimeTask.sendFile(`${local}/out`, remote),
        RuntimeTask.getFile(remote, `${local}/back`),
        RuntimeTask.sendFile(`${local}/out/${names[0]}`, `one/${names[1]}/${names[2]}`),
        RuntimeTask.getFile(`one/${names[1]}/${names[2]}`, `${local}/one`)
      )
    )
    assert.strictEqual(
      done.executionLog[0]?.stdout,
      Buffer.from(words.map((word) => `${word}\0`).join("")).toString("hex")
    )
    assert.deepStrictEqual(bytes(done.returns[0]), bytes(words))
    assert.deepStrictEqual(bytes((yield* fs.readDirectory(`${local}/back`)).toSorted()), bytes(names.toSorted()))
    yield* Effect.forEach(
      names,
      (name) => Effect.map(fs.readFileString(`${local}/back/${name}`), (content) => assert.strictEqual(content, name))
    )
    assert.strictEqual(yield* fs.readFileString(`${local}/one`), names[0])
  })

/** A thousand cases on a host. */
export const arrives = (runtime: Runtime.Runtime) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const local = yield* fs.makeTempDirectoryScoped()
    const words = texts(yield* seed, 1000).map((word) => Buffer.from(word, "utf8").toString("utf8"))
    for (let from = 0; from < words.length; from += batch) {
      const some = words.slice(from, from + batch)
      yield* processes(runtime, some, `dirs/${nameOf(some.at(-1) ?? "", from)}`)
      yield* tasks(runtime, some, `${local}/${from}`, `in/${nameOf(some.at(-2) ?? "", from)}`)
    }
  }).pipe(Effect.catchTags({ BadArgument: Effect.die, SystemError: Effect.die }))
