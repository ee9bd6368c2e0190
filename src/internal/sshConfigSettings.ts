/**
 * What the config says so far: the first value wins, except where values add up.
 *
 * @since 0.1.0
 */

/**
 * Values of a keyword and where they stand.
 *
 * @internal
 */
export interface Setting {
  readonly values: ReadonlyArray<string>
  readonly file: string
  readonly line: number
}

/**
 * The settings by keyword, in lower case.
 *
 * @internal
 */
export type Settings = ReadonlyMap<string, Setting>

const adding: ReadonlySet<string> = new Set(["identityfile", "certificatefile"])

/** Of these two the first to be obtained wins, whichever it is. */
const ways: ReadonlySet<string> = new Set(["proxyjump", "proxycommand"])

/**
 * The settings after a line that applies.
 *
 * @internal
 */
export const set = (self: Settings, name: string, setting: Setting): Settings => {
  const before = self.get(name)
  if (adding.has(name) && before !== undefined) {
    return new Map([...self, [name, { ...before, values: [...new Set([...before.values, ...setting.values])] }]])
  }
  if (before !== undefined || (ways.has(name) && [...ways].some((way) => self.has(way)))) return self
  return new Map([...self, [name, setting]])
}

/**
 * The one value of a keyword.
 *
 * @internal
 */
export const first = (self: Settings, name: string): string | undefined => self.get(name)?.values[0]
