/**
 * Files between this machine and all runtimes of a group.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as transferPaths from "../internal/transferPaths.ts"
import * as FileTransfer from "../services/FileTransfer.ts"
import type { FileTransferError } from "../services/FileTransferError.ts"
import type { SshError } from "../services/SshError.ts"
import type { GroupError } from "./GroupError.ts"
import { onEach } from "./groupExecution.ts"
import type { Outcome, RuntimeGroup } from "./RuntimeGroup.ts"

type Outcomes = Effect.Effect<
  ReadonlyArray<Outcome<FileTransfer.Transferred, SshError | FileTransferError>>,
  SshError | FileTransferError | GroupError
>

/**
 * Copies a file or a directory to every runtime (default: under its own name, into the working directory). It is read and hashed
 * once; what a host has already is not sent to it. How many must succeed is the group's policy.
 *
 * @since 0.1.0
 * @category execution
 */
export const sendFile = (
  group: RuntimeGroup,
  local: string,
  path: string = transferPaths.nameOf(local),
  options: FileTransfer.Options = {}
): Outcomes =>
  Effect.flatMap(
    FileTransfer.prepare(local, options),
    (prepared) => onEach(group, (runtime) => prepared.send(runtime, path))
  )

/**
 * A name that is one directory, whatever the alias holds.
 *
 * @internal
 */
export const directoryOf = (alias: string): string => alias.replaceAll("/", "_").replace(/^\.+$/, "_")

/**
 * Copies a file or a directory from every runtime, to `LOCAL/HOST/NAME`. How many must succeed is the group's policy.
 *
 * @since 0.1.0
 * @category execution
 */
export const getFile = (
  group: RuntimeGroup,
  path: string,
  local: string,
  options: FileTransfer.Options = {}
): Outcomes =>
  onEach(
    group,
    (runtime) => FileTransfer.get(runtime, path, `${local}/${directoryOf(runtime.host.alias)}/`, options)
  )
