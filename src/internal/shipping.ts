/**
 * How a program reaches a host: the command line stays constant and short, source and words come first on standard input.
 *
 * @since 0.1.0
 */
import type { Invocation, Program } from "../services/SshConnection.ts"
import { escapeLine, quoteAll } from "./words.ts"

/** Reads one line, undoes `escapeLine`, runs it. `exec` leaves no login shell between sshd and the program. */
const shellBoot = `IFS= read -r lc_boot; eval "$(printf %b "$lc_boot")"`

/**
 * The command line that starts a shell program.
 *
 * @internal
 */
export const shellCommand = (program: Program): string => `exec /bin/sh -c '${shellBoot}' lazycluster-${program.name}`

/**
 * The same as argv, for a manager that starts processes itself.
 *
 * @internal
 */
export const shellArgv = (program: Program): readonly [string, ...Array<string>] => [
  "/bin/sh",
  "-c",
  shellBoot,
  `lazycluster-${program.name}`
]

/**
 * What to write to a shell program first.
 *
 * @internal
 */
export const shellInput = (invocation: Invocation): string =>
  `${escapeLine(`set -- ${quoteAll(invocation.words)}\n${invocation.program.source}`)}\n`

const pythonBoot = `import json, sys; p = json.loads(sys.stdin.buffer.readline()); sys.argv[1:] = p["words"]; ` +
  `exec(compile(p["source"], sys.argv[0], "exec"), {"__name__": "__main__"})`

/**
 * The argv that starts a Python program.
 *
 * @internal
 */
export const pythonArgv = (program: Program, python: string): readonly [string, ...Array<string>] => [
  python,
  "-c",
  pythonBoot,
  `lazycluster-${program.name}`
]

/**
 * What to write to a Python program first.
 *
 * @internal
 */
export const pythonInput = (program: Program, words: ReadonlyArray<string>): string =>
  `${JSON.stringify({ source: program.source, words })}\n`

/** The oldest Node that runs ours. What stands here must be read by much older ones. */
const oldestNode = 18

/** Takes all of its input: the first line is the program and its words, the rest is the program's. */
const nodeBoot = `var c = []; process.stdin.on("data", function (d) { c.push(d) }).on("end", function () { ` +
  `var b = Buffer.concat(c), n = b.indexOf(10), p = JSON.parse(b.slice(0, n).toString()), v = process.versions.node; ` +
  `if (parseInt(v, 10) < ${oldestNode}) { process.stderr.write(v + " is too old\\n"); process.exit(126) } ` +
  `import("data:text/javascript;base64," + Buffer.from(p.source).toString("base64"))` +
  `.then(function (m) { return m.default(p.words, b.slice(n + 1)) }) })`

/**
 * The argv that starts a JavaScript program.
 *
 * @internal
 */
export const nodeArgv = (program: Program, node: string): readonly [string, ...Array<string>] => [
  node,
  "-e",
  nodeBoot,
  `lazycluster-${program.name}`
]

/**
 * What to write to a JavaScript program first.
 *
 * @internal
 */
export const nodeInput = pythonInput

/** As `nodeBoot`, but the program gets the rest of its input as a stream: it talks. */
const talkingBoot = `var s = new (require("net").Socket)({ fd: 4, readable: true, writable: false }), c = []; ` +
  `function take(d) { c.push(d); if (d.indexOf(10) < 0) return; s.removeListener("data", take); s.pause(); ` +
  `var b = Buffer.concat(c), n = b.indexOf(10), p = JSON.parse(b.slice(0, n).toString()), v = process.versions.node; ` +
  `if (parseInt(v, 10) < ${oldestNode}) { process.stderr.write(v + " is too old\\n"); process.exit(126) } ` +
  // What waits for promises only would end.
  `setInterval(function () {}, 1e9); ` +
  `import("data:text/javascript;base64," + Buffer.from(p.source).toString("base64"))` +
  `.then(function (m) { return m.default(p.words, s, b.slice(n + 1)) }) } s.on("data", take)`

/** What user code prints, and what it starts, must not reach the channel: that moves to 3 and 4, and 1 becomes 2. */
const apart = `exec "$@" 3>&1 4<&0 1>&2 </dev/null`

/**
 * The argv that starts a JavaScript program which talks: it hears on file descriptor 4 and speaks on 3. What it prints goes to
 * standard error. Its first line is `nodeInput`.
 *
 * @internal
 */
export const talkingNodeArgv = (program: Program, node: string): readonly [string, ...Array<string>] => [
  "sh",
  "-c",
  apart,
  `lazycluster-${program.name}`,
  node,
  "-e",
  talkingBoot,
  `lazycluster-${program.name}`
]
