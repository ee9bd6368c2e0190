/**
 * One stay of the manager on a guardian's channel: from its first word to the loss of the link.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Protocol from "../services/GuardianProtocol.ts"
import { RuntimeError } from "../services/RuntimeError.ts"
import type { Invocation, RemoteProcess, SshConnection } from "../services/SshConnection.ts"
import { SshError } from "../services/SshError.ts"
import { withoutControl } from "./outputText.ts"
import * as pulled from "./pulled.ts"

/** A guardian that has said `ready`. Not internal: the types of `Guardian` name it. */
export interface Stay {
  readonly connection: SshConnection
  readonly facts: ReadonlyArray<readonly [key: string, value: string]>
  readonly state: string
  readonly workingDirectory: string
  readonly say: (line: string) => Effect.Effect<void, SshError>
  /** Fails when the link is lost or the guardian ends its talk. */
  readonly over: Effect.Effect<never, SshError>
}

const refusal = (host: string, reason: string, detail: string): RuntimeError | SshError => {
  switch (reason) {
    case "directory":
      return new RuntimeError({
        reason: "WorkingDirectory",
        host,
        step: "working directory",
        detail,
        hint: "name one that this user can make and write: `workingDirectory`"
      })
    case "gone":
      return leaseExpired(host, detail)
    case "setup": {
      const [code, ...log] = detail.split("\t")
      return new RuntimeError({
        reason: "Setup",
        host,
        step: "setup",
        // What `timeout` exits with.
        detail: code === "124" ? "it did not end within a minute" : `it exited with ${code}`,
        log: log.filter((line) => line.trim() !== "").map(withoutControl),
        hint:
          `run the line of \`setup\` by hand after \`ssh ${host}\`: the host runs it once, in the user's login shell`
      })
    }
    default:
      return new RuntimeError({
        reason: "State",
        host,
        step: "guardian",
        detail,
        hint: "is the home directory full or read-only?"
      })
  }
}

/**
 * The link was away for too long.
 *
 * @internal
 */
export const leaseExpired = (host: string, said = ""): RuntimeError =>
  new RuntimeError({
    reason: "LeaseExpired",
    host,
    step: "resume",
    detail: said.includes("started anew")
      ? "the host was started anew, and all that ran there has ended"
      : `the link was away for longer than the lease${
        said.endsWith("is not there") ? `, or somebody has removed ${said.replace(/ is not there$/, "")}` : ""
      }; the host has ended everything by itself`,
    hint: "make the runtime again; a longer `lease` outlives longer cuts"
  })

/** The lines that have come whole. By hand: a beat a second and host passes here, and streams of streams cost ten times as much. */
const lineSplitter = () => {
  const decoder = new TextDecoder()
  let rest = ""
  return (chunk: Uint8Array): ReadonlyArray<string> => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    return lines
  }
}

/**
 * How long a guardian may take to be ready.
 *
 * @internal
 */
export const ready: Duration.DurationInput = "30 seconds"

/**
 * The same where it runs a line of setup: that has a minute of its own.
 *
 * @internal
 */
export const readyAfterSetup: Duration.DurationInput = "100 seconds"

/**
 * Opens the channel and waits until the guardian is ready; from then on `hear` gets what it says. `opened` gets the channel
 * as soon as there is one: the guardian may be up although nobody ever hears that it is ready.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(
  connection: SshConnection,
  invocation: Invocation,
  options: {
    readonly hear: (message: Protocol.Message) => Effect.Effect<void>
    readonly opened: (process: RemoteProcess) => Effect.Effect<void, never, Scope.Scope>
    readonly deadline: Duration.DurationInput
  }
): Effect.fn.Return<Stay, SshError | RuntimeError, Scope.Scope> {
  const host = connection.host.alias
  const process = yield* Effect.uninterruptibleMask((restore) =>
    Effect.tap(restore(connection.exec(invocation, { lasting: true })), options.opened)
  )
  const over = yield* Deferred.make<never, SshError>()
  const ready = yield* Deferred.make<Extract<Protocol.Message, { _tag: "Ready" }>, SshError | RuntimeError>()
  const facts: Array<readonly [string, string]> = []
  const complaints = yield* Ref.make("")

  const decoder = new TextDecoder()
  yield* process.stderr.pipe(
    pulled.forEach((bytes) =>
      Ref.update(complaints, (said) => (said + decoder.decode(bytes, { stream: true })).slice(-2000))
    ),
    Effect.ignore,
    Effect.forkScoped
  )
  const hear = (message: Protocol.Message): Effect.Effect<unknown> => {
    switch (message._tag) {
      case "Fact":
        return Effect.sync(() => facts.push([message.key, message.value]))
      case "Ready":
        return Deferred.succeed(ready, message)
      case "Refused":
        return Deferred.fail(ready, refusal(host, message.reason, message.detail))
      default:
        return options.hear(message)
    }
  }
  const wholeLines = lineSplitter()
  yield* process.stdout.pipe(
    pulled.forEach((chunk) =>
      Effect.forEach(wholeLines(chunk).flatMap((line) => Option.toArray(Protocol.parse(line))), hear, { discard: true })
    ),
    Effect.zipRight(Effect.flatMap(Ref.get(complaints), (said) =>
      new SshError({
        reason: "LinkLost",
        host,
        step: "guardian",
        detail: said === "" ? "its channel has ended" : `its channel has ended: ${said.trim()}`
      }))),
    Effect.catchAll((error) => Effect.zipRight(Deferred.fail(ready, error), Deferred.fail(over, error))),
    Effect.forkScoped
  )
  yield* Effect.forkScoped(Effect.catchAll(connection.lost, (error) => Deferred.fail(over, error)))

  const { state, workingDirectory } = yield* Deferred.await(ready).pipe(
    Effect.timeoutFail({
      duration: options.deadline,
      onTimeout: () =>
        new RuntimeError({
          reason: "NotReady",
          host,
          step: "guardian",
          detail: `it does not answer within ${Duration.format(Duration.decode(options.deadline))}`,
          hint: `does a plain \`ssh ${host} true\` end soon? A start-up file of the login shell may wait for input`
        })
    })
  )
  return {
    connection,
    facts,
    state,
    workingDirectory,
    say: (line) => process.write(`${line}\n`),
    over: Deferred.await(over)
  }
})
