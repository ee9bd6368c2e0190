/**
 * Files of a host one operation at a time, as its system does them: what `RemoteFileSystem` is made of. Every error is an
 * `SshError` `Transfer` with the code of the system (`ENOENT`), as far as the host tells.
 *
 * @since 0.1.0
 */
import type { File, OpenFlag, WatchEvent } from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { SshError } from "./SshError.ts"

/**
 * An open file. Closed with the scope that it was opened in.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpenFile {
  readonly info: Effect.Effect<File.Info, SshError>
  readonly sync: Effect.Effect<void, SshError>
  /** Up to `length` bytes; empty at the end of the file. */
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, SshError>
  /** All of the bytes. A file opened to append takes them at its end, whatever the offset. */
  readonly write: (offset: number, bytes: Uint8Array) => Effect.Effect<void, SshError>
  readonly truncate: (length: number) => Effect.Effect<void, SshError>
}

/**
 * An entry of a directory. Links are not followed: one to a directory is no directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface DirectoryEntry {
  readonly name: string
  readonly directory: boolean
  /** Changes with the entry: of its size and its time, as finely as the host tells. */
  readonly stamp?: string | undefined
}

/**
 * What a session for files answers by itself, each with one system call.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileRequests {
  readonly open: (
    path: string,
    flag: OpenFlag,
    mode?: number | undefined
  ) => Effect.Effect<OpenFile, SshError, Scope.Scope>
  /** Follows links. */
  readonly info: (path: string) => Effect.Effect<File.Info, SshError>
  readonly entries: (path: string) => Effect.Effect<ReadonlyArray<DirectoryEntry>, SshError>
  readonly makeDirectory: (path: string, mode?: number | undefined) => Effect.Effect<void, SshError>
  readonly unlink: (path: string) => Effect.Effect<void, SshError>
  /** Replaces a file, or an empty directory by another. */
  readonly rename: (from: string, to: string) => Effect.Effect<void, SshError>
  readonly link: (existing: string, path: string) => Effect.Effect<void, SshError>
  readonly symlink: (target: string, path: string) => Effect.Effect<void, SshError>
  readonly readLink: (path: string) => Effect.Effect<string, SshError>
  readonly realPath: (path: string) => Effect.Effect<string, SshError>
  readonly chmod: (path: string, mode: number) => Effect.Effect<void, SshError>
  readonly chown: (path: string, user: number, group: number) => Effect.Effect<void, SshError>
  /** Both in seconds since 1970. */
  readonly utimes: (path: string, accessed: number, modified: number) => Effect.Effect<void, SshError>
  readonly truncate: (path: string, length: number) => Effect.Effect<void, SshError>
}

/**
 * With what the host does in one go, where a session for files would take many.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileCalls extends FileRequests {
  readonly access: (
    path: string,
    options: { readonly readable: boolean; readonly writable: boolean }
  ) => Effect.Effect<void, SshError>
  readonly remove: (
    path: string,
    options: { readonly recursive: boolean; readonly force: boolean }
  ) => Effect.Effect<void, SshError>
  /** A file, or a directory with all that is in it; what is there already stays, but for files with `overwrite`. */
  readonly copy: (
    from: string,
    to: string,
    options: { readonly overwrite: boolean; readonly preserveTimestamps: boolean }
  ) => Effect.Effect<void, SshError>
  readonly copyFile: (from: string, to: string) => Effect.Effect<void, SshError>
  /** Names from the path on; from its directory where it is a file. */
  readonly watch: (
    path: string,
    options: { readonly recursive: boolean }
  ) => Stream.Stream<WatchEvent, SshError>
}
