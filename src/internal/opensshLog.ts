/**
 * What OpenSSH's client says on standard error at `LogLevel DEBUG2`: what ails it, who the host is, and what became of the
 * channels that were opened for a forward. The control socket tells of none of these.
 *
 * @since 0.1.0
 */
import { withoutControl } from "./outputText.ts"

/** Enough to see what happened, and no more whatever a host makes it say. */
const mostLines = 30
const longestLine = 1000

/**
 * One connection to a forward that the master was asked for: it becomes a channel, and that is opened or refused.
 *
 * @internal
 */
export interface Waiting {
  readonly began: () => void
  /** `refused` is what the host answers. */
  readonly ended: (refused: string | undefined) => void
}

/**
 * The log of one client.
 *
 * @internal
 */
export interface Log {
  readonly hear: (chunk: string) => void
  /** The last lines that are no debug output. */
  readonly said: () => ReadonlyArray<string>
  /** Its own version: `OpenSSH_9.2p1 Debian-2`. */
  readonly version: () => string | undefined
  /** As the host names it: `OpenSSH_9.2p1 Debian-2`. */
  readonly software: () => string | undefined
  /** `ssh-ed25519 SHA256:…`; that of a certificate is the key's in it. */
  readonly hostKey: () => string | undefined
  /** Where it connected to itself; not what a jump host or a ProxyCommand connected to. */
  readonly address: () => string | undefined
  readonly user: () => string | undefined
  /** The next connection to a forward is this one's; what comes back takes that back. */
  readonly expect: (waiting: Waiting) => () => void
}

/**
 * Reads a log.
 *
 * @internal
 */
export const make = (): Log => {
  const said: Array<string> = []
  const expected: Array<Waiting> = []
  const opening = new Map<string, Waiting>()
  let rest = ""
  let version: string | undefined
  let software: string | undefined
  let hostKey: string | undefined
  let address: string | undefined
  let user: string | undefined
  let requested = false

  const end = (channel: string | undefined, refused?: string): boolean => {
    const waiting = channel === undefined ? undefined : opening.get(channel)
    if (channel === undefined || waiting === undefined) return false
    opening.delete(channel)
    waiting.ended(refused)
    return true
  }

  const debug = (text: string): void => {
    if (/^Connection to port \S+ forwarding to .* requested\.$/.test(text)) {
      requested = true
      return
    }
    const made = requested ? /^channel (\d+): new /.exec(text)?.[1] : undefined
    if (made !== undefined) {
      requested = false
      const next = expected.shift()
      if (next === undefined) return
      opening.set(made, next)
      return next.began()
    }
    if (end(/^channel (\d+): open confirm /.exec(text)?.[1])) return
    if (end(/^channel (\d+): free: /.exec(text)?.[1], "closed")) return
    // What comes after the key may be the host's own words: a banner is shown as it is.
    if (hostKey !== undefined) return
    version ??= /^Local version string SSH-2\.0-(.*)$/.exec(text)?.[1]
    software ??= /^Remote protocol version .*, remote software version (.*)$/.exec(text)?.[1]
    // The last one that is tried.
    address = /^Connecting to .* \[(.*)\] port \d+\.$/.exec(text)?.[1] ?? address
    user ??= /^Authenticating to .* as '(.*)'$/.exec(text)?.[1]
    hostKey = /^Server host (?:key|certificate): (\S+ SHA256:[A-Za-z0-9+/]+)/.exec(text)?.[1]
  }

  const line = (text: string): void => {
    const detail = /^debug\d: (.*)$/.exec(text)?.[1]
    if (detail !== undefined) return debug(detail)
    const refused = /^channel (\d+): open failed: (.*)$/.exec(text)
    if (end(refused?.[1], refused?.[2])) return
    const clean = withoutControl(text).trim()
    if (clean === "") return
    said.push(clean)
    if (said.length > mostLines) said.shift()
  }

  return {
    hear: (chunk) => {
      const lines = (rest + chunk).split(/\r?\n/)
      rest = (lines.pop() ?? "").slice(0, longestLine)
      for (const one of lines) line(one.slice(0, longestLine))
    },
    said: () => rest.trim() === "" || rest.startsWith("debug") ? said : [...said, withoutControl(rest).trim()],
    version: () => version,
    software: () => software,
    hostKey: () => hostKey,
    address: () => address,
    user: () => user,
    expect: (waiting) => {
      expected.push(waiting)
      return () => {
        const index = expected.indexOf(waiting)
        if (index >= 0) expected.splice(index, 1)
      }
    }
  }
}
