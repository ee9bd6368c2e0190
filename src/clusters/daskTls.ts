/**
 * Dask over TLS: one certificate, made for one cluster, whose key its processes and clients have. Who has it not is refused.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { type Certificate, selfSigned } from "../internal/certificate.ts"
import type { Runtime } from "../runtimes/Runtime.ts"
import type { SshError } from "../services/SshError.ts"
import { secretWord, type Word } from "./ClusterPlan.ts"
import * as ProcessFiles from "./processFiles.ts"

const certificateFile = "certificate.pem"
const keyFile = "key.pem"

/**
 * What a process of the plan is given.
 *
 * @internal
 */
export const secrets: ReadonlyArray<string> = [certificateFile, keyFile]

/**
 * How it is told of them.
 *
 * @internal
 */
export const flags: ReadonlyArray<Word> = [
  "--tls-ca-file",
  secretWord(certificateFile),
  "--tls-cert",
  secretWord(certificateFile),
  "--tls-key",
  secretWord(keyFile)
]

/**
 * Nobody of the cluster speaks without it.
 *
 * @internal
 */
export const environment: Readonly<Record<string, string>> = { DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: "true" }

/** @internal */
export const make: Effect.Effect<Certificate> = selfSigned("dask.lazycluster")

/**
 * By the names that the plan has for them.
 *
 * @internal
 */
export const contents = ({ certificate, key }: Certificate): Readonly<Record<string, Redacted.Redacted>> => ({
  [certificateFile]: Redacted.make(certificate),
  [keyFile]: key
})

/**
 * Files for Python's own clients on a machine, as long as the scope is open, and the variables by which Dask finds them.
 *
 * @internal
 */
export const variables = (
  made: Certificate,
  runtime: Runtime
): Effect.Effect<Readonly<Record<string, string>>, SshError, Scope.Scope> =>
  Effect.map(ProcessFiles.make({ secrets }, contents(made), runtime), (directory = "") => ({
    ...environment,
    DASK_DISTRIBUTED__COMM__TLS__CA_FILE: `${directory}/${certificateFile}`,
    DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT: `${directory}/${certificateFile}`,
    DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY: `${directory}/${keyFile}`
  }))
