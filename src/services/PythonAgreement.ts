/**
 * Whether environments of several hosts can work together.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { quoteAll } from "../internal/words.ts"
import type { Provisioned } from "./PythonEnvironment.ts"
import { failure, type PythonEnvironmentError } from "./PythonEnvironmentError.ts"
import { normalize } from "./PythonPackages.ts"

/** The version that more hosts have than any other. */
const usual = (groups: ReadonlyMap<string, ReadonlyArray<string>>): string | undefined => {
  const most = Math.max(...[...groups.values()].map((hosts) => hosts.length))
  const candidates = [...groups].filter(([, hosts]) => hosts.length === most)
  return candidates.length === 1 ? candidates[0]?.[0] : undefined
}

/** The hosts of each version. */
const groupsOf = (
  environments: ReadonlyArray<Provisioned>,
  versionOf: (environment: Provisioned) => string
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const groups = new Map<string, ReadonlyArray<string>>()
  for (const each of environments) {
    groups.set(versionOf(each), [...groups.get(versionOf(each)) ?? [], each.host])
  }
  return groups
}

const versionOf = (name: string) => ({ versions }: Provisioned): string => versions[normalize(name)] ?? "missing"

/** `dask 2026.3.0 on host-2, 2026.8.0 elsewhere`; `None` when all are equal. */
const difference = (
  name: string,
  environments: ReadonlyArray<Provisioned>,
  versionOf: (environment: Provisioned) => string
): Option.Option<string> => {
  const groups = groupsOf(environments, versionOf)
  if (groups.size < 2) return Option.none()
  const most = usual(groups)
  const others = [...groups].filter(([version]) => version !== most)
    .map(([version, hosts]) => `${version} on ${hosts.join(", ")}`)
  return Option.some(`${name} ${[...others, ...(most === undefined ? [] : [`${most} elsewhere`])].join(", ")}`)
}

/** What mends interpreters that are no work of ours: those that were made are made equal by equal packages. */
const commands = (environments: ReadonlyArray<Provisioned>, packages: ReadonlyArray<string>): ReadonlyArray<string> => {
  const wanted = packages.flatMap((name) => {
    const groups = groupsOf(environments, versionOf(name))
    const most = usual(groups)
    return groups.size < 2 || most === undefined || most === "missing" ? [] : [{ name, version: most }]
  })
  return environments.filter(({ size }) => size === 0).flatMap((each) => {
    const pins = wanted.filter(({ name, version }) => versionOf(name)(each) !== version)
      .map(({ name, version }) => `${name}==${version}`)
    return pins.length === 0 ? [] : [`on ${each.host}: ${quoteAll([each.python, "-m", "pip", "install", ...pins])}`]
  })
}

const minorOf = (version: string): string => version.split(".").slice(0, 2).join(".")

/**
 * Holds environments against each other: Python's minor version must be equal, and the version of each of the packages. It gives
 * what differs and does no harm: the last number of Python's version.
 *
 * @since 0.1.0
 * @category combinators
 */
export const agree = (
  environments: ReadonlyArray<Provisioned>,
  packages: ReadonlyArray<string>
): Either.Either<ReadonlyArray<string>, PythonEnvironmentError> => {
  const wrong = [
    difference("Python", environments, (each) => minorOf(each.pythonVersion)),
    ...packages.map((name) => difference(name, environments, versionOf(name)))
  ].flatMap(Option.toArray)
  const mend = commands(environments, packages)
  return wrong.length === 0
    ? Either.right(Option.toArray(difference("Python", environments, (each) => each.pythonVersion)))
    : Either.left(failure({
      reason: "Disagree",
      host: environments.map((each) => each.host).join(", "),
      step: "compare versions",
      detail: wrong.join("; "),
      hint: mend.length === 0 ? undefined : mend.join("; ")
    }))
}
