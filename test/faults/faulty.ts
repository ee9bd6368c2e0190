/** Runs what must fail, and holds it to it: a typed error with a hint, and nothing left on any host. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Cleanup from "../../src/runtimes/Cleanup.ts"
import type * as Sandbox from "../../src/testing/Sandbox.ts"
import { eventually } from "../patience.ts"

/** What every error of the library has. */
export interface Explained {
  readonly _tag: string
  readonly message: string
  readonly reason: string
  readonly host?: string | undefined
  readonly hint?: string | undefined
}

/** Longer than any deadline of what is tried: a hang fails, and is told from a failure. */
const patience = "90 seconds"

/** Runs a program to the end of its clean-up. `LAZYCLUSTER_SHOW=1` prints the errors as a user sees them. */
export const run = <A, E extends Explained, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { exit, reports } = yield* Cleanup.collect(effect).pipe(Effect.timeout(patience), Effect.orDie)
    for (const report of reports) assert.isTrue(report.clean, `${report.host}: ${JSON.stringify(report)}`)
    return { exit, reports }
  })

/** The error of a program that must fail with one, and the reports of its clean-up. */
export const fails = <A, E extends Explained, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { exit, reports } = yield* run(effect)
    const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
    assert.strictEqual([...Cause.failures(cause)].length, 1, `not one typed error: ${String(exit)}`)
    assert.deepStrictEqual([...Cause.defects(cause)], [])
    const error = yield* Effect.flip(exit)
    if (process.env["LAZYCLUSTER_SHOW"] === "1") yield* Effect.sync(() => console.log(`\n${error.message}\n`))
    // Why a command failed it says itself.
    if (error.reason !== "CommandFailed") {
      assert.isTrue((error.hint ?? "").length > 10, `no hint: ${error.message}`)
      assert.include(error.message, `hint: ${error.hint}`)
    }
    return { error, reports }
  })

/** Processes of this machine that have an entry in their environment: `PID COMMAND`. */
export const processesWith = (entry: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const pids = (yield* fs.readDirectory("/proc")).filter((name) => /^\d+$/.test(name))
    const text = (file: string) => Effect.orElseSucceed(fs.readFileString(file), () => "")
    const found = yield* Effect.forEach(pids, (pid) =>
      Effect.gen(function*() {
        if (!(yield* text(`/proc/${pid}/environ`)).split("\0").includes(entry)) return []
        return [`${pid} ${(yield* text(`/proc/${pid}/cmdline`)).replaceAll("\0", " ").slice(0, 200)}`]
      }))
    return found.flat()
  })

/** What the hosts of a Sandbox still hold. Their processes are found by their home, whatever started them. */
const leftovers = (sandbox: Sandbox.Sandbox["Type"]) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = (path: string) =>
      Effect.map(Effect.orElseSucceed(fs.readDirectory(path), () => []), (all) => all.map((name) => `${path}/${name}`))
    const each = yield* Effect.forEach(sandbox.hosts, ({ home }) =>
      Effect.all([processesWith(`HOME=${home}`), names(`${home}/.local/state/lazycluster`), names(`${home}/tmp`)]))
    return each.flat(2)
  })

/** Nothing is left of what was done on these hosts, nor of the manager's own runtimes. */
export const nothingLeft = (sandbox: Sandbox.Sandbox["Type"], reports: ReadonlyArray<Cleanup.HostReport>) =>
  Effect.gen(function*() {
    const ours = yield* Effect.forEach(reports, ({ runtime }) => processesWith(`LAZYCLUSTER_LEASE=${runtime}`))
    assert.deepStrictEqual([...ours.flat(), ...yield* leftovers(sandbox)], [])
  }).pipe(eventually)

/** The services over a config of these hosts. */
export const services = (sandbox: Sandbox.Sandbox["Type"], file: string, ssh?: Lazycluster.Options["ssh"]) =>
  Lazycluster.layerOf({
    sshConfig: { file, home: sandbox.home },
    ssh,
    executionLog: { directory: `${sandbox.home}/lazycluster` }
  }).pipe(Layer.orDie)

/** Writes an ssh config: blocks of settings by alias before what the Sandbox has. */
export const configure = (
  sandbox: Sandbox.Sandbox["Type"],
  blocks: Readonly<Record<string, Readonly<Record<string, string>>>>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = `${sandbox.home}/config-${crypto.randomUUID()}`
    const common = {
      HostName: "127.0.0.1",
      Port: String(sandbox.hosts[0]?.port),
      IdentityFile: sandbox.identityFile,
      IdentitiesOnly: "yes",
      UserKnownHostsFile: sandbox.knownHostsFile,
      StrictHostKeyChecking: "yes"
    }
    const text = Object.entries(blocks).map((
      [alias, settings]
    ) => [`Host ${alias}`, ...Object.entries({ ...common, ...settings }).map(([key, value]) => `  ${key} ${value}`)])
    yield* fs.writeFileString(file, [...text.flat(), "", yield* fs.readFileString(sandbox.configFile)].join("\n"))
    return file
  })

/** A program that must fail over such a config, and must leave nothing. */
export const failsOver = <A, E extends Explained>(
  sandbox: Sandbox.Sandbox["Type"],
  blocks: Readonly<Record<string, Readonly<Record<string, string>>>>,
  program: Effect.Effect<A, E, Lazycluster.Lazycluster | Scope.Scope>,
  ssh?: Lazycluster.Options["ssh"]
) =>
  Effect.gen(function*() {
    const file = yield* configure(sandbox, blocks)
    const { error, reports } = yield* fails(Effect.provide(Effect.scoped(program), services(sandbox, file, ssh)))
    yield* nothingLeft(sandbox, reports)
    return error
  })
