/** Hosts with a cache of their own, as processes and files of this machine: what a Runtime gives, without its guardian. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import * as Programs from "../../src/internal/programs.ts"
import { pythonArgv, pythonInput } from "../../src/internal/shipping.ts"
import { Host } from "../../src/services/Host.ts"
import { HostFacts } from "../../src/services/HostFacts.ts"
import type { PythonTarget } from "../../src/services/PythonTarget.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"

const facts = (cache: string, pythonPath: string): HostFacts =>
  HostFacts.make({
    system: "Linux",
    os: "test",
    machine: "x86_64",
    libc: "glibc 2.36",
    hostname: "test",
    user: "test",
    home: "/",
    cache,
    bootId: "",
    network: "",
    cpus: 1,
    memory: 1,
    gpus: [],
    python: "",
    pythonPath,
    executables: {}
  })

/** As what a refused port or a missing route is: nothing answers, and nothing else is configured. */
export const withoutIndex: Readonly<Record<string, string>> = {
  PIP_CONFIG_FILE: "/dev/null",
  PIP_FIND_LINKS: "",
  PIP_INDEX_URL: "http://127.0.0.1:9/simple"
}

/** Only for processes that `pids` names. */
export const kill = (pid: number, signal: NodeJS.Signals) => Effect.ignore(Effect.try(() => process.kill(pid, signal)))

export interface LocalPython extends PythonTarget {
  readonly cache: string
  /** The programs started so far. */
  readonly pids: Effect.Effect<ReadonlyArray<number>>
}

/** Closing the scope ends whole sessions, as a guardian does. */
export const make = Effect.fnUntraced(function*(
  alias: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly cache?: string; readonly python?: string } = {}
) {
  const directory = yield* temporaryDirectory
  const cache = options.cache ?? `${directory}/cache`
  const run = yield* Programs.load("run", "sh")
  const connection = yield* managerConnection.make({ env: { HOME: directory, ...options.env } })
  const started = yield* Ref.make<ReadonlyArray<number>>([])
  const target: LocalPython = {
    host: Host.make({ alias }),
    facts: facts(cache, options.python ?? ""),
    cache,
    pids: Ref.get(started),
    python: Effect.fnUntraced(function*(program, words, { python = "python3" } = {}) {
      const argv = pythonArgv(program, python)
      const process = yield* connection.exec({ program: run, words: ["", "/dev/null", "--", ...argv] })
      yield* process.write(pythonInput(program, words))
      return {
        ...process,
        // run.sh says first which process it is.
        stdout: Stream.tap(process.stdout, (bytes) => {
          const pid = /^lazycluster (\d+) /m.exec(new TextDecoder().decode(bytes))?.[1]
          return pid === undefined
            ? Effect.void
            : Ref.update(started, (pids) => pids.includes(Number(pid)) ? pids : [...pids, Number(pid)])
        })
      }
    }),
    files: Effect.scoped(connection.files)
  }
  yield* Effect.addFinalizer(() => Effect.flatMap(target.pids, Effect.forEach((pid) => kill(-pid, "SIGKILL"))))
  return target
})
