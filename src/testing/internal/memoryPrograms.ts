/**
 * The shell programs of this package, as models: what `run.sh` and its like do, without a shell.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Invocation } from "../../services/SshConnection.ts"
import * as memoryConformance from "./memoryConformance.ts"
import * as memoryExec from "./memoryExec.ts"
import * as memoryFileWork from "./memoryFileWork.ts"
import * as memoryGpus from "./memoryGpus.ts"
import * as memoryGuardian from "./memoryGuardian.ts"
import * as memoryHost from "./memoryHost.ts"
import * as memoryLedgers from "./memoryLedgers.ts"
import type { Link } from "./memoryLink.ts"
import { bytesOf } from "./memoryPipe.ts"
import type { Body, MemoryProcess } from "./memoryProcess.ts"
import * as memorySocket from "./memorySocket.ts"
import * as memorySpawn from "./memorySpawn.ts"

/**
 * The body of the process that sshd starts for an invocation; `link` is `undefined` on the manager.
 *
 * @internal
 */
export const body =
  (host: memoryHost.MemoryHost, link: Link | undefined, { program, words }: Invocation): Body => (process) => {
    switch (program.name) {
      case "run":
        return run(host, process, words)
      case "guardian":
        return memoryGuardian.talk(host, link, process, words)
      case "anchor":
        return anchor(host, link, process, words)
      case "listener":
        return Effect.as(process.io.stdout(bytesOf(`${whose(host, words)}\n`)), 0)
      case "holder":
        // What could not be bound says it itself.
        return Effect.as(process.io.stdout(bytesOf("unknown\n")), 0)
      case "network": {
        const { bootId, network } = memoryHost.factsOf(host)
        return Effect.as(process.io.stdout(bytesOf(`${bootId}\n${network}\n`)), 0)
      }
      case "conformance":
        return memoryConformance.run(host, process, words)
      case "ledgers":
        return memoryLedgers.answer(host, process)
      case "files":
        return memoryFileWork.answer(host, process, words)
      case "spawn":
        return memorySpawn.spawn(host, process, words)
      case "gpus":
        return memoryGpus.answer(host, process, words)
      case "signal":
        return memorySpawn.signal(host, process, words)
      case "socket":
        return memorySocket.keep(host, process, words)
      default:
        process.argv = [`lazycluster-${program.name}`, ...words]
        return memoryExec.exec(host, process)
    }
  }

const run = (host: memoryHost.MemoryHost, process: MemoryProcess, words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const [directory = "", sessions = "-", ...rest] = words
    if (directory !== "") {
      const path = host.tree.resolve(directory)
      if (!Option.exists(yield* host.tree.stat(path), (found) => found.type === "directory")) {
        yield* process.io.stderr(bytesOf(`lazycluster-run: 1: cd: can't cd to ${directory}\n`))
        return 125
      }
      process.cwd = path
    }
    if (sessions !== "-") {
      const line = `${process.pid} ${process.start}\n`
      const recorded = yield* Effect.either(host.tree.append(sessions, bytesOf(line), 0o600))
      if (recorded._tag === "Left") {
        yield* process.io.stderr(bytesOf(`lazycluster-run: 1: cannot create ${sessions}: Directory nonexistent\n`))
        return 125
      }
      yield* process.io.stdout(bytesOf(`lazycluster ${line}`))
    }
    const end = rest.indexOf("--")
    const guardian = [...host.guardians.values()].find(({ state }) => sessions === `${state}/sessions`)
    process.env = {
      ...process.env,
      ...guardian?.environment,
      ...Object.fromEntries(rest.slice(0, end).map(memoryExec.assignment))
    }
    process.argv = rest.slice(end + 1)
    return yield* memoryExec.exec(host, process)
  })

const whose = (
  host: memoryHost.MemoryHost,
  [port, lease, pid]: ReadonlyArray<string>
): "ours" | "foreign" | "nobody" => {
  const bound = [...host.network.bound].find((each) => each.host === host.alias && each.port === Number(port))
  if (bound === undefined) return "nobody"
  // The owner begins with the number of its process; what sshd holds for a manager is no process of a runtime.
  const holder = host.processes.get(Number.parseInt(bound.owner, 10))
  const session = host.processes.get(Number(pid))?.session
  const ours = holder?.env["LAZYCLUSTER_LEASE"] === lease || (holder !== undefined && holder.session === session)
  return ours ? "ours" : "foreign"
}

/** Its connection ends with the runtime, if it is dead by then. */
const anchor = (
  host: memoryHost.MemoryHost,
  link: Link | undefined,
  process: MemoryProcess,
  words: ReadonlyArray<string>
) =>
  Effect.gen(function*() {
    const guardian = [...host.guardians.values()].find(({ state }) => state === words[0])
    if (guardian === undefined) return 1
    if (link !== undefined) guardian.links.add(link)
    while (Option.isSome(yield* process.io.stdin.read)) { /* nothing is said to an anchor */ }
    return 0
  })
