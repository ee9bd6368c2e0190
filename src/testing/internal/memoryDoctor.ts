/**
 * `doctor.sh` in memory: a host tells what its facts and its disk are. What it has beyond that a test says itself, with a program
 * `lazycluster-doctor`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Process } from "../InMemoryHost.ts"
import { factsOf, type MemoryHost } from "./memoryHost.ts"

const kibibyte = 1024

const place = (name: string, path: string, full: boolean): ReadonlyArray<string> => [
  `path.${name} ${path}`,
  `free.${name} ${full ? 0 : 64 * kibibyte ** 2}`,
  `inodes.${name} 1000000`,
  `write.${name} ${full ? "no" : "yes"}`,
  ...(full ? [] : [`run.${name} yes`])
]

const lines = (host: MemoryHost, now: number): ReadonlyArray<string> => {
  const { cache, gpus, home, python, pythonPath, system, user } = factsOf(host)
  const full = [...host.standing].some(({ _tag }) => _tag === "FillDisk")
  return [
    "lazycluster doctor",
    `clock ${(now / 1000).toFixed(3)}`,
    `user ${user}`,
    `system ${system}`,
    "family debian",
    "shell /usr/bin/dash",
    `login ${host.env["SHELL"] ?? ""}`,
    "files 4096",
    "processes 30000",
    ...place("home", home, full),
    ...place("cache", cache, full),
    ...place("tmp", host.temporary, full),
    ...gpus.map(({ name }) => `gpu 550.54, ${name}`),
    ...(python === "" ? [] : [`python ${python}`, `pythonPath ${pythonPath}`, "venv yes", "ensurepip yes"]),
    "ssh OpenSSH_9.2p1",
    "end -"
  ]
}

/** @internal */
export const run = (self: Process, host: MemoryHost): Effect.Effect<number> =>
  Effect.gen(function*() {
    const [, word] = self.argv
    if (word === "hold") {
      yield* self.stdout("holding\n")
      while (Option.isSome(yield* self.readLine)) { /* its end is the end */ }
      return 0
    }
    const now = yield* Clock.currentTimeMillis
    yield* self.stdout(lines(host, now).map((line) => `${line}\n`).join(""))
    return 0
  })
