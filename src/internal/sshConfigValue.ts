/**
 * The values of an ssh config: what each keyword takes.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { Host } from "../services/Host.ts"
import type { Line } from "./sshConfigLine.ts"

type Reader = (line: Line) => Either.Either<ReadonlyArray<string>, string>

const bad = ({ keyword, rest }: Line, wanted: string) => Either.left(`${keyword} takes ${wanted}, not ${rest}`)

/** Exactly one word; what `read` makes of it, if it makes something of it. */
const one = (wanted: string, read: (word: string) => string | undefined): Reader => (line) => {
  const [first = "", ...others] = line.words
  const value = first === "" || others.length > 0 ? undefined : read(first)
  return value === undefined ? bad(line, wanted) : Either.right([value])
}

const word = one("one word", (value) => value)

const choice = (names: Readonly<Record<string, string>>): Reader =>
  one(`one of ${Object.keys(names).join(", ")}`, (value) => {
    const name = value.toLowerCase()
    return Object.hasOwn(names, name) ? names[name] : undefined
  })

const flag = choice({ yes: "yes", no: "no", true: "yes", false: "no" })

const units: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

const seconds = (text: string): number | undefined =>
  /^(\d+[smhdw])*(\d+)?$/i.test(text) && text !== ""
    ? [...text.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
      (sum, [, count, unit = ""]) => sum + Number(count) * (units[unit.toLowerCase()] ?? 1),
      0
    )
    : undefined

const most = 2_147_483_647

/** `none` is how OpenSSH marks what is not set yet: a later value still counts. */
const time: Reader = (line) =>
  line.words.length === 1 && line.words[0] === "none" ?
    Either.right([]) :
    one("seconds, or a time such as 1m30s", (value) => {
      const read = seconds(value)
      return read === undefined || read > most ? undefined : String(read)
    })(line)

const whole = one(
  "a whole number",
  (value) => /^\d+$/.test(value) && Number(value) <= most ? String(Number(value)) : undefined
)

const isPort = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65535

const port = one("a port from 1 to 65535", (value) => isPort(value) ? String(Number(value)) : undefined)

const several: Reader = (line) =>
  line.words.length === 0 || line.words.includes("") ||
    (line.words.length > 1 && line.words.some((value) => value.toLowerCase() === "none"))
    ? bad(line, "one or more words, or none alone")
    : Either.right(line.words)

const assignments: Reader = (line) =>
  line.words.length > 0 && line.words.every((value) => value.includes("="))
    ? Either.right(line.words)
    : bad(line, "NAME=value")

const command: Reader = ({ rest }) => Either.right([rest.replace(/^[ \t=]+/, "")])

const hop = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:/@[\]]+))(?::(\d*))?$/

/**
 * Reads one hop of a ProxyJump: `[user@]host[:port]` or an ssh:// address.
 *
 * @internal
 */
export const jump = (text: string): Host | undefined => {
  const [, user, bracketed, plain, port = ""] = hop.exec(text) ?? []
  const alias = bracketed ?? plain
  if (alias === undefined || (port !== "" && !isPort(port))) return undefined
  return Host.make({
    alias,
    ...(user === undefined ? {} : { user }),
    ...(port === "" ? {} : { port: Number(port) })
  })
}

const jumps: Reader = (line) => {
  const text = line.rest.replace(/^[ \t=]+/, "").replace(/#.*$/, "").trim()
  if (text.toLowerCase() === "none") return Either.right([])
  const hops = text.split(",")
  return hops.every((part) => jump(part) !== undefined)
    ? Either.right(hops)
    : bad(line, "[user@]host[:port], ... or none")
}

/** Keywords that nothing here asks for; that they exist is all that is checked. */
const skip: Reader = ({ words }) => Either.right(words)

const skipped = `addkeystoagent afstokenpassing batchmode canonicaldomains canonicalizefallbacklocal canonicalizemaxdots
  canonicalizepermittedcnames casignaturealgorithms channeltimeout cipher clearallforwardings
  compressionlevel connectionattempts controlmaster controlpath controlpersist dsaauthentication dynamicforward
  enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fallbacktorsh fingerprinthash
  forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports globalknownhostsfile2
  gssapiclientidentity gssapidelegatecredentials gssapikexalgorithms gssapikeyexchange gssapirenewalforcesrekey
  gssapiserveridentity gssapitrustdns hostbasedacceptedalgorithms hostbasedauthentication hostbasedkeytypes ipqos
  kbdinteractivedevices keepalive kerberosauthentication kerberostgtpassing localcommand
  localforward loglevel logverbose obscurekeystroketiming permitlocalcommand
  permitremoteopen protocol protocolkeepalives pubkeyacceptedalgorithms pubkeyacceptedkeytypes refuseconnection rekeylimit
  remotecommand remoteforward requesttty requiredrsasize rhostsauthentication rhostsrsaauthentication rsaauthentication
  sendenv sessiontype setuptimeout stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility
  tcpkeepalive tunnel tunneldevice updatehostkeys usekeychain useprivilegedport userknownhostsfile2
  useroaming usersh verifyhostkeydns versionaddendum visualhostkey warnweakcrypto xauthlocation`.split(/\s+/)

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...skipped.map((name) => [name, skip] as const),
  ["addressfamily", choice({ any: "any", inet: "inet", inet6: "inet6" })],
  ["bindaddress", word],
  ["bindinterface", word],
  ["canonicalizehostname", choice({ yes: "yes", no: "no", true: "yes", false: "no", always: "always" })],
  ["certificatefile", word],
  ["challengeresponseauthentication", flag],
  ["checkhostip", flag],
  ["ciphers", word],
  ["compression", choice({ yes: "yes", no: "no" })],
  ["connecttimeout", time],
  ["globalknownhostsfile", several],
  ["gssapiauthentication", flag],
  ["hashknownhosts", flag],
  ["hostkeyalgorithms", word],
  ["hostkeyalias", word],
  ["hostname", word],
  ["identitiesonly", flag],
  ["identityagent", word],
  ["identityfile", word],
  ["identityfile2", word],
  ["ignoreunknown", word],
  ["kbdinteractiveauthentication", flag],
  ["kexalgorithms", word],
  ["knownhostscommand", command],
  ["macs", word],
  ["nohostauthenticationforlocalhost", flag],
  ["numberofpasswordprompts", whole],
  ["passwordauthentication", flag],
  ["pkcs11provider", word],
  ["port", port],
  ["preferredauthentications", word],
  ["proxycommand", command],
  ["proxyjump", jumps],
  ["proxyusefdpass", flag],
  [
    "pubkeyauthentication",
    choice({ yes: "yes", no: "no", true: "yes", false: "no", unbound: "yes", "host-bound": "yes" })
  ],
  ["revokedhostkeys", word],
  ["securitykeyprovider", word],
  ["skeyauthentication", flag],
  ["serveralivecountmax", whole],
  ["serveraliveinterval", time],
  ["setenv", assignments],
  ["smartcarddevice", word],
  [
    "stricthostkeychecking",
    choice({ yes: "yes", no: "no", ask: "ask", "accept-new": "accept-new", true: "yes", false: "no", off: "no" })
  ],
  ["tag", word],
  ["tisauthentication", flag],
  ["user", word],
  ["userknownhostsfile", several]
])

/** Older names of the same thing. */
const names: ReadonlyMap<string, string> = new Map([
  ["identityfile2", "identityfile"],
  ["challengeresponseauthentication", "kbdinteractiveauthentication"],
  ["skeyauthentication", "kbdinteractiveauthentication"],
  ["tisauthentication", "kbdinteractiveauthentication"],
  ["smartcarddevice", "pkcs11provider"]
])

/**
 * What a line sets, and to what; `undefined` for a keyword that OpenSSH does not know either.
 *
 * @internal
 */
export const read = (
  line: Line
): Either.Either<{ readonly name: string; readonly values: ReadonlyArray<string> }, string> | undefined => {
  const reader = readers.get(line.keyword)
  return reader && Either.map(reader(line), (values) => ({ name: names.get(line.keyword) ?? line.keyword, values }))
}
