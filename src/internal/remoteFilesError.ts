/**
 * What went wrong with a file of a host, as @effect/platform says it: by the same codes as on this machine.
 *
 * @since 0.1.0
 */
import { BadArgument, type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import type { SshError } from "../services/SshError.ts"

/** Those that @effect/platform-node tells apart. */
const reasons = new Map<string | undefined, SystemErrorReason>([
  ["ENOENT", "NotFound"],
  ["EACCES", "PermissionDenied"],
  ["EEXIST", "AlreadyExists"],
  ["EISDIR", "BadResource"],
  ["ENOTDIR", "BadResource"],
  ["EBUSY", "Busy"],
  ["ELOOP", "BadResource"]
])

/**
 * `asked` is the path as the caller wrote it, or the number of an open file.
 *
 * @internal
 */
export const of = (method: string, asked: string | number, error: SshError): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method,
    reason: reasons.get(error.code) ?? "Unknown",
    pathOrDescriptor: asked,
    description: error.code === undefined ? error.message : `${error.code}: ${error.detail}`,
    cause: error
  })

/** @internal */
export const named =
  (method: string, asked: string | number) =>
  <A, R>(effect: Effect.Effect<A, SshError, R>): Effect.Effect<A, PlatformError, R> =>
    Effect.mapError(effect, (error) => of(method, asked, error))

/**
 * The name that no system knows.
 *
 * @internal
 */
export const nul = (method: string): PlatformError =>
  new BadArgument({ module: "FileSystem", method, description: "a path without null bytes is needed" })

/**
 * No host is asked for the empty path.
 *
 * @internal
 */
export const empty = (method: string): PlatformError =>
  new SystemError({
    module: "FileSystem",
    method,
    reason: "NotFound",
    pathOrDescriptor: "",
    description: "ENOENT: no such file or directory"
  })
