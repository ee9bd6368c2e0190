/**
 * The line of setup of a runtime on a host in memory: a program that is scripted under the whole line.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as memoryExec from "./memoryExec.ts"
import type { Guardian } from "./memoryGuardianState.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryJobs from "./memoryJobs.ts"
import * as memoryProcess from "./memoryProcess.ts"

/** What the guardian gives it. */
const deadline = "60 seconds"

/**
 * Keeps what it exports; gives what a guardian says of one that fails.
 *
 * @internal
 */
export const run = Effect.fnUntraced(function*(host: MemoryHost, guardian: Guardian, line: string) {
  const said = yield* Ref.make("")
  const sink = (bytes: Uint8Array) =>
    Effect.as(Ref.update(said, (text) => (text + new TextDecoder().decode(bytes)).slice(-4096)), true)
  const process = yield* memoryProcess.spawn(host, {
    argv: ["sh", "-c", line],
    env: { ...host.env, WORKING_DIR: guardian.directory, LAZYCLUSTER_LEASE: guardian.id },
    cwd: guardian.directory,
    io: { ...(yield* memoryJobs.silent), stdout: sink, stderr: sink },
    body: (process) => memoryExec.exec(host, process)
  })
  const status = yield* Effect.timeoutOption(Deferred.await(process.exit), deadline)
  const code = Option.match(status, { onNone: () => 124, onSome: memoryProcess.codeOf })
  if (code === 0) {
    guardian.environment = process.exported
    return Option.none<string>()
  }
  const printed = (yield* Ref.get(said)).trimEnd().split("\n").slice(-20)
  return Option.some([code, ...printed].join("\t"))
})
