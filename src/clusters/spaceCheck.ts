/**
 * Whether a space can be searched: its parameters get their labels here, and a point becomes what Hyperopt keeps of it.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { FminError } from "./FminError.ts"
import type { Distribution, SpaceExpression } from "./SpaceExpression.ts"

type Path = ReadonlyArray<string | number>

/** MongoDB takes no dot in the name of a field. */
const textOf = (path: Path): string =>
  path.length === 0 ? "value" : path.map((key) => `${key}`.replaceAll(".", "_")).join("/")

const labelFaults = (label: string): ReadonlyArray<string> =>
  /^\$|[.\0]/.test(label) || label === ""
    ? [`the label ${JSON.stringify(label)} is empty, begins with $, or holds a dot: MongoDB takes no such name`]
    : []

/** e to more than this is no double. */
const largestExponent = 709

const distributionFaults = (space: Distribution, at: string): ReadonlyArray<string> => {
  const whole = space._tag === "RandInt" || space._tag === "UniformInt"
  const given: ReadonlyArray<readonly [string, number]> = Object.entries(space).flatMap(([name, value]) =>
    typeof value === "number" ? [[name, value] as const] : []
  )
  const wild = given.filter(([, value]) => !Number.isFinite(value))
  if (wild.length > 0) return wild.map(([name, value]) => `${at}: ${name} is ${value}`)
  return [
    ...("low" in space && space.low >= space.high
      ? [`${at}: low (${space.low}) is not below high (${space.high})`]
      : []),
    ...(whole && !(Number.isSafeInteger(space.low) && Number.isSafeInteger(space.high))
      ? [`${at}: low (${space.low}) and high (${space.high}) are not both whole numbers`]
      : []),
    ...("sigma" in space && space.sigma <= 0 ? [`${at}: sigma (${space.sigma}) is not above 0`] : []),
    ...("q" in space && space.q <= 0 ? [`${at}: q (${space.q}) is not above 0`] : []),
    ...((space._tag === "LogUniform" || space._tag === "QLogUniform") && space.high > largestExponent
      ? [`${at}: e to ${space.high} is more than a number holds; low and high are logarithms`]
      : [])
  ]
}

const choiceFaults = (space: SpaceExpression, at: string): ReadonlyArray<string> => {
  if (space._tag === "Choice") return space.options.length === 0 ? [`${at}: there is nothing to choose from`] : []
  if (space._tag !== "PChoice") return []
  const sum = space.options.reduce((sum, { probability }) => sum + probability, 0)
  return [
    ...(space.options.length === 0 ? [`${at}: there is nothing to choose from`] : []),
    ...space.options.filter(({ probability }) => !(probability >= 0 && probability <= 1))
      .map(({ probability }) => `${at}: ${probability} is no probability`),
    ...(space.options.length > 0 && !(Math.abs(sum - 1) < 1e-6)
      ? [`${at}: the probabilities sum to ${sum}, not to 1`]
      : [])
  ]
}

interface Walked {
  readonly space: SpaceExpression
  readonly labels: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
}

const all = (
  parts: ReadonlyArray<Walked>,
  space: (parts: ReadonlyArray<SpaceExpression>) => SpaceExpression,
  own: { readonly label?: string; readonly faults: ReadonlyArray<string> } = { faults: [] }
): Walked => ({
  space: space(parts.map((part) => part.space)),
  labels: [...(own.label === undefined ? [] : [own.label]), ...parts.flatMap((part) => part.labels)],
  faults: [...own.faults, ...parts.flatMap((part) => part.faults)]
})

const walk = (space: SpaceExpression, path: Path): Walked => {
  switch (space._tag) {
    case "Constant":
      return all([], () => space, {
        faults: typeof space.value === "number" && !Number.isFinite(space.value)
          ? [`${textOf(path)}: ${space.value} is no number that JSON has`]
          : []
      })
    case "Struct": {
      const names = Object.keys(space.fields)
      return all(
        Object.entries(space.fields).map(([name, field]) => walk(field, [...path, name])),
        (parts) => ({ _tag: "Struct", fields: Object.fromEntries(parts.map((part, index) => [names[index], part])) })
      )
    }
    case "Tuple":
      return all(space.items.map((item, index) => walk(item, [...path, index])), (items) => ({ _tag: "Tuple", items }))
  }
  const label = space.label ?? textOf(path)
  const faults = labelFaults(label)
  switch (space._tag) {
    case "Choice":
      return all(
        space.options.map((option, index) => walk(option, [...path, index])),
        (options) => ({ _tag: "Choice", label, options }),
        { label, faults: [...faults, ...choiceFaults(space, label)] }
      )
    case "PChoice":
      return all(
        space.options.map((option, index) => walk(option.space, [...path, index])),
        (parts) => ({
          _tag: "PChoice",
          label,
          options: parts.map((part, index) => ({ probability: space.options[index]?.probability ?? 0, space: part }))
        }),
        { label, faults: [...faults, ...choiceFaults(space, label)] }
      )
    default:
      return all([], () => ({ ...space, label }), { label, faults: [...faults, ...distributionFaults(space, label)] })
  }
}

const refused = (step: string, faults: ReadonlyArray<string>, hint: string): Either.Either<never, FminError> =>
  Either.left(new FminError({ reason: "Space", step, detail: faults.join("; "), hint }))

/**
 * The space with a label at each parameter, or what is wrong with it.
 *
 * @internal
 */
export const check = (space: SpaceExpression): Either.Either<SpaceExpression, FminError> => {
  const walked = walk(space, [])
  const twice = walked.labels.filter((label, index) => walked.labels.indexOf(label) !== index)
  const faults = [
    ...walked.faults,
    ...[...new Set(twice)].map((label) => `two parameters have the label ${label}`),
    ...(walked.labels.length === 0 ? ["it has no parameter: every point is the same"] : [])
  ]
  return faults.length === 0
    ? Either.right(walked.space)
    : refused("fmin.space", faults, "mend the space; `{ label }`, the last argument of a parameter, names it otherwise")
}

type Assignment = Readonly<Record<string, number>>

/** What a distribution cannot have drawn. */
const outside = (space: Distribution, value: number): string | undefined => {
  const q = "q" in space ? space.q : 0
  const between = (low: number, high: number) =>
    value >= low - q && value <= high + q ? undefined : `${value} is not between ${low} and ${high}`
  switch (space._tag) {
    case "RandInt":
      return value >= space.low && value < space.high && Number.isSafeInteger(value)
        ? undefined
        : `${value} is no whole number from ${space.low} on and below ${space.high}`
    case "UniformInt":
      return Number.isSafeInteger(value) ? between(space.low, space.high) : `${value} is no whole number`
    case "Uniform":
    case "QUniform":
      return between(space.low, space.high)
    case "LogUniform":
    case "QLogUniform":
      return between(Math.exp(space.low), Math.exp(space.high))
    case "LogNormal":
      return value > 0 ? undefined : `${value} is not above 0`
    case "QLogNormal":
      return value >= 0 ? undefined : `${value} is below 0`
    case "Normal":
    case "QNormal":
      return undefined
  }
}

const firstRight = (
  options: ReadonlyArray<SpaceExpression>,
  label: string,
  point: unknown,
  at: string
): Either.Either<Assignment, string> => {
  const tried = options.map((option) => assign(option, point, at))
  const index = tried.findIndex(Either.isRight)
  const found = tried[index]
  return found === undefined
    ? Either.left(
      `${at} is none of the options: ${tried.flatMap((each) => Either.isLeft(each) ? [each.left] : []).join(", ")}`
    )
    : Either.map(found, (inner) => ({ [label]: index, ...inner }))
}

const together = (parts: ReadonlyArray<Either.Either<Assignment, string>>): Either.Either<Assignment, string> =>
  Either.map(Either.all(parts), (all) => Object.assign({}, ...all))

const assign = (space: SpaceExpression, point: unknown, at: string): Either.Either<Assignment, string> => {
  switch (space._tag) {
    case "Constant":
      return point === space.value
        ? Either.right({})
        : Either.left(`${at} is ${JSON.stringify(point)}, not ${JSON.stringify(space.value)}`)
    case "Struct": {
      if (typeof point !== "object" || point === null || Array.isArray(point)) return Either.left(`${at} has no fields`)
      const given = new Map<string, unknown>(Object.entries(point))
      const unknown = [...given.keys()].filter((name) => !Object.hasOwn(space.fields, name))
      if (unknown.length > 0) return Either.left(`${at} has ${unknown.join(", ")}, which the space has not`)
      return together(
        Object.entries(space.fields).map(([name, field]) =>
          given.has(name) ? assign(field, given.get(name), `${at}.${name}`) : Either.left(`${at}.${name} is missing`)
        )
      )
    }
    case "Tuple":
      return Array.isArray(point) && point.length === space.items.length
        ? together(space.items.map((item, index) => assign(item, point[index], `${at}[${index}]`)))
        : Either.left(`${at} is no list of ${space.items.length}`)
    case "Choice":
      return firstRight(space.options, space.label ?? "", point, at)
    case "PChoice":
      return firstRight(space.options.map((option) => option.space), space.label ?? "", point, at)
    default: {
      if (typeof point !== "number" || !Number.isFinite(point)) return Either.left(`${at} is no number`)
      const fault = outside(space, point)
      return fault === undefined ? Either.right({ [space.label ?? ""]: point }) : Either.left(`${at}: ${fault}`)
    }
  }
}

/**
 * What Hyperopt keeps of a point of a space that was checked: a number for each parameter that counts, the index of what was
 * chosen among them.
 *
 * @internal
 */
export const assignment = (
  space: SpaceExpression,
  point: unknown,
  index: number
): Either.Either<Assignment, FminError> =>
  Either.orElse(
    assign(space, point, `points[${index}]`),
    (fault) => refused("fmin.points", [fault], "give points of the space: a value for each parameter that counts there")
  )
