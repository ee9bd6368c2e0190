/**
 * Every error of this package as one: for a handler at the edge of a program.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ClusterError } from "./clusters/ClusterError.ts"
import { ClusterRunError } from "./clusters/ClusterRunError.ts"
import { DaskClientError } from "./clusters/DaskClientError.ts"
import { FminError } from "./clusters/FminError.ts"
import { MongoError } from "./clusters/MongoError.ts"
import { ExposeError } from "./runtimes/ExposeError.ts"
import { GroupError } from "./runtimes/GroupError.ts"
import { JoinError } from "./runtimes/JoinError.ts"
import { ExecutionLogError } from "./services/ExecutionLogError.ts"
import { FileTransferError } from "./services/FileTransferError.ts"
import { PythonEnvironmentError } from "./services/PythonEnvironmentError.ts"
import { RuntimeError } from "./services/RuntimeError.ts"
import { SshConfigError, SshError } from "./services/SshError.ts"
import { FunctionError } from "./tasks/FunctionError.ts"
import { RemoteWorkerError } from "./tasks/RemoteWorkerError.ts"
import { TaskError } from "./tasks/TaskError.ts"

/**
 * All of them: each has a tag, a `reason`, a message that says where and what, and mostly a `hint`. They pass through JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LazyclusterError = Schema.Union(
  SshConfigError,
  SshError,
  RuntimeError,
  GroupError,
  ExposeError,
  JoinError,
  TaskError,
  ExecutionLogError,
  FileTransferError,
  FunctionError,
  RemoteWorkerError,
  PythonEnvironmentError,
  ClusterError,
  ClusterRunError,
  DaskClientError,
  MongoError,
  FminError
)

/**
 * An error of this package.
 *
 * @since 0.1.0
 * @category models
 */
export type LazyclusterError = typeof LazyclusterError.Type

/**
 * Whether something is an error of this package.
 *
 * @since 0.1.0
 * @category guards
 * @example
 * import { LazyclusterError, Runtime } from "lazycluster"
 * import { Console, Effect } from "effect"
 *
 * const told = Effect.scoped(Runtime.make("host-1")).pipe(
 *   Effect.tapError((error) => LazyclusterError.isLazyclusterError(error) ? Console.error(error.hint) : Effect.void)
 * )
 */
export const isLazyclusterError: (u: unknown) => u is LazyclusterError = Schema.is(LazyclusterError)
