/**
 * How long ago, for people.
 *
 * @since 0.1.0
 */
const units = [[86_400, "d"], [3600, "h"], [60, "min"]] as const

/**
 * Seconds in the largest unit of which there are two: `90 s`, `5 min`, `36 h`, `12 d`.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = (seconds: number): string => {
  const [size, name] = units.find(([size]) => seconds >= 2 * size) ?? [1, "s"]
  return `${Math.max(0, Math.floor(seconds / size))} ${name}`
}
