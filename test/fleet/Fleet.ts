/**
 * Real OpenSSH servers for tests, each on a host of its own made of namespaces: see fleet.sh.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as process from "node:process"
import { fileURLToPath } from "node:url"

/**
 * Whether the tests of the fleet are wanted (`LAZYCLUSTER_FLEET=1`). If they are, a machine that cannot have one fails them; if
 * not, they are skipped by name: `describe.skipIf(!Fleet.available)`.
 *
 * @since 0.1.0
 * @category guards
 */
export const available: boolean = process.env["LAZYCLUSTER_FLEET"] === "1"

/**
 * The fleet could not do what it was asked to.
 *
 * @since 0.1.0
 * @category errors
 */
export class FleetError extends Schema.TaggedError<FleetError>("lazycluster/test/FleetError")("FleetError", {
  step: Schema.String,
  /** The exit code; -1 when there is none. */
  code: Schema.Int,
  detail: Schema.String
}) {
  override get message(): string {
    return `fleet ${this.step}, exit code ${this.code}: ${this.detail}`
  }
}

/**
 * What can be chosen; all else is OpenSSH's default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default 3. */
  readonly hosts?: number | undefined
  readonly maxSessions?: number | undefined
  /** As sshd_config has it: `10:30:100`. */
  readonly maxStartups?: string | undefined
  readonly gatewayPorts?: "no" | "yes" | "clientspecified" | undefined
  /** Of root on the hosts. Default: none. sshd asks for it only where `sshd` lines allow that. */
  readonly password?: string | undefined
  /** Further lines of sshd_config. */
  readonly sshd?: ReadonlyArray<string> | undefined
}

/**
 * A process of a host, by its number there.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetProcess {
  readonly pid: number
  readonly command: string
}

/**
 * The hosts `host1` … `hostN`, numbered from 1. They have no way to one another, and only port 22 is open.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetService {
  /** Aliases of the ssh config. */
  readonly hosts: ReadonlyArray<string>
  /** HOME of the manager: its ssh config, key and known_hosts; nothing else is in it. */
  readonly home: string
  readonly configFile: string
  /** What the host sees as its `home`, `tmp` and `var-tmp`, in a directory of this machine; there also without power. */
  readonly disk: (host: number) => string
  /** Cuts the power: nobody hears a goodbye. */
  readonly kill: (host: number) => Effect.Effect<void, FleetError>
  /** Starts a host again; succeeds once its sshd listens. */
  readonly boot: (host: number) => Effect.Effect<void, FleetError>
  /** Unplugs the cable. */
  readonly cut: (host: number) => Effect.Effect<void, FleetError>
  readonly join: (host: number) => Effect.Effect<void, FleetError>
  /** Whether hosts cannot reach one another. */
  readonly isolate: (on: boolean) => Effect.Effect<void, FleetError>
  /** Whether only port 22 is open between the manager's side and the hosts. */
  readonly sshOnly: (on: boolean) => Effect.Effect<void, FleetError>
  /** Runs a command in the host, without SSH, with sshd's PATH: its standard output. Fails when its exit code is not 0. */
  readonly exec: (host: number, argv: readonly [string, ...Array<string>]) => Effect.Effect<string, FleetError>
  /** Runs a command on the manager's side of the cable, where `hostI` is 10.77.0.I: its standard output. */
  readonly manager: (argv: readonly [string, ...Array<string>]) => Effect.Effect<string, FleetError>
  /** All processes but init and the listening sshd: those of SSH connections too. */
  readonly processes: (host: number) => Effect.Effect<ReadonlyArray<FleetProcess>, FleetError>
  /** `ADDRESS:PORT` of each listening TCP port but sshd's own. */
  readonly listening: (host: number) => Effect.Effect<ReadonlyArray<string>, FleetError>
  /** SSH connections as the host sees them now; it does not see that a cable was cut. */
  readonly connections: (host: number) => Effect.Effect<number, FleetError>
  /** SSH connections that its sshd accepted since it booted. */
  readonly accepted: (host: number) => Effect.Effect<number, FleetError>
}

/**
 * A fleet shared by tests.
 *
 * @since 0.1.0
 * @category tags
 */
export class Fleet extends Context.Tag("lazycluster/test/Fleet")<Fleet, FleetService>() {}

const script = fileURLToPath(new URL("fleet.sh", import.meta.url))

const sshdLines = (options: Options): ReadonlyArray<string> => [
  ...(options.maxSessions === undefined ? [] : [`MaxSessions ${options.maxSessions}`]),
  ...(options.maxStartups === undefined ? [] : [`MaxStartups ${options.maxStartups}`]),
  ...(options.gatewayPorts === undefined ? [] : [`GatewayPorts ${options.gatewayPorts}`]),
  ...(options.sshd ?? [])
]

const textOf = (stream: Stream.Stream<Uint8Array, PlatformError>) => stream.pipe(Stream.decodeText(), Stream.mkString)

const linesOf = (text: string): ReadonlyArray<string> => text.split("\n").filter((line) => line !== "")

const processOf = (line: string): FleetProcess => {
  const space = line.indexOf(" ")
  return { pid: Number(line.slice(0, space)), command: line.slice(space + 1) }
}

/**
 * Makes a fleet; closing the scope removes it, whatever state it is in. Each call makes another one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("Fleet.make")(
  function*(options: Options = {}): Effect.fn.Return<
    FleetService,
    FleetError,
    CommandExecutor.CommandExecutor | Scope.Scope
  > {
    const executor = yield* CommandExecutor.CommandExecutor
    const run = yield* Effect.sync(() => crypto.randomUUID().slice(0, 8))
    const home = `/var/tmp/lazycluster-fleet/${run}/home`

    const call = Effect.fn("Fleet.call")(
      function*(step: string, ...args: ReadonlyArray<string | number>) {
        const command = Command.make("bash", script, step, ...args.map(String)).pipe(
          Command.env({
            FLEET_RUN: run,
            FLEET_OWNER: String(process.pid),
            ...(options.password === undefined ? {} : { FLEET_PASSWORD: options.password })
          })
        )
        const child = yield* executor.start(command)
        const [stdout, stderr, code] = yield* Effect.all(
          [textOf(child.stdout), textOf(child.stderr), child.exitCode],
          { concurrency: 3 }
        )
        if (code !== 0) return yield* new FleetError({ step, code, detail: stderr.trim() })
        return stdout
      },
      Effect.scoped,
      (effect, step) =>
        effect.pipe(
          Effect.catchTag(
            "BadArgument",
            "SystemError",
            (error) => new FleetError({ step, code: -1, detail: error.message })
          ),
          Effect.timeoutFail({
            duration: "1 minute",
            onTimeout: () => new FleetError({ step, code: -1, detail: "no answer within a minute" })
          })
        )
    )
    const count = (text: string) => Number(text.trim())

    yield* Effect.addFinalizer(() => Effect.orDie(call("down")))
    const hosts = options.hosts ?? 3
    yield* call("up", hosts, ...sshdLines(options))

    return {
      hosts: Array.from({ length: hosts }, (_, index) => `host${index + 1}`),
      home,
      configFile: `${home}/.ssh/config`,
      disk: (host) => `/var/tmp/lazycluster-fleet/${run}/host${host}/disk`,
      kill: (host) => call("kill", host),
      boot: (host) => call("boot", host),
      cut: (host) => call("cut", host),
      join: (host) => call("join", host),
      isolate: (on) => call("isolate", on ? "on" : "off"),
      sshOnly: (on) => call("sshonly", on ? "on" : "off"),
      exec: (host, argv) => call("exec", host, ...argv),
      manager: (argv) => call("manager", ...argv),
      processes: (host) => Effect.map(call("processes", host), (text) => linesOf(text).map(processOf)),
      listening: (host) => Effect.map(call("listening", host), linesOf),
      connections: (host) => Effect.map(call("connections", host), count),
      accepted: (host) => Effect.map(call("accepted", host), count)
    }
  }
)

/**
 * One fleet for a suite: `layer(Fleet.layer(), { excludeTestServices: true })("name", (it) => …)`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Fleet, FleetError> =>
  Layer.scoped(Fleet, make(options)).pipe(Layer.provide(NodeContext.layer))
