/**
 * `test` and `[`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { MemoryHost } from "./memoryHost.ts"
import { type Command, fail } from "./memoryOptions.ts"

const numbers: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "-eq": (a, b) => a === b,
  "-ne": (a, b) => a !== b,
  "-lt": (a, b) => a < b,
  "-le": (a, b) => a <= b,
  "-gt": (a, b) => a > b,
  "-ge": (a, b) => a >= b
}

const ofFile = (host: MemoryHost, flag: string, path: string) =>
  Effect.map(
    host.tree.stat(path),
    Option.exists(({ mode, size, type }) => {
      switch (flag) {
        case "-e":
          return true
        case "-f":
          return type === "file"
        case "-d":
          return type === "directory"
        case "-h":
        case "-L":
          return type === "link"
        case "-S":
          return type === "other"
        case "-s":
          return size > 0
        case "-r":
          return (mode & 0o400) !== 0
        case "-w":
          return (mode & 0o200) !== 0
        default:
          return (mode & 0o100) !== 0
      }
    })
  )

/** What is no test of ours gives a sentence. */
const judge = (host: MemoryHost, cwd: string, words: ReadonlyArray<string>): Effect.Effect<boolean, string> => {
  const [first = "", second = "", third = ""] = words
  if (words.length === 0) return Effect.succeed(false)
  if (words.length === 1) return Effect.succeed(first !== "")
  if (words.length === 3) {
    const compare = Object.hasOwn(numbers, second) ? numbers[second] : undefined
    if (second === "=") return Effect.succeed(first === third)
    if (second === "!=") return Effect.succeed(first !== third)
    if (compare !== undefined) {
      const wrong = [first, third].find((word) => !/^\s*[-+]?\d+\s*$/.test(word))
      return wrong === undefined
        ? Effect.succeed(compare(Number(first), Number(third)))
        : Effect.fail(`Illegal number: ${wrong}`)
    }
  }
  const joint = words.findIndex((word) => word === "-o")
  const both = joint < 0 ? words.findIndex((word) => word === "-a") : joint
  if (both > 0 && both < words.length - 1) {
    return Effect.zipWith(
      judge(host, cwd, words.slice(0, both)),
      judge(host, cwd, words.slice(both + 1)),
      (a, b) => joint < 0 ? a && b : a || b
    )
  }
  if (first === "!") return Effect.map(judge(host, cwd, words.slice(1)), (is) => !is)
  if (words.length === 2) {
    if (first === "-n") return Effect.succeed(second !== "")
    if (first === "-z") return Effect.succeed(second === "")
    if (/^-[efdhLSsrwx]$/.test(first)) return ofFile(host, first, host.tree.resolve(second, cwd))
  }
  return Effect.fail(`${first}: unexpected operator`)
}

const test: Command = (self, host) => {
  const words = self.argv.slice(1)
  const bracket = self.argv[0] === "["
  if (bracket && words.pop() !== "]") return fail(self, "missing ]", 2)
  return judge(host, self.cwd, words).pipe(
    Effect.map((is) => is ? 0 : 1),
    Effect.catchAll((problem) => fail(self, problem, 2))
  )
}

/** @internal */
export const commands: Readonly<Record<string, Command>> = { test, "[": test }
