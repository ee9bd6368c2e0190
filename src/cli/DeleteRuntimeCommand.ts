/**
 * `lazycluster delete-runtime`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as platform from "../internal/platform.ts"
import * as SshConfigEdit from "../services/SshConfigEdit.ts"
import * as OptionValue from "./OptionValue.ts"
import * as RemoteKernel from "./RemoteKernel.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/**
 * What `--json` prints.
 *
 * @since 0.1.0
 * @category models
 */
export const Deleted = Schema.Struct({
  name: Schema.String,
  file: Schema.String,
  /** Of a dry run: what would be written. */
  diff: Schema.optional(Schema.String),
  /** Kernels of remote_ikernel that went with it; of a dry run: that would go. */
  kernels: Schema.Array(Schema.String)
})

const encode = Schema.encodeSync(Deleted)

/**
 * Takes a host out of the ssh config.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "delete-runtime",
  description:
    "Take a host out of the ssh config, and its kernels of remote_ikernel where that is installed. Keys are kept.",
  examples: [
    ["lazycluster delete-runtime gpu-1", "From ~/.ssh/config"],
    ["lazycluster delete-runtime gpu-1 --dry-run", "Only show what would go"]
  ],
  json: true,
  config: {
    name: Args.text({ name: "NAME" }).pipe(Args.withDescription("The name of the host in the ssh config")),
    config: OptionValue.sshConfig("The ssh config to take it from instead of ~/.ssh/config"),
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only show what would go"))
  },
  run: ({ config, dryRun, name }) =>
    Effect.gen(function*() {
      const change = yield* SshConfigEdit.remove(name, { file: config })
      const { file } = change
      const found = yield* RemoteKernel.find(name)
      if (dryRun) {
        const diff = SshConfigEdit.diff(change)
        return yield* View.data(
          encode({ name, file, diff, kernels: found }),
          () => [diff, ...found.map((kernel) => `remote_ikernel manage --delete ${kernel}`)].join("\n")
        )
      }
      const backup = yield* SshConfigEdit.write(change)
      const kernels = yield* RemoteKernel.remove(name, found)
      yield* View.note(
        `${file}${Option.match(backup, { onNone: () => "", onSome: (path) => `, as it was: ${path}` })}`
      )
      yield* View.data(
        encode({ name, file, kernels }),
        () => [`deleted ${name}`, ...kernels.map((kernel) => `deleted its kernel ${kernel}`)].join("\n")
      )
    }).pipe(Effect.provide(platform.layer))
})
