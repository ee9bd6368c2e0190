/** Two hosts of whatever kind, and a look at them that does not go through the library. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { nothingLeft } from "../faults/faulty.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { eventually } from "../patience.ts"
import { run } from "../testing/sandboxClients.ts"

export type Argv = readonly [string, ...Array<string>]

export class Hosts extends Context.Tag("lazycluster/test/Hosts")<Hosts, {
  /** Their aliases in the ssh config. */
  readonly names: readonly [string, string]
  readonly configFile: string
  /** A directory of the manager, for whatever a scenario needs. */
  readonly here: string
  /** What a program prints that runs on a host, by its number from 0, without SSH. */
  readonly outside: (host: number, argv: Argv) => Effect.Effect<string, unknown>
  /** Fails while anything is left on the hosts. */
  readonly nothingLeft: (reports: ReadonlyArray<Cleanup.HostReport>) => Effect.Effect<void, unknown>
}>() {}

export type Scenario = Effect.Effect<
  void,
  unknown,
  Hosts | Lazycluster.Lazycluster | FileSystem.FileSystem | Scope.Scope
>

export type Scenarios = Readonly<Record<string, Scenario>>

/** The library over these hosts: for a scenario that wants another config, or hears the output while it is printed. */
export const services = (
  options: {
    readonly ssh?: Lazycluster.Options["ssh"]
    readonly configFile?: string
    readonly live?: (line: string) => Effect.Effect<void>
  } = {}
) =>
  Layer.unwrapEffect(Effect.map(Hosts, ({ configFile, here }) => {
    const { live } = options
    return Lazycluster.layerOf({
      sshConfig: { file: options.configFile ?? configFile },
      ssh: options.ssh,
      executionLog: {
        directory: `${here}/main`,
        live: live === undefined ? undefined : ({ host, text }) => live(`${host} | ${text}`)
      }
    })
  }))

/** Plays a scenario to the end of its cleanup; then nothing may be left. */
export const play = (scenario: Scenario, ssh?: Lazycluster.Options["ssh"]) =>
  Effect.gen(function*() {
    const { exit, reports } = yield* Cleanup.collect(
      scenario.pipe(Effect.scoped, Effect.provide(Layer.merge(services({ ssh }), NodeContext.layer)))
    )
    yield* exit
    for (const report of reports) assert.isTrue(report.clean, `${report.host}: ${JSON.stringify(report)}`)
    yield* Effect.flatMap(Hosts, (hosts) => hosts.nothingLeft(reports))
  })

const pair = (names: ReadonlyArray<string>): readonly [string, string] => [names[0] ?? "", names[1] ?? ""]

export const onSandbox = Layer.scoped(
  Hosts,
  Effect.map(Sandbox.make({ hosts: 2 }), (sandbox) => ({
    names: pair(sandbox.hosts.map(({ alias }) => alias)),
    configFile: sandbox.configFile,
    here: sandbox.home,
    outside: (host: number, [name, ...words]: Argv) =>
      run(Command.make(name, ...words).pipe(Command.env({ HOME: sandbox.hosts[host]?.home ?? "" }))).pipe(
        Effect.flatMap(({ code, stderr, stdout }) =>
          code === 0 ? Effect.succeed(stdout.toString()) : Effect.fail(stderr)
        ),
        Effect.provide(NodeContext.layer)
      ),
    nothingLeft: (reports: ReadonlyArray<Cleanup.HostReport>) =>
      Effect.provide(nothingLeft(sandbox, reports), NodeContext.layer)
  }))
)

/** The directories of a host that something could be left in. */
const places = ["sh", "-c", "ls -A /tmp; ls -A ~/.local/state/lazycluster 2>/dev/null; true"] as const

export const onFleet = Layer.effect(
  Hosts,
  Effect.map(Fleet.Fleet, (fleet) => ({
    names: pair(fleet.hosts),
    configFile: fleet.configFile,
    here: fleet.home,
    outside: (host: number, argv: Argv) => fleet.exec(host + 1, argv),
    nothingLeft: () =>
      Effect.forEach([1, 2], (host) =>
        eventually(Effect.gen(function*() {
          assert.deepStrictEqual(yield* fleet.processes(host), [])
          assert.deepStrictEqual(yield* fleet.listening(host), [])
          assert.strictEqual(yield* fleet.exec(host, places), "")
        })), { discard: true })
  }))
).pipe(Layer.provide(Fleet.layer({ hosts: 2 })))
