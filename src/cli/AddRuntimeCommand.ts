/**
 * `lazycluster add-runtime`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as AddRuntime from "./AddRuntime.ts"
import * as OptionValue from "./OptionValue.ts"
import * as Subcommand from "./Subcommand.ts"

/**
 * Writes a host into the ssh config, and tries it.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "add-runtime",
  description:
    "Write a host into the ssh config under a name, look at its host key, let your key in with --copy-id, and try it.",
  examples: [
    ["lazycluster add-runtime gpu-1 ada@10.0.0.7:22 --id_file ~/.ssh/id_ed25519", "A host with a key of yours"],
    ["lazycluster add-runtime gpu-1 ada@10.0.0.7 --copy-id", "A host that has only a password so far"],
    ["lazycluster add-runtime node-7 \"[2001:db8::7]:2222\" --jump gate", "An IPv6 address behind a jump host"],
    ["lazycluster add-runtime gpu-1 10.0.0.7 -o ForwardAgent=no --dry-run", "Only show what would be written"]
  ],
  json: true,
  config: {
    name: Args.text({ name: "NAME" }).pipe(Args.withDescription("What the host is to be called")),
    address: Args.text({ name: "user@host:port" }).pipe(
      Args.withDescription("Where it is; without user and port, what the ssh config says for all hosts")
    ),
    identityFile: OptionValue.orUndefined(
      Options.text("id-file").pipe(
        Options.withAlias("id_file"),
        Options.withPseudoName("file"),
        Options.withDescription("Your private key for it")
      )
    ),
    jump: OptionValue.text("jump", "host,...", "The hosts to go through: [user@]host[:port], as of ssh -J"),
    options: Options.repeated(
      Options.text("option").pipe(
        Options.withAlias("o"),
        Options.withPseudoName("KEY=VALUE"),
        Options.withDescription("A further setting of ssh_config; may come more than once")
      )
    ),
    config: OptionValue.sshConfig("The ssh config to write to instead of ~/.ssh/config"),
    copyId: Options.boolean("copy-id").pipe(
      Options.withDescription("Let your public key in there, as ssh-copy-id does; asks for the password")
    ),
    acceptNew: Options.boolean("accept-new").pipe(
      Options.withDescription(
        "Take and note the host's key without a question if it is not known; a changed key is refused"
      )
    ),
    noTest: Options.boolean("no-test").pipe(Options.withDescription("Do not connect")),
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only show what would be written"))
  },
  run: AddRuntime.run
})
