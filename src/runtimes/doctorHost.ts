/**
 * One host, looked at over one connection.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import { jumpsTo, type Named } from "../internal/sshJumps.ts"
import type { Host } from "../services/Host.ts"
import * as Progress from "../services/Progress.ts"
import { Ssh } from "../services/Ssh.ts"
import { type ResolvedHost, SshConfig } from "../services/SshConfig.ts"
import type { SshConnection } from "../services/SshConnection.ts"
import type { SshConfigError, SshError } from "../services/SshError.ts"
import * as doctorConnection from "./doctorConnection.ts"
import * as DoctorFinding from "./DoctorFinding.ts"
import * as doctorReport from "./doctorReport.ts"
import * as doctorWay from "./doctorWay.ts"
import * as Runtime from "./Runtime.ts"

/**
 * What is known of a host so far; it grows while it is looked at.
 *
 * @internal
 */
export interface Chart {
  readonly host: string
  readonly findings: ReadonlyArray<DoctorFinding.DoctorFinding>
  readonly report: doctorReport.Report | undefined
  /** In use as long as the scope of the examination is open: for the table of who reaches whom. */
  readonly runtime: Runtime.Runtime | undefined
}

/** @internal */
export const blank = (host: string): Chart => ({ host, findings: [], report: undefined, runtime: undefined })

/**
 * A host and the way to it, as the ssh config has them.
 *
 * @internal
 */
export interface Patient {
  readonly host: Host
  readonly resolved: ResolvedHost
  readonly jumps: ReadonlyArray<Named>
}

/** @internal */
export const patient = (host: Host): Effect.Effect<Patient, SshConfigError, SshConfig> =>
  Effect.gen(function*() {
    const { resolve } = yield* SshConfig
    const resolved = yield* resolve(host)
    return { host, resolved, jumps: yield* jumpsTo(resolved, resolve) }
  })

/** What an error of the config says while a connection is made is found in the config. */
const way = ({ host, jumps }: Patient, error: SshError | SshConfigError): ReadonlyArray<DoctorFinding.DoctorFinding> =>
  error._tag === "SshConfigError"
    ? [doctorWay.misnamed(host.alias, error)]
    : doctorWay.unreached(host.alias, jumps.map(({ host }) => host.alias), error)

const looked = Effect.fnUntraced(function*(
  connection: SshConnection,
  note: (...findings: ReadonlyArray<DoctorFinding.DoctorFinding>) => Effect.Effect<void>,
  chart: Ref.Ref<Chart>
) {
  const host = connection.host.alias
  const report = yield* Effect.either(doctorReport.ask(connection))
  if (Either.isLeft(report)) return yield* note(DoctorFinding.wrong(DoctorFinding.on(host), "shell", report.left))
  yield* Ref.update(chart, (all) => ({ ...all, report: report.right }))
  const directory = doctorReport.value(report.right, "path.tmp") ?? "/tmp"
  if (doctorReport.value(report.right, "write.tmp") !== "yes") {
    return yield* note(DoctorFinding.on(host)("sockets", "skipped", `${directory} cannot be written`))
  }
  yield* Effect.flatMap(doctorConnection.sockets(connection, directory), note)
})

/**
 * Looks at a host; what is found is in the chart as soon as it is. The runtime is acquired in the scope that is given.
 *
 * @internal
 */
export const examine = Effect.fnUntraced(function*(
  patient: Patient,
  chart: Ref.Ref<Chart>,
  scope: Scope.Scope
): Effect.fn.Return<void, never, Ssh> {
  const { host, jumps, resolved } = patient
  const { connect } = yield* Ssh
  const note = (...findings: ReadonlyArray<DoctorFinding.DoctorFinding>) =>
    Ref.update(chart, (all) => ({ ...all, findings: [...all.findings, ...findings] }))
  yield* note(doctorWay.config(host.alias, resolved))
  const connection = yield* Effect.either(
    Progress.step(host.alias, "connect", () => Scope.extend(connect(host), scope))
  )
  if (Either.isLeft(connection)) return yield* note(...way(patient, connection.left))
  const link = connection.right
  const identity = yield* link.identity
  yield* note(...doctorWay.reached(host.alias, jumps.map(({ host }) => host.alias), identity))
  yield* Progress.step(host.alias, "examine", (said) =>
    Effect.gen(function*() {
      yield* said("sessions")
      yield* Effect.flatMap(doctorConnection.sessions(link), note)
      yield* said("forwards, files, machine")
      yield* Effect.all([
        Effect.flatMap(doctorConnection.forwards(link), (all) => note(...all)),
        Effect.flatMap(doctorConnection.files(link), note),
        looked(link, note, chart)
      ], { concurrency: "unbounded", discard: true })
      yield* said("guardian")
      const runtime = yield* Effect.either(Scope.extend(Runtime.make(host), scope))
      const say = DoctorFinding.on(host.alias)
      if (Either.isLeft(runtime)) return yield* note(DoctorFinding.wrong(say, "runtime", runtime.left))
      yield* Ref.update(chart, (all) => ({ ...all, runtime: runtime.right }))
      yield* note(say("runtime", "ok", "a guardian runs there, and takes all of it away again"))
    }))
})
