/**
 * A declared set of Python packages on a host: made once from pinned packages and kept, or an interpreter that is there, checked
 * and never changed.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { sha256 } from "../internal/digest.ts"
import * as Programs from "../internal/programs.ts"
import type { HostFacts } from "./HostFacts.ts"
import { failure, type PythonEnvironmentError } from "./PythonEnvironmentError.ts"
import * as Protocol from "./PythonEnvironmentProtocol.ts"
import { canonical, isHashed, parsePin, parsePython, type Pin, type PythonBound } from "./PythonPackages.ts"
import { converse, type PythonManager, type PythonTarget } from "./PythonTarget.ts"
import type { SshError } from "./SshError.ts"
import * as WheelDelivery from "./WheelDelivery.ts"
import type { Wheel } from "./WheelStore.ts"

export { agree } from "./PythonAgreement.ts"
export { PythonEnvironmentError } from "./PythonEnvironmentError.ts"

/**
 * An environment that is made where it is missing: packages as `NAME==VERSION`, and a bound on Python such as `3.11` or `>=3.10`.
 *
 * @since 0.1.0
 * @category models
 */
export class Pinned extends Schema.TaggedClass<Pinned>("lazycluster/PythonEnvironment/Pinned")("Pinned", {
  packages: Schema.Array(Schema.String),
  python: Schema.optional(Schema.String),
  /** For people; it has no part in the key. */
  name: Schema.optional(Schema.String)
}) {}

/**
 * An interpreter that is there, with the packages that it must have.
 *
 * @since 0.1.0
 * @category models
 */
export class Existing extends Schema.TaggedClass<Existing>("lazycluster/PythonEnvironment/Existing")("Existing", {
  interpreter: Schema.NonEmptyString,
  packages: Schema.Array(Schema.String),
  python: Schema.optional(Schema.String)
}) {}

/**
 * A declared environment: pure data.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PythonEnvironment = Schema.Union(Pinned, Existing)

/**
 * A declared environment.
 *
 * @since 0.1.0
 * @category models
 */
export type PythonEnvironment = typeof PythonEnvironment.Type

/**
 * Declares an environment of pinned packages. `provision` makes it.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { PythonEnvironment } from "lazycluster"
 *
 * PythonEnvironment.make({ packages: ["toolz==1.2.0"], python: ">=3.10" })
 */
export const make = (options: {
  readonly packages: ReadonlyArray<string>
  readonly python?: string | undefined
  readonly name?: string | undefined
}): Pinned =>
  Pinned.make({
    packages: options.packages,
    ...(options.python === undefined ? {} : { python: options.python }),
    ...(options.name === undefined ? {} : { name: options.name })
  })

/**
 * Declares an interpreter that is there already. `provision` checks it and changes nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const existing = (options: {
  readonly python: string
  readonly packages?: ReadonlyArray<string> | undefined
  /** A bound on its version. */
  readonly version?: string | undefined
}): Existing =>
  Existing.make({
    interpreter: options.python,
    packages: options.packages ?? [],
    ...(options.version === undefined ? {} : { python: options.version })
  })

/**
 * What is being done, for a person to see.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly host: string
  readonly step: "waiting" | "making" | "downloading" | "sending" | "installing" | "checking" | "done"
  readonly detail: string
}

/**
 * An environment that is there, on one host.
 *
 * @since 0.1.0
 * @category models
 */
export interface Provisioned {
  readonly host: string
  /** For an existing interpreter: its prefix. */
  readonly directory: string
  /** Absolute path of the interpreter. */
  readonly python: string
  readonly pythonVersion: string
  /** Version of each distribution, by its name in lower case with `-`. */
  readonly versions: Readonly<Record<string, string>>
  /** Bytes that it takes; 0 for what was not made here. */
  readonly size: number
  /** Whether this run made it. */
  readonly made: boolean
}

/**
 * How to provision.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Downloads wheels for hosts without an index, taken into use when one is met. Without it such hosts fail. */
  readonly manager?: PythonTarget | PythonManager | undefined
  /** Whether wheels come from the manager: `auto` (default) asks the host for its index first. */
  readonly wheels?: "auto" | "always" | "never" | undefined
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** For each run of an installer. Default 20 minutes. */
  readonly deadline?: Duration.DurationInput | undefined
  /** To wait for another maker. Default 20 minutes. */
  readonly lockDeadline?: Duration.DurationInput | undefined
}

/**
 * The name of an environment's directory: equal for equal packages, Python and platform. `tag` is as in wheels: `cp311`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const key = (
  pins: ReadonlyArray<Pin>,
  tag: string,
  facts: Pick<HostFacts, "system" | "machine" | "libc">
): string => {
  const platform = [facts.system, facts.machine, facts.libc].map((part) => part.toLowerCase().replaceAll(/[^\w.]/g, ""))
  return [sha256(canonical(pins).join("\n")).slice(0, 16), tag, ...platform.filter((part) => part !== "")].join("-")
}

/**
 * The packages and the bound on Python of an environment. It fails with `NotPinned` for a package without an exact version.
 *
 * @since 0.1.0
 * @category constructors
 */
export const check = (
  environment: PythonEnvironment,
  host = "packages"
): Either.Either<
  { readonly pins: ReadonlyArray<Pin>; readonly python: ReadonlyArray<PythonBound> },
  PythonEnvironmentError
> => {
  const read = environment.packages.map((line) => [line, parsePin(line)] as const)
  const open = read.filter(([, pin]) => Option.isNone(pin)).map(([line]) => JSON.stringify(line))
  if (open.length > 0) {
    return Either.left(
      failure({ reason: "NotPinned", host, step: "read packages", detail: `no exact version in ${open.join(", ")}` })
    )
  }
  const pins = Option.all(read.map(([, pin]) => pin))
  const bare = Option.getOrElse(pins, () => []).filter((pin) => !isHashed(pin))
  if (bare.length > 0 && bare.length < read.length) {
    const detail = `no hash for ${bare.map(({ name }) => name).join(", ")}, while others have one`
    return Either.left(failure({ reason: "NotPinned", host, step: "read packages", detail }))
  }
  const python = environment.python === undefined ? Option.some([]) : parsePython(environment.python)
  return Option.isSome(pins) && Option.isSome(python)
    ? Either.right({ pins: pins.value, python: python.value })
    : Either.left(failure({
      reason: "PythonVersion",
      host,
      step: "read the version of Python",
      detail: `${JSON.stringify(environment.python)} is neither a version such as 3.11 nor a bound such as >=3.10`
    }))
}

/** Minor version of musl 1; the newest that wheels are made for is 1.2. */
const muslOf = (libc: string): number | null =>
  libc.startsWith("musl") ? Number(/\b1\.(\d+)/.exec(libc)?.[1] ?? 2) : null

const defaultDeadline = Duration.minutes(20)

const seconds = (input: Duration.DurationInput = defaultDeadline): number => Duration.toSeconds(input)

/**
 * The environment on a host: found when it was made before, else made. Two makers at a time make one; one that dies leaves
 * nothing that another takes for whole. It is kept on purpose, in the host's cache, stamped with its last use.
 *
 * @since 0.1.0
 * @category execution
 */
export const provision: (
  environment: PythonEnvironment,
  target: PythonTarget,
  options?: Options
) => Effect.Effect<Provisioned, PythonEnvironmentError | SshError> = Effect.fn("PythonEnvironment.provision")(
  function*(environment, target, options = {}) {
    const host = target.host.alias
    yield* Effect.annotateCurrentSpan({ host, name: environment._tag === "Pinned" ? environment.name : undefined })
    const { pins, python } = yield* check(environment, host)
    const program = yield* Programs.load("environment", "python")
    const tell = (step: Progress["step"], detail: string) => options.onProgress?.({ host, step, detail }) ?? Effect.void
    const wheels = yield* WheelDelivery.source(target, options)
    const { manager = target } = options
    const from = yield* Effect.cached(Effect.isEffect(manager) ? manager : Effect.succeed(manager))
    const request = yield* Effect.orDie(
      Schema.encode(Protocol.Request)({
        mode: environment._tag === "Pinned" ? "provision" : "existing",
        pins,
        python,
        // The host fills in what only it knows.
        directory: `${target.facts.cache}/environments/${key(pins, "%TAG%", target.facts)}`,
        cache: target.facts.cache,
        wheels,
        musl: muslOf(target.facts.libc),
        deadline: seconds(options.deadline),
        lockDeadline: seconds(options.lockDeadline)
      })
    )
    const held = yield* Ref.make<ReadonlyArray<Wheel>>([])
    return yield* converse(target, {
      program,
      request,
      python: environment._tag === "Existing" ? environment.interpreter : target.facts.pythonPath || "python3",
      step: "start Python",
      decode: Schema.decodeOption(Protocol.Message),
      handle: Effect.fnUntraced(function*(message, reply): Effect.fn.Return<
        Option.Option<Provisioned>,
        PythonEnvironmentError | SshError,
        Scope.Scope
      > {
        if ("failed" in message) return yield* failure({ ...message.failed, host })
        if ("step" in message) {
          yield* tell(message.step, message.detail)
          return Option.none()
        }
        if ("done" in message) {
          yield* tell("done", message.done.directory)
          return Option.some({ ...message.done, host })
        }
        if (message.ask === "wheels") {
          const wheels = yield* WheelDelivery.download(target, yield* from, options, message)
          yield* Ref.set(held, wheels)
          yield* reply(yield* Effect.orDie(Schema.encode(Protocol.Wheels)({ wheels })))
          return Option.none()
        }
        const wheels = (yield* Ref.get(held)).filter((wheel) => message.missing.includes(wheel.sha256))
        yield* WheelDelivery.send(wheels, target, yield* from, options)
        yield* reply("{}")
        return Option.none()
      })
    })
  },
  Effect.scoped
)
