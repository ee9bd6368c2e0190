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

/** The first way to be obtained wins; `ProxyJump none` only keeps other jumps away, `ProxyCommand none` both. */
const isShut = (self: Settings, name: string, setting: Setting): boolean => {
  if (name === "proxycommand") return (self.get("proxyjump")?.values.length ?? 0) > 0
  return name === "proxyjump" && setting.values.length > 0 && self.has("proxycommand")
}

/**
 * The settings after a line that applies.
 *
 * @internal
 */
export const set = (self: Settings, name: string, setting: Setting): Settings => {
  const before = self.get(name)
  if (setting.values.length === 0 && name !== "proxyjump") return self
  if (adding.has(name) && before !== undefined) {
    return new Map([...self, [name, { ...before, values: [...new Set([...before.values, ...setting.values])] }]])
  }
  if (before !== undefined || isShut(self, name, setting)) return self
  return new Map([...self, [name, setting]])
}

/**
 * The one value of a keyword.
 *
 * @internal
 */
export const first = (self: Settings, name: string): string | undefined => self.get(name)?.values[0]
