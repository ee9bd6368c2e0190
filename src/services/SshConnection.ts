/**
 * What can be done with one host. The live layer answers it with ssh2, the manager with its own processes and sockets,
 * `InMemorySsh` with a model: everything above sees this interface only.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Duplex } from "../internal/duplex.ts"
import type { FileCalls, FileRequests } from "./FileCalls.ts"
import type { Host } from "./Host.ts"
import type { HostIdentity } from "./HostIdentity.ts"
import type { SshError } from "./SshError.ts"

/**
 * A script of this package that runs on hosts under a name. The live layer ships its source over the channel's standard
 * input; the model in memory answers to the name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Program {
  readonly name: string
  readonly language: "sh" | "python" | "node"
  readonly source: string
}

/**
 * A shell program and its words (its arguments). Words travel over standard input, so they may hold secrets and any bytes but NUL,
 * and never show in a process list.
 *
 * @since 0.1.0
 * @category models
 */
export interface Invocation {
  readonly program: Program
  readonly words: ReadonlyArray<string>
}

/**
 * How a process ended: an exit code, or 128 + n and the name (without `SIG`) of the signal n that ended it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExitStatus {
  readonly code: number
  readonly signal?: string | undefined
}

/**
 * A process on a host. Both outputs must be read, or it stalls once their buffers are full. Closing its scope closes the
 * channel, which is not sure to end the process: what must end is started through a Runtime.
 *
 * @since 0.1.0
 * @category models
 */
export interface RemoteProcess {
  /** Waits while the peer's window is full. */
  readonly write: (chunk: Uint8Array | string) => Effect.Effect<void, SshError>
  readonly endInput: Effect.Effect<void>
  readonly stdout: Stream.Stream<Uint8Array, SshError>
  readonly stderr: Stream.Stream<Uint8Array, SshError>
  /** Fails with `LinkLost` when the connection goes first. */
  readonly exit: Effect.Effect<ExitStatus, SshError>
}

/**
 * What kind of thing a path is, its size in bytes and its permission bits.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileStat {
  readonly type: "file" | "directory" | "link" | "other"
  readonly size: number
  readonly mode: number
  /** Seconds since 1970. */
  readonly modified: number
}

/**
 * Files of a host. Relative paths are taken from the home directory. Errors have reason `Transfer`, or
 * `LinkLost` when the connection has gone.
 *
 * @since 0.1.0
 * @category models
 */
export interface Files {
  /** `None` when there is nothing at that path. Follows links. */
  readonly stat: (path: string) => Effect.Effect<Option.Option<FileStat>, SshError>
  /** Names in a directory, sorted, without `.` and `..`. */
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, SshError>
  /** Makes a directory and its parents; one that exists is fine. */
  readonly makeDirectory: (path: string) => Effect.Effect<void, SshError>
  /** Up to `length` bytes from `offset`; empty at the end of the file. */
  readonly read: (path: string, offset: number, length: number) => Effect.Effect<Uint8Array, SshError>
  /** The whole file from `offset` on (default 0). */
  readonly readAll: (path: string, offset?: number) => Stream.Stream<Uint8Array, SshError>
  /** Replaces or makes a file with that mode (default 0o644). */
  readonly write: <E, R>(
    path: string,
    content: Stream.Stream<Uint8Array, E, R>,
    mode?: number
  ) => Effect.Effect<void, SshError | E, R>
  readonly chmod: (path: string, mode: number) => Effect.Effect<void, SshError>
  /** Replaces the target if it exists. */
  readonly rename: (from: string, to: string) => Effect.Effect<void, SshError>
  /** Removes a file; one that is not there is fine. */
  readonly removeFile: (path: string) => Effect.Effect<void, SshError>
  /** One operation at a time, as the system of the host does them. Paths are absolute. */
  readonly calls: FileCalls
  /** Whether the session behind it has ended while the connection lives; absent where that cannot be. */
  readonly over?: Effect.Effect<boolean> | undefined
}

/**
 * The files of one session, without what it takes a program on the host for.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionFiles extends Omit<Files, "calls"> {
  readonly calls: FileRequests
}

/**
 * A TCP port of a host. `port` 0 listens on any free port.
 *
 * @since 0.1.0
 * @category models
 */
export interface TcpAddress {
  /** Default `127.0.0.1`. */
  readonly address?: string | undefined
  readonly port: number
}

/**
 * A Unix socket of a host, by its absolute path.
 *
 * @since 0.1.0
 * @category models
 */
export interface SocketAddress {
  readonly path: string
}

/**
 * Where to listen or to dial on a host.
 *
 * @since 0.1.0
 * @category models
 */
export type Address = TcpAddress | SocketAddress

/**
 * A listening port or socket of a host: bound when its `listen` succeeded, free once its scope is closed. The file of a
 * socket goes with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** The port that was bound; 0 for a Unix socket. */
  readonly port: number
  /** Each connection, as long as its consumer holds it. Fails when the listener is lost with its link. */
  readonly connections: Stream.Stream<Duplex, SshError>
}

/**
 * A connection to a host, shared by everything that uses the host.
 *
 * @since 0.1.0
 * @category models
 */
export interface SshConnection {
  readonly host: Host
  /** Never succeeds; fails with `LinkLost` when the link has gone. */
  readonly lost: Effect.Effect<never, SshError>
  /** Ends the link at once, as a cut would: for a peer that no longer answers. */
  readonly sever: Effect.Effect<void>
  /**
   * Starts a program. `lasting` (default `false`) marks sessions that live long: they take their own slots of the server's
   * limit (MaxSessions), a short one waits only behind short ones.
   */
  readonly exec: (
    invocation: Invocation,
    options?: { readonly lasting?: boolean | undefined }
  ) => Effect.Effect<RemoteProcess, SshError, Scope.Scope>
  /** One lasting session, opened at first use. */
  readonly files: Effect.Effect<Files, SshError, Scope.Scope>
  /**
   * Connects to an address as the host sees it: half closes pass through, errors destroy the stream. Fails with
   * `ForwardRefused` when nothing listens there, with `ForwardForbidden` when the server's rules are against it.
   */
  readonly dial: (to: Address) => Effect.Effect<Duplex, SshError, Scope.Scope>
  /**
   * Listens on the host. Fails with `PortInUse` when the port or the path is taken there, with `ForwardForbidden` when the
   * server's rules are against it. A dead socket of the same user does not count: it is replaced.
   */
  readonly listen: (at: Address) => Effect.Effect<Listener, SshError, Scope.Scope>
  /**
   * Runs the invocation once on every further TCP connection that this one opens when the server's sessions are used up,
   * as long as the scope is open. The first one is the caller's own business.
   */
  readonly anchor: (invocation: Invocation) => Effect.Effect<void, never, Scope.Scope>
  /** Runs a program on a TCP connection of its own, shared with nobody: for a word to a host whose connection is stalled. */
  readonly aside: (invocation: Invocation) => Effect.Effect<RemoteProcess, SshError, Scope.Scope>
  /** Who answers at the far end. */
  readonly identity: Effect.Effect<HostIdentity>
  /** TCP connections that carry this one now. */
  readonly transports: Effect.Effect<number>
}
