/**
 * MongoDB's server for hosts in memory: it listens, locks its directory, and recovers after it was killed.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { quote, quoteAll } from "../internal/words.ts"
import type { Commands, Handler, Process } from "./InMemoryHost.ts"
import * as memoryMongoWire from "./internal/memoryMongoWire.ts"

/**
 * How the stand-in behaves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What a start takes after the server was killed. Default 2 seconds. */
  readonly recovery?: Duration.DurationInput | undefined
}

const option = ({ argv }: Process, name: string): string | undefined => {
  const joined = argv.find((word) => word.startsWith(`${name}=`))
  if (joined !== undefined) return joined.slice(name.length + 1)
  const at = argv.indexOf(name)
  return at < 0 ? undefined : argv[at + 1]
}

const text = (self: Process, path: string): Effect.Effect<string> =>
  Effect.orElseSucceed(Stream.mkString(Stream.decodeText(self.files.readAll(path))), () => "")

const write = (self: Process, path: string, content: string) =>
  Effect.ignore(self.files.write(path, Stream.make(new TextEncoder().encode(content)), 0o600))

/** Asked of the host: a number is never given twice. */
const lives = (self: Process, pid: string) =>
  /^\d+$/.test(pid)
    ? Effect.flatMap(self.spawn(["sh", "-c", `kill -0 ${pid} 2>/dev/null`]), ({ exit }) =>
      Effect.map(exit, ({ code }) => code === 0))
    : Effect.succeed(false)

/** `listening` happens when clients can come; `log` hears what mongod says. */
const serve = (
  self: Process,
  path: string,
  options: Options,
  log: (line: string) => Effect.Effect<void>,
  listening: Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const lock = `${path}/mongod.lock`
    const directory = yield* Effect.orElseSucceed(self.files.stat(path), Option.none)
    if (!Option.exists(directory, ({ type }) => type === "directory")) {
      yield* log(`NonExistentPath: Data directory ${path} not found.`)
      return 100
    }
    const before = (yield* text(self, lock)).trim()
    if (yield* lives(self, before)) {
      yield* log(
        `DBPathInUse: Unable to lock the lock file: ${lock}. Another mongod instance is already running on ${path}`
      )
      return 100
    }
    const stop = yield* self.trap("TERM")
    yield* write(self, lock, `${self.pid}\n`)
    if (before !== "") {
      yield* log(`Detected unclean shutdown - Lock file is not empty: ${lock}`)
      yield* Effect.sleep(options.recovery ?? "2 seconds")
      yield* log("Recovered from the last checkpoint and the journal")
    }
    const port = Number(option(self, "--port") ?? 27017)
    const listener = yield* Effect.either(self.listen({ port }))
    if (listener._tag === "Left") {
      yield* log(`Failed to set up listener: SocketException: Address already in use: ${listener.left.detail}`)
      yield* write(self, lock, "")
      return 48
    }
    yield* log(`Waiting for connections on port ${port}`)
    yield* listening
    yield* Effect.raceFirst(
      stop,
      Effect.orDie(
        Stream.runForEach(listener.right.connections, (connection) => Effect.fork(memoryMongoWire.serve(connection)))
      )
    )
    yield* write(self, lock, "")
    return 0
  })

/** Gone once the file of the lock is empty. */
const shutDown = (self: Process, path: string) =>
  Effect.gen(function*() {
    const pid = (yield* text(self, `${path}/mongod.lock`)).trim()
    if (!(yield* lives(self, pid))) {
      yield* self.stderr("There doesn't seem to be a server running with dbpath: " + path + "\n")
      return 1
    }
    yield* self.spawn(["kill", "-TERM", pid])
    yield* Effect.repeat(Effect.sleep("100 millis"), { until: () => Effect.map(lives(self, pid), (is) => !is) })
    return 0
  })

const mongod = (options: Options): Handler => (self) => {
  const path = option(self, "--dbpath") ?? "/data/db"
  if (self.argv.includes("--shutdown")) return shutDown(self, path)
  if (self.argv.includes("--fork")) return fork(self)
  return serve(self, path, options, (line) => self.stdout(`${line}\n`), Effect.void)
}

const lastLine = "lazycluster-mongod "

/** `mongod.py`, and the mongod that it would have as a child, in one process. */
const launcher = (options: Options): Handler => (self) =>
  Effect.gen(function*() {
    const path = option(self, "--dbpath") ?? ""
    const report = (reason: string, detail: string, pid: number | null = null) =>
      self.stderr(`${lastLine}${JSON.stringify({ reason, detail, pid })}\n`)
    const lock = `${path}/mongod.lock`
    const before = (yield* text(self, lock)).trim()
    if ((yield* text(self, option(self, "--password") ?? "")).trim() === "") {
      return yield* Effect.as(report("Exited", "the file of the password cannot be read"), 1)
    }
    if ((yield* Effect.either(self.files.makeDirectory(path)))._tag === "Left") {
      return yield* Effect.as(report("Directory", `${path} cannot be made`), 100)
    }
    const answers = yield* Ref.make(false)
    const health = yield* Effect.either(self.serveHttp({ port: Number(option(self, "--health")) }, () =>
      Effect.map(Ref.get(answers), (does) =>
        does ? { body: "ok" } : { status: 503, body: "starting" })))
    if (health._tag === "Left") {
      return yield* Effect.as(report("Exited", health.left.detail), 48)
    }
    const said = yield* Ref.make("")
    const log = (line: string) =>
      Ref.update(said, (all) => `${all}${line}\n`)
    const code = yield* serve(self, path, options, log, Ref.set(answers, true))
    if (code === 0) return 0
    const wasLocked = (yield* Ref.get(said)).includes("DBPathInUse")
    yield* wasLocked
      ? report("AlreadyRunning", `the mongod with pid ${before} is using ${path}`, Number(before))
      : report("Exited", `mongod ended with code ${code}: ${yield* Ref.get(said)}`)
    return code
  })

/** Waits until the child answers, as the real one does. */
const fork = (self: Process) =>
  Effect.gen(function*() {
    const log = option(self, "--logpath")
    if (log === undefined) return yield* Effect.as(self.stderr("BadValue: --fork has to be used with --logpath\n"), 1)
    const line = `${quoteAll(self.argv.filter((word) => word !== "--fork"))} >> ${quote(log)} 2>&1`
    const { exit } = yield* self.spawn(["sh", "-c", line], { detached: true })
    const ready = Effect.repeat(Effect.sleep("50 millis"), {
      until: () => Effect.map(text(self, log), (said) => said.includes("Waiting for connections"))
    })
    return yield* Effect.raceFirst(Effect.as(ready, 0), Effect.map(exit, ({ code }) => code))
  })

/**
 * `mongod` for hosts in memory. It needs its `--dbpath`, and is alone on it (100 else); a port that is taken is 48. Where it was
 * killed, its next start finds the lock and recovers. A client's command is answered with `{ ok: 1 }`: there are no documents,
 * and whoever comes is let in. `MongoServer` runs on it: packages are there as soon as they are asked for.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { InMemoryMongo, InMemorySsh } from "lazycluster/testing"
 *
 * const hosts = InMemorySsh.layer(["host-1"], { commands: InMemoryMongo.commands() })
 */
export const commands = (options: Options = {}): Commands => ({
  mongod: mongod(options),
  "python mongod.py": launcher(options)
})
