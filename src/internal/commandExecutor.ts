/**
 * Commands of @effect/platform on a host.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CommandHost, Options } from "../services/RemoteCommandExecutor.ts"
import * as Errors from "./commandErrors.ts"
import * as Parts from "./commandParts.ts"
import * as Process from "./commandProcess.ts"
import * as standardStreams from "./standardStreams.ts"

const decoderOf = (encoding: string | undefined) =>
  Effect.try({
    try: () => new TextDecoder(encoding),
    catch: () => Errors.unusable("string", `no such encoding: ${encoding}`)
  })

const lastOf = (command: Command.Command): Command.StandardCommand => {
  const [first, ...others] = Command.flatten(command)
  return others.at(-1) ?? first
}

/** @internal */
export const make = (target: CommandHost, options: Options = {}): CommandExecutor.CommandExecutor => {
  const inherited = { ...standardStreams.inherited, ...options.inherited }

  const start = Effect.fn("RemoteCommandExecutor.start")(function*(
    command: Command.Command
  ): Effect.fn.Return<CommandExecutor.Process, PlatformError, Scope.Scope> {
    const [first, ...others] = Parts.pipelines(Command.flatten(command))
    const from = others.reduce(
      ([head, ...tail], next) => {
        const fed = Stream.unwrapScoped(Effect.map(Process.start(target, inherited, [head, ...tail]), (p) => p.stdout))
        return [{ ...next[0], stdin: fed }, ...next.slice(1)] as const
      },
      first
    )
    return yield* Process.start(target, inherited, from)
  })

  /** Nobody can read what else it prints: it must not wait for that. */
  const drained = (command: Command.Command, outputs: ReadonlyArray<"stdout" | "stderr">) =>
    Effect.tap(start(command), (process) =>
      Effect.forEach(
        outputs.filter((output) => lastOf(command)[output] === "pipe"),
        (output) => Effect.forkScoped(Effect.ignore(Stream.runDrain(process[output]))),
        { discard: true }
      ))

  const stream: CommandExecutor.CommandExecutor["stream"] = (command) =>
    Stream.unwrapScoped(Effect.map(drained(command, ["stderr"]), (process) => process.stdout))

  const text = (command: Command.Command, encoding: string | undefined) =>
    Stream.unwrap(
      Effect.map(decoderOf(encoding), (decoder) =>
        Stream.mapChunks(
          stream(command),
          Chunk.map((bytes) => decoder.decode(bytes, { stream: true }))
        ).pipe(
          Stream.concat(Stream.sync(() => decoder.decode()))
        ))
    )

  const streamLines: CommandExecutor.CommandExecutor["streamLines"] = (command, encoding) =>
    Stream.splitLines(text(command, encoding))

  return {
    ...CommandExecutor.makeExecutor(start),
    exitCode: (command) =>
      Effect.scoped(Effect.flatMap(drained(command, ["stdout", "stderr"]), (process) => process.exitCode)),
    stream,
    // Those of the platform decode each chunk alone, and copy what they have at each.
    string: (command, encoding) => Stream.mkString(text(command, encoding)),
    streamLines,
    lines: (command, encoding) => Effect.map(Stream.runCollect(streamLines(command, encoding)), Chunk.toArray)
  }
}
