/**
 * `lazycluster doctor`: what keeps hosts from being used, and what to type.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Doctor from "../runtimes/Doctor.ts"
import { explain } from "../services/SshError.ts"
import * as DoctorReport from "./DoctorReport.ts"
import * as HostOptions from "./HostOptions.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/**
 * Something keeps hosts, or this machine, from being used. What was found has been printed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProblemsFound extends Schema.TaggedError<ProblemsFound>("lazycluster/cli/ProblemsFound")("ProblemsFound", {
  count: Schema.Int,
  hosts: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return explain({ what: `${this.count} ${this.count === 1 ? "problem" : "problems"} on ${this.hosts.join(", ")}` })
  }
}

const isDumb = Config.string("TERM").pipe(
  Config.withDefault(""),
  Effect.orDie,
  Effect.map((terminal) => terminal === "dumb")
)

const examine = Effect.fnUntraced(function*(names: ReadonlyArray<string> | undefined, all: boolean) {
  const diagnosis = yield* Doctor.examine(names)
  const ascii = yield* isDumb
  const json = yield* Effect.orDie(Schema.encode(Doctor.Diagnosis)(diagnosis))
  yield* View.data(json, (paint, columns) => DoctorReport.render(diagnosis, { paint, columns, all, ascii }))
  const problems = Doctor.problems(diagnosis.findings)
  if (problems.length > 0) {
    return yield* new ProblemsFound({ count: problems.length, hosts: [...new Set(problems.map(({ host }) => host))] })
  }
})

/**
 * Looks at hosts and at this machine.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "doctor",
  description:
    "Look at hosts and at this machine: the way there hop by hop, keys, what sshd allows, clock, disk, Python, GPU, who reaches whom. It says what to type for each problem, and ends with 1 if there is one. One connection a host; nothing is changed there.",
  examples: [
    ["lazycluster doctor", "This machine and all hosts of the ssh config"],
    ["lazycluster doctor host-1 host-2 --all", "Two hosts, with all that is well"],
    ["lazycluster doctor --json", "As data: the schema is Doctor.Diagnosis of the library"]
  ],
  json: true,
  config: {
    hosts: HostOptions.options,
    all: Options.boolean("all").pipe(
      Options.withAlias("a"),
      Options.withDescription("A line for each check, also for what is well")
    ),
    named: Args.text({ name: "HOST" }).pipe(
      Args.withDescription("Aliases of the ssh config, or user@host:port; all of the ssh config without one"),
      Args.repeated
    )
  },
  run: ({ all, hosts, named }) =>
    Effect.flatMap(
      HostOptions.named("doctor", hosts, named),
      (hosts) => HostOptions.use(hosts, ({ names }) => examine(names, all))
    )
})
