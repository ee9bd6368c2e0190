/**
 * Commands of hosts in memory that tell of the host, and those that do nothing.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { constants } from "node:os"
import * as removal from "../../internal/removal.ts"
import * as memoryDoctor from "./memoryDoctor.ts"
import * as memoryEnvironment from "./memoryEnvironment.ts"
import { factsOf, type MemoryHost } from "./memoryHost.ts"
import * as memoryKept from "./memoryKept.ts"
import { type Command, command, each, fail } from "./memoryOptions.ts"
import * as memoryProcess from "./memoryProcess.ts"
import * as memoryReach from "./memoryReach.ts"
import { why } from "./memoryTreeError.ts"

const says = (text: (host: MemoryHost, cwd: string) => string): Command => (self, host) =>
  Effect.as(self.stdout(`${text(host, self.cwd)}\n`), 0)

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

const sleep: Command = (self) => {
  const words = self.argv.slice(1)
  if (words.includes("infinity")) return Effect.never
  const times = words.map((word) => /^(\d*\.?\d+)([smhd]?)$/.exec(word))
  const wrong = times.findIndex((time) => time === null)
  if (words.length === 0 || wrong >= 0) {
    return fail(self, words.length === 0 ? "missing operand" : `invalid time interval '${words[wrong]}'`)
  }
  const seconds = times.reduce((sum, time) => sum + Number(time?.[1]) * (units[time?.[2] || "s"] ?? 1), 0)
  return Effect.as(Effect.sleep(seconds * 1000), 0)
}

const uname = command("asmnr", (call) => {
  const facts = factsOf(call.host)
  const all = call.flags.has("a")
  const parts = [["s", facts.system], ["n", facts.hostname], ["m", facts.machine]] as const
  const asked = call.flags.size === 0 ? parts.slice(0, 1) : parts.filter(([flag]) => all || call.flags.has(flag))
  return Effect.as(call.self.stdout(`${asked.map(([, text]) => text).join(" ")}\n`), 0)
})

const numbered = (number: number) =>
  Object.entries(constants.signals).find(([, each]) => each === number)?.[0].slice("SIG".length)

const kill: Command = (self, host) => {
  const words = self.argv.slice(1)
  const [first = ""] = words
  const named = first === "-s"
  const flagged = named || /^-./.test(first)
  const asked = (named ? words[1] ?? "" : flagged ? first.slice(1) : "TERM").replace(/^SIG/, "")
  const name = /^\d+$/.test(asked) ? numbered(Number(asked)) : asked
  return each(words.slice(named ? 2 : flagged ? 1 : 0), (pid) => {
    const process = host.processes.get(Number(pid))
    if (process === undefined) return fail(self, "No such process")
    return asked === "0" || name === undefined
      ? Effect.succeed(0)
      : Effect.as(memoryProcess.signal(host, process, name), 0)
  })
}

/** There is no Python in memory: its version alone is known. */
const python: Command = (self, host) => {
  const { python } = factsOf(host)
  const [name = "", flag] = self.argv
  if (python === "") return Effect.as(self.stderr(`sh: 1: ${name}: not found\n`), 127)
  return flag === "--version" || flag === "-V"
    ? Effect.as(self.stdout(`Python ${python}\n`), 0)
    : fail(self, "InMemorySsh: no Python runs in memory: script this call in `commands` or `matches`", 2)
}

/** The line that removes directories, with its own codes. */
const remove: Command = ({ argv, stderr }, { tree }) => {
  const [path = "", ...kept] = argv.slice(4)
  if (path === "/" || kept.some((each) => `${each}/`.startsWith(`${path}/`))) return Effect.succeed(4)
  return Effect.flatMap(
    tree.stat(path),
    (found) => Option.isNone(found) ? Effect.succeed(3) : Effect.as(tree.remove(path), 0)
  ).pipe(Effect.catchAll((error) => Effect.as(stderr(`rm: ${why(error)}\n`), 1)))
}

/** @internal */
export const commands: Readonly<Record<string, Command>> = {
  true: () => Effect.succeed(0),
  false: () => Effect.succeed(1),
  "lazycluster-doctor": memoryDoctor.run,
  // Packages are there as soon as they are asked for.
  "lazycluster-environment": memoryEnvironment.run,
  "lazycluster-kept": memoryKept.run,
  "lazycluster-reach": memoryReach.run,
  hostname: says((host) => factsOf(host).hostname),
  kill,
  nproc: says((host) => String(factsOf(host).cpus)),
  pwd: says((_, cwd) => cwd),
  python3: python,
  sleep,
  uname,
  whoami: says((host) => factsOf(host).user),
  [removal.line]: remove
}
