/**
 * What a host is made of: read once, in the round trip that starts the guardian.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { SshError } from "./SshError.ts"

/**
 * A GPU, as `nvidia-smi` names it.
 *
 * @since 0.1.0
 * @category models
 */
export class Gpu extends Schema.Class<Gpu>("lazycluster/Gpu")({
  index: Schema.Int,
  name: Schema.String,
  /** Bytes. */
  memory: Schema.Number
}) {}

/**
 * The facts of a host.
 *
 * @since 0.1.0
 * @category models
 */
export class HostFacts extends Schema.Class<HostFacts>("lazycluster/HostFacts")({
  /** `uname -s`: `Linux`, `Darwin` … */
  system: Schema.String,
  /** `PRETTY_NAME` of os-release, else `uname -sr`. */
  os: Schema.String,
  /** `uname -m`: `x86_64`, `aarch64` … */
  machine: Schema.String,
  /** `glibc 2.36`, `musl` or empty. */
  libc: Schema.String,
  hostname: Schema.String,
  user: Schema.String,
  home: Schema.String,
  /** `${XDG_CACHE_HOME:-~/.cache}/lazycluster`: environments and wheels, kept on purpose. */
  cache: Schema.String,
  /** Changes with every boot; empty where there is no /proc. */
  bootId: Schema.String,
  /** `readlink /proc/self/ns/net`; empty where there is no /proc. */
  network: Schema.String,
  /** Cores that a process may use: affinity and cgroup quotas (v2 and v1) counted, at least a hundredth. */
  cpus: Schema.Number,
  /** Bytes that a process may use: cgroup limits (v2 and v1) counted. */
  memory: Schema.Number,
  gpus: Schema.Array(Gpu),
  /** Version of `python3` and its path; empty when there is none. */
  python: Schema.String,
  pythonPath: Schema.String,
  /** Paths of the executables that were asked for; those missing are left out. */
  executables: Schema.Record({ key: Schema.String, value: Schema.String })
}) {}

/**
 * Whether two hosts share a network, so that a loopback port of one is that of the other.
 *
 * @since 0.1.0
 * @category guards
 */
export const sameNetwork = (
  a: Pick<HostFacts, "bootId" | "network">,
  b: Pick<HostFacts, "bootId" | "network">
): boolean => a.bootId !== "" && a.bootId === b.bootId && a.network !== "" && a.network === b.network

const FactLines = Schema.Struct({
  ...HostFacts.fields,
  cpus: Schema.NumberFromString,
  memory: Schema.NumberFromString
})

const gpuOf = (text: string): Either.Either<Gpu, unknown> => {
  const [index, name, mebibytes] = text.split(",").map((part) => part.trim())
  return Schema.decodeUnknownEither(Gpu)({
    index: Number(index),
    name: name ?? "",
    memory: Number(mebibytes) * 1024 * 1024
  })
}

/**
 * The facts from the guardian's `fact KEY VALUE` lines. Keys that come more than once: `gpu` (`index, name, MiB`) and
 * `executable` (`name path`).
 *
 * @internal
 */
export const fromLines = (
  host: string,
  lines: ReadonlyArray<readonly [key: string, value: string]>
): Effect.Effect<HostFacts, SshError> => {
  const all = (key: string) => lines.filter(([k]) => k === key).map(([, value]) => value)
  const gpus = all("gpu").map(gpuOf).filter(Either.isRight).map((gpu) => gpu.right)
  const executables = Object.fromEntries(
    all("executable").map((entry) => [entry.slice(0, entry.indexOf(" ")), entry.slice(entry.indexOf(" ") + 1)])
  )
  return Schema.decodeUnknown(FactLines)({ ...Object.fromEntries(lines), gpus, executables }).pipe(
    Effect.map((facts) => HostFacts.make(facts)),
    Effect.mapError((cause) =>
      new SshError({
        reason: "Protocol",
        host,
        step: "facts",
        detail: `the host's facts cannot be read: ${cause.message}`,
        hint:
          "a start-up file of the login shell may print to standard output; make it silent for shells without a terminal",
        cause
      })
    )
  )
}
