/**
 * A manager in a process of its own, to be killed, signalled and cut off, and what it leaves.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as process from "node:process"
import { fileURLToPath } from "node:url"
import type { FleetError, FleetService } from "../fleet/Fleet.ts"
import { tries } from "../patience.ts"

/**
 * The victim did not say what it should, or left something.
 *
 * @since 0.1.0
 * @category errors
 */
export class VictimError extends Schema.TaggedError<VictimError>("lazycluster/test/VictimError")("VictimError", {
  detail: Schema.String,
  said: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return [this.detail, ...this.said].join("\n")
  }
}

/**
 * A manager that runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Victim {
  readonly kill: (signal: "SIGKILL" | "SIGTERM" | "SIGINT") => Effect.Effect<void>
  /** Waits until so many lines begin so, and gives the last of them. */
  readonly says: (start: string, times?: number) => Effect.Effect<string, VictimError>
  /** Asks for one more round of the example. */
  readonly ask: Effect.Effect<void>
  /** Ends its input: it closes. */
  readonly release: Effect.Effect<void>
  /** Waits until it has ended. */
  readonly ended: Effect.Effect<void, VictimError>
  /** What there is of it on the manager: processes, state, directories. */
  readonly leftHere: Effect.Effect<ReadonlyArray<string>, PlatformError>
}

const program = fileURLToPath(new URL("./dyingManager.ts", import.meta.url))

const orNothing = <A, R>(effect: Effect.Effect<ReadonlyArray<A>, PlatformError, R>) =>
  Effect.orElseSucceed(effect, (): ReadonlyArray<A> => [])

/**
 * Starts one. Its environment holds a nonce, so that all that descends from it is found, whoever its parent is by then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = (
  fleet: FleetService,
  lease: number,
  transport: "auto" | "openssh" = "auto"
): Effect.Effect<Victim, PlatformError, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const home = yield* files.makeTempDirectoryScoped({ prefix: "campaign-" })
    const nonce = `${yield* Clock.currentTimeMillis}-${yield* Random.nextIntBetween(0, 2 ** 31)}`
    yield* files.makeDirectory(`${home}/tmp`)
    const input = yield* Queue.unbounded<Uint8Array>()
    const child = yield* Command.make(
      process.execPath,
      "--import",
      "tsx",
      program,
      fleet.configFile,
      fleet.hosts.join(","),
      String(lease),
      transport
    ).pipe(
      Command.env({
        HOME: home,
        TMPDIR: `${home}/tmp`,
        XDG_STATE_HOME: `${home}/state`,
        XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"] ?? ""}/.cache`,
        LAZYCLUSTER_VICTIM: nonce
      }),
      Command.stdin(Stream.fromQueue(input)),
      Command.start
    )
    const lines = yield* SubscriptionRef.make<ReadonlyArray<string>>([])
    const failure = (detail: string) =>
      Effect.flatMap(SubscriptionRef.get(lines), (said) => new VictimError({ detail, said: [...said] }))
    yield* Effect.forEach([child.stdout, child.stderr], (output) =>
      output.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.runForEach((line) => SubscriptionRef.update(lines, (all) => [...all, line])),
        Effect.ignore,
        Effect.forkScoped
      ))

    const processes = Effect.gen(function*() {
      const pids = (yield* files.readDirectory("/proc")).filter((name) => /^\d+$/.test(name))
      const found = yield* Effect.forEach(pids, (pid) =>
        Effect.gen(function*() {
          const environment = yield* files.readFileString(`/proc/${pid}/environ`)
          if (!environment.includes(`LAZYCLUSTER_VICTIM=${nonce}`)) return []
          const command = yield* files.readFileString(`/proc/${pid}/cmdline`)
          return [`process ${pid} ${command.replaceAll("\0", " ")}`]
        }).pipe(orNothing))
      return found.flat()
    })
    const entries = (directory: string) =>
      orNothing(Effect.map(files.readDirectory(directory), (names) => names.map((name) => `${directory}/${name}`)))

    return {
      kill: (signal) => Effect.ignore(child.kill(signal)),
      says: (start, times = 1) =>
        lines.changes.pipe(
          Stream.map((all) => all.filter((line) => line.startsWith(start))),
          Stream.filter((found) => found.length >= times),
          Stream.runHead,
          Effect.timeoutOption("90 seconds"),
          Effect.flatMap((found) =>
            Option.match(Option.flatten(found), {
              onNone: () => failure(`it does not say ${start}`),
              onSome: (found) => Effect.succeed(found.at(-1) ?? "")
            })
          )
        ),
      ask: Effect.asVoid(Queue.offer(input, new TextEncoder().encode("again\n"))),
      release: Queue.shutdown(input),
      ended: child.exitCode.pipe(
        Effect.ignore,
        Effect.timeoutOption("60 seconds"),
        Effect.flatMap(Option.match({ onNone: () => failure("it does not end"), onSome: () => Effect.void }))
      ),
      leftHere: Effect.map(
        Effect.all([processes, entries(`${home}/state/lazycluster`), entries(`${home}/tmp`)]),
        (all) => all.flat().filter((entry) => !entry.includes("/tsx-") && !entry.includes("node-compile-cache"))
      )
    }
  })

/**
 * What there is on the hosts of a fleet that should be empty.
 *
 * @since 0.1.0
 * @category constructors
 */
export const leftThere = (
  fleet: FleetService
): Effect.Effect<ReadonlyArray<string>, FleetError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const entries = (directory: string) => orNothing(files.readDirectory(directory))
    const found = yield* Effect.forEach(fleet.hosts, (host, index) =>
      Effect.gen(function*() {
        const at = index + 1
        const disk = fleet.disk(at)
        return [
          ...(yield* fleet.processes(at)).map(({ command, pid }) => `${host}: process ${pid} ${command}`),
          ...(yield* fleet.listening(at)).map((address) => `${host}: listens on ${address}`),
          ...(yield* entries(`${disk}/home/.local/state/lazycluster`)).map((name) => `${host}: state ${name}`),
          ...(yield* entries(`${disk}/tmp`)).filter((name) => name.startsWith("lazycluster")).map((name) =>
            `${host}: ${name}`
          )
        ]
      }))
    return found.flat()
  })

/**
 * Waits until nothing is left anywhere; fails with what is.
 *
 * @since 0.1.0
 * @category execution
 */
export const nothingLeft = (
  fleet: FleetService,
  victim: Victim,
  seconds: number
): Effect.Effect<void, VictimError | FleetError | PlatformError, FileSystem.FileSystem> =>
  Effect.all([victim.leftHere, leftThere(fleet)]).pipe(
    Effect.flatMap(([here, there]) => {
      const left = [...here.map((entry) => `manager: ${entry}`), ...there]
      return left.length === 0 ? Effect.void : new VictimError({ detail: "something is left", said: left })
    }),
    Effect.retry({
      schedule: tries(seconds, 250),
      while: (error) => error._tag === "VictimError"
    })
  )
