/** Runs bench/soak.ts in a Node of its own and reads what it counted. */
import * as Command from "@effect/platform/Command"
import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { gained } from "../../bench/soakMeter.ts"
import { Moment } from "../../bench/soakMoment.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const textOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => stream.pipe(Stream.decodeText(), Stream.mkString)

export interface Soak {
  readonly configFile: string
  /** The HOME of the manager. */
  readonly home: string
  /** What is written to is below it. */
  readonly directory: string
  readonly host: string
  readonly mode: "tasks" | "cycles"
  /** Rounds before the first look: caches are full then, and code is compiled. */
  readonly warm: number
  readonly total: number
  readonly leak?: string | undefined
  /** `false`: slower, and the heap holds what the program does. Default `true`. */
  readonly compiled?: boolean | undefined
}

/** The code that V8 compiles as it goes is megabytes, and hides what is small in the heap. */
const interpreted = ["--no-opt", "--no-sparkplug"]

export const soak = Effect.fnUntraced(function*(options: Soak) {
  const { configFile, directory, home, host, leak, mode, total, warm } = options
  const words = [configFile, directory, host, mode, String(warm), String(total), ...(leak === undefined ? [] : [leak])]
  const child = yield* Command.start(
    Command.make(
      process.execPath,
      "--expose-gc",
      ...(options.compiled === false ? interpreted : []),
      "--import",
      "tsx",
      `${root}bench/soak.ts`,
      ...words
    ).pipe(
      Command.workingDirectory(root),
      Command.env({ HOME: home, XDG_STATE_HOME: `${directory}/state` })
    )
  )
  const [stdout, stderr, code] = yield* Effect.all([textOf(child.stdout), textOf(child.stderr), child.exitCode], {
    concurrency: 3
  })
  assert.strictEqual(code, 0, stdout + stderr)
  const lines = stdout.trimEnd().split("\n")
  const moments = yield* Effect.forEach(lines, (line) => Schema.decode(Schema.parseJson(Moment))(line))
  const [before, after] = moments
  if (before === undefined || after === undefined) return yield* Effect.dieMessage(`two looks, not ${stdout}`)
  return { before, after }
})

/** What it gained between its two looks, beyond so many bytes of heap for each round. */
export const gains = (
  { after, before }: { readonly before: Moment; readonly after: Moment },
  bytesEach: number
): ReadonlyArray<string> => gained(before.snapshot, after.snapshot, bytesEach * (after.done - before.done))

/** For the figures of a run. */
export const tell = (mode: string, { after, before }: { readonly before: Moment; readonly after: Moment }) => {
  const rounds = after.done - before.done
  const grown = after.snapshot.heap - before.snapshot.heap
  console.log(
    `${mode}: ${rounds} in ${(after.millis / 1000).toFixed(1)} s, ${
      (rounds / (after.millis / 1000)).toFixed(0)
    }/s; heap ${(before.snapshot.heap / 2 ** 20).toFixed(1)} -> ${(after.snapshot.heap / 2 ** 20).toFixed(1)} MiB (${
      (grown / rounds).toFixed(0)
    } bytes each), resident ${(after.snapshot.resident / 2 ** 20).toFixed(0)} MiB, descriptors ${
      JSON.stringify(after.snapshot.descriptors)
    }, ${after.transports} connection`
  )
}

/** What OpenSSH does beside it: the same command, as many at a time, over one ControlMaster. Commands a second. */
export const controlMaster = Effect.fnUntraced(function*(
  options: { readonly configFile: string; readonly directory: string; readonly host: string; readonly rounds: number }
) {
  const ssh = `ssh -F '${options.configFile}' -o ControlPath='${options.directory}/cm' -o ControlPersist=60`
  const script = `${ssh} -o ControlMaster=yes ${options.host} true 2>/dev/null
    seq ${options.rounds} | xargs -P 4 -I % ${ssh} ${options.host} 'echo %; echo problem >&2' >/dev/null 2>&1
    ${ssh} -O exit ${options.host} 2>/dev/null`
  const [duration] = yield* Effect.timed(Command.exitCode(Command.make("sh", "-c", script)))
  return options.rounds / Duration.toSeconds(duration)
})
