/**
 * Looks at hosts, and at the machine that runs this program: what keeps them from being used, and what mends it.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Host from "../services/Host.ts"
import * as Progress from "../services/Progress.ts"
import type { Ssh } from "../services/Ssh.ts"
import { SshConfig } from "../services/SshConfig.ts"
import * as DoctorFinding from "./DoctorFinding.ts"
import * as doctorHost from "./doctorHost.ts"
import * as doctorMachine from "./doctorMachine.ts"
import * as doctorManager from "./doctorManager.ts"
import * as doctorPython from "./doctorPython.ts"
import * as doctorReach from "./doctorReach.ts"
import type { Report } from "./doctorReport.ts"
import * as doctorWay from "./doctorWay.ts"
import * as Reachability from "./Reachability.ts"
import * as Runtime from "./Runtime.ts"

/**
 * All that was found, by host, the manager first.
 *
 * @since 0.1.0
 * @category models
 */
export class Diagnosis extends Schema.Class<Diagnosis>("lazycluster/Diagnosis")({
  findings: Schema.Array(DoctorFinding.DoctorFinding),
  /** Who reaches whom without SSH, where two hosts or more can be used. */
  reachability: Schema.optional(Reachability.Reachability)
}) {}

/**
 * How hosts are looked at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** For one host; others do not wait for it. Default 1 minute. */
  readonly deadline?: Duration.DurationInput | undefined
  /** Hosts at a time. Default 32. */
  readonly concurrency?: number | undefined
}

const rank = new Map(DoctorFinding.Check.literals.map((check, index) => [check, index]))

/** The way with its hops is in order already: only what was found side by side is not. */
const inOrder = Arr.sort(
  Order.mapInput(
    Order.number,
    ({ check, hop }: DoctorFinding.DoctorFinding) =>
      hop === undefined ? rank.get(check) ?? rank.size : rank.get("jump") ?? 0
  )
)

/** A host that hangs is left to itself: it ends with the scope. */
const bounded =
  (chart: Ref.Ref<doctorHost.Chart>, deadline: Duration.Duration) =>
  <R>(examination: Effect.Effect<void, never, R>): Effect.Effect<doctorHost.Chart, never, R> =>
    examination.pipe(
      Effect.disconnect,
      Effect.timeoutOption(deadline),
      Effect.flatMap((ended) =>
        Ref.updateAndGet(chart, (all) =>
          Option.isSome(ended) ? all : {
            ...all,
            findings: [
              ...all.findings,
              DoctorFinding.on(all.host)(
                "deadline",
                "problem",
                `not all was seen within ${Duration.format(deadline)}`,
                `is it under load, or the way to it slow? \`ssh ${all.host} uptime\``
              )
            ]
          })
      )
    )

const examineHost = Effect.fnUntraced(function*(
  named: Either.Either<doctorHost.Patient, DoctorFinding.DoctorFinding>,
  deadline: Duration.Duration,
  scope: Scope.Scope
): Effect.fn.Return<doctorHost.Chart, never, Ssh> {
  if (Either.isLeft(named)) return { ...doctorHost.blank(named.left.host), findings: [named.left] }
  const chart = yield* Ref.make(doctorHost.blank(named.right.host.alias))
  return yield* bounded(chart, deadline)(doctorHost.examine(named.right, chart, scope))
})

const ofMachine = ({ host, report }: doctorHost.Chart, manager: Report | undefined) =>
  report === undefined ? [] : [
    ...doctorMachine.ofHost(host, report),
    ...(manager === undefined
      ? [doctorPython.verdict(host, report, report)]
      : [doctorPython.verdict(host, report, manager)])
  ]

/** The table is made of two hosts or more, and of the manager where that can be used. */
const tried = (runtimes: ReadonlyArray<Runtime.Runtime>) =>
  runtimes.length < 2 ? Effect.succeedNone : Effect.gen(function*() {
    const manager = yield* Effect.option(Runtime.manager())
    return yield* Progress.step(
      "all hosts",
      "who reaches whom",
      () => Effect.asSome(Reachability.probe([...Option.toArray(manager), ...runtimes]))
    )
  })

/**
 * Looks at these hosts, and at the manager; without names at all of the ssh config. Each host is reached once, all at the same
 * time, and what is tried there is taken back. Never fails: what cannot be done is a finding.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Doctor } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { findings } = yield* Doctor.examine(["host-1", "host-2"])
 *   for (const { check, detail, host, mend } of Doctor.problems(findings)) {
 *     yield* Console.log(`${host}: ${check}: ${detail}; ${mend ?? ""}`)
 *   }
 * })
 */
export const examine = Effect.fn("Doctor.examine")(function*(
  hosts?: ReadonlyArray<string> | undefined,
  options: Options = {}
): Effect.fn.Return<Diagnosis, never, Ssh | SshConfig> {
  const { concurrency = 32 } = options
  const deadline = Duration.decode(options.deadline ?? "1 minute")
  return yield* Effect.scoped(Effect.gen(function*() {
    const scope = yield* Effect.scope
    const config = yield* SshConfig
    const known = hosts === undefined ? yield* Effect.either(config.aliases) : Either.right(hosts)
    const patients = yield* Effect.forEach(
      Either.getOrElse(known, () => []),
      (name) =>
        Effect.flatMap(Host.parse(name), doctorHost.patient).pipe(
          Effect.mapError((error) => doctorWay.misnamed(name, error)),
          Effect.either
        )
    )
    const resolved = patients.flatMap((patient) => Either.isRight(patient) ? [patient.right.resolved] : [])
    const [manager, charts] = yield* Effect.all([
      Effect.flatMap(config.file, (file) => doctorManager.examine(resolved, Option.getOrElse(file, () => ""))),
      Effect.forEach(patients, (patient) => examineHost(patient, deadline, scope), { concurrency })
    ], { concurrency: 2 })
    const reachability = yield* tried(charts.flatMap(({ runtime }) => runtime === undefined ? [] : [runtime]))
    const reach = Option.match(reachability, { onNone: () => [], onSome: doctorReach.findings })
    const say = DoctorFinding.on(Host.manager.alias)
    return Diagnosis.make({
      findings: [
        ...inOrder([
          ...(Either.isLeft(known)
            ? [DoctorFinding.wrong(say, "config", known.left)]
            : known.right.length === 0
            ? [say("config", "warning", "the ssh config names no host", "lazycluster add-runtime NAME user@host")]
            : []),
          ...manager.findings,
          ...(manager.report === undefined ? [] : [
            ...doctorMachine.ofManager(Host.manager.alias, manager.report),
            doctorPython.verdict(Host.manager.alias, manager.report, undefined)
          ])
        ]),
        ...charts.flatMap((chart) =>
          inOrder([
            ...chart.findings,
            ...ofMachine(chart, manager.report),
            ...reach.filter(({ host }) => host === chart.host)
          ])
        )
      ],
      ...(Option.isSome(reachability) ? { reachability: reachability.value } : {})
    })
  }))
})

/**
 * Those that keep lazycluster from working.
 *
 * @since 0.1.0
 * @category combinators
 */
export const problems = (
  findings: ReadonlyArray<DoctorFinding.DoctorFinding>
): ReadonlyArray<DoctorFinding.DoctorFinding> => findings.filter(({ verdict }) => verdict === "problem")
