/**
 * Commands of hosts in memory that work on text.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import { type Call, type Command, command, fail } from "./memoryOptions.ts"
import { concat } from "./memoryPipe.ts"
import { format } from "./memoryPrintf.ts"
import { why } from "./memoryTreeError.ts"

const echo: Command = ({ argv, stdout }) => {
  const bare = argv[1] === "-n"
  return Effect.as(stdout(`${argv.slice(bare ? 2 : 1).join(" ")}${bare ? "" : "\n"}`), 0)
}

const printf: Command = (self) => {
  const [, template, ...args] = self.argv
  if (template === undefined) return fail(self, "usage: printf format [arg ...]", 2)
  const made = format(template, args)
  const said = made.text === "" ? Effect.void : self.stdout(made.text)
  return Effect.zipRight(said, made.problem === undefined ? Effect.succeed(0) : fail(self, made.problem))
}

/** All of the files, or of the input where none is named. */
const input = (call: Call, paths: ReadonlyArray<string>) =>
  paths.length === 0 || paths[0] === "-"
    ? Effect.map(Stream.runCollect(call.self.stdin), (chunks) => concat([...chunks]))
    : Effect.map(
      Effect.forEach(paths, (path) =>
        Effect.mapError(
          call.host.tree.read(call.host.tree.resolve(path, call.self.cwd)),
          (error) => `${path}: ${why(error)}`
        )),
      concat
    )

const lines = (bytes: Uint8Array): ReadonlyArray<string> => {
  const all = new TextDecoder().decode(bytes).split("\n")
  return all[all.length - 1] === "" ? all.slice(0, -1) : all
}

const filter = (letters: string, run: (text: Uint8Array, call: Call) => Effect.Effect<number>): Command =>
  command(letters, (call) =>
    Effect.matchEffect(input(call, call.operands), {
      onFailure: (problem) => fail(call.self, problem),
      onSuccess: (text) => run(text, call)
    }))

const print = (call: Call, all: ReadonlyArray<string>) =>
  Effect.as(call.self.stdout(all.map((line) => `${line}\n`).join("")), 0)

/** The writer of the input hears that enough was read. */
const head = command("n:c:", (call) => {
  const count = Number(call.values.get("n") ?? 10)
  if (call.operands.length > 0 || call.values.has("c")) {
    return Effect.matchEffect(input(call, call.operands), {
      onFailure: (problem) => fail(call.self, problem),
      onSuccess: (text) =>
        call.values.has("c")
          ? Effect.as(call.self.stdout(text.subarray(0, Number(call.values.get("c")))), 0)
          : print(call, lines(text).slice(0, count))
    })
  }
  const next = (left: number): Effect.Effect<number> =>
    left <= 0 ? Effect.succeed(0) : Effect.flatMap(
      call.self.readLine,
      Option.match({
        onNone: () => Effect.succeed(0),
        onSome: (line) => Effect.zipRight(call.self.stdout(`${line}\n`), next(left - 1))
      })
    )
  return next(count)
})

const tail = filter("n:", (text, call) => {
  const asked = call.values.get("n") ?? "10"
  const all = lines(text)
  return print(call, asked.startsWith("+") ? all.slice(Number(asked) - 1) : all.slice(-Number(asked)))
})

const wc = filter("lwc", (text, call) => {
  const [flag, other] = call.flags
  if (flag === undefined || other !== undefined) {
    return fail(call.self, "InMemorySsh: one of -l, -w and -c is understood here: script `wc` in `commands`", 2)
  }
  const words = new TextDecoder().decode(text).split(/\s+/).filter((word) => word !== "").length
  const count = flag === "c" ? text.length : flag === "w" ? words : text.filter((byte) => byte === 10).length
  return print(call, [[count, ...call.operands].join(" ")])
})

const sort = filter("ru", (text, call) => {
  const sorted = [...lines(text)].sort()
  const once = call.flags.has("u") ? [...new Set(sorted)] : sorted
  return print(call, call.flags.has("r") ? once.reverse() : once)
})

/** In a basic pattern these are plain without a backslash, and the other way round in an extended one. */
const extended = (pattern: string) =>
  pattern.replaceAll(/\\?[+?(){}|]/g, (found) => found.length === 2 ? found.slice(1) : `\\${found}`)

const grep = command("qvicFEe:", (call) => {
  const [pattern = "", ...paths] = call.values.has("e")
    ? [call.values.get("e") ?? "", ...call.operands]
    : call.operands
  const source = call.flags.has("F")
    ? pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    : call.flags.has("E")
    ? pattern
    : extended(pattern)
  return Effect.try(() => new RegExp(source, call.flags.has("i") ? "i" : "")).pipe(
    Effect.mapError(() =>
      `InMemorySsh: the pattern ${pattern} is not understood here: script \`grep\` in \`commands\``
    ),
    Effect.flatMap((expression) =>
      Effect.map(
        input(call, paths),
        (text) => lines(text).filter((line) => expression.test(line) !== call.flags.has("v"))
      )
    ),
    Effect.flatMap((found) =>
      Effect.as(
        call.flags.has("q") || (found.length === 0 && !call.flags.has("c"))
          ? Effect.void
          : print(call, call.flags.has("c") ? [String(found.length)] : found),
        found.length === 0 ? 1 : 0
      )
    ),
    Effect.catchAll((problem) => fail(call.self, problem, 2))
  )
})

const seq = command("", (call) => {
  const numbers = call.operands.map(Number)
  const [from = 1, step = 1, to = 0] = numbers.length === 1
    ? [1, 1, ...numbers]
    : numbers.length === 2
    ? [numbers[0], 1, numbers[1]]
    : numbers
  const count = Math.max(0, Math.floor((to - from) / step) + 1)
  return print(call, Array.from({ length: count }, (_, index) => String(from + index * step)))
})

const basename = command("", (call) => {
  const [path = "", suffix] = call.operands
  return print(call, [posix.basename(path, suffix)])
})

const dirname = command("", (call) => print(call, call.operands.map((path) => posix.dirname(path))))

/** @internal */
export const commands: Readonly<Record<string, Command>> = {
  basename,
  dirname,
  echo,
  grep,
  head,
  printf,
  seq,
  sort,
  tail,
  wc
}
