/**
 * What goes wrong with a command of a host, as Node's executor says it of one of its own machine.
 *
 * @since 0.1.0
 */
import type { StandardCommand } from "@effect/platform/Command"
import { BadArgument, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import type { Refusal } from "../services/RemoteCommandExecutor.ts"
import type { SshError } from "../services/SshError.ts"

/** As Node's executor names commands in its errors. */
const describe = (commands: ReadonlyArray<StandardCommand>): string =>
  commands.map(({ args, command }) => `${command} ${args.join(" ")}`).join(" | ")

const refusals = {
  missing: { reason: "NotFound", code: "ENOENT", text: "no such file or directory" },
  denied: { reason: "PermissionDenied", code: "EACCES", text: "permission denied" },
  file: { reason: "BadResource", code: "ENOTDIR", text: "not a directory" }
} as const

/** @internal */
export const refused = ({ step, why }: Refusal, command: StandardCommand, cwd: string): SystemError => {
  const { code, reason, text } = refusals[why]
  return step === "access"
    ? new SystemError({
      reason,
      module: "FileSystem",
      method: "access",
      pathOrDescriptor: cwd,
      syscall: "access",
      description: `${code}: ${text}, access '${cwd}'`
    })
    : new SystemError({
      reason,
      module: "Command",
      method: "spawn",
      pathOrDescriptor: describe([command]),
      syscall: `spawn ${command.command}`,
      description: `spawn ${command.command} ${code}`
    })
}

const reasons: Partial<Record<SshError["reason"], SystemErrorReason>> = {
  LinkLost: "UnexpectedEof",
  Timeout: "TimedOut",
  ChannelRefused: "Busy",
  NameUnknown: "NotFound",
  Authentication: "PermissionDenied",
  HostKeyUnknown: "PermissionDenied",
  HostKeyChanged: "PermissionDenied"
}

/** @internal */
export const ofSsh = (method: string, commands: ReadonlyArray<StandardCommand>) => (cause: SshError): SystemError =>
  new SystemError({
    reason: reasons[cause.reason] ?? "Unknown",
    module: "Command",
    method,
    pathOrDescriptor: describe(commands),
    description: cause.message,
    cause
  })

/** @internal */
export const failed = (method: string, commands: ReadonlyArray<StandardCommand>, description: string): SystemError =>
  new SystemError({ reason: "Unknown", module: "Command", method, pathOrDescriptor: describe(commands), description })

/** @internal */
export const unusable = (method: string, description: string): BadArgument =>
  new BadArgument({ module: "Command", method, description })
