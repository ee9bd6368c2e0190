/** What each of our own transports lacks of what the suite knows: the table of docs/testing.md. */
import type { Target } from "../../src/testing/SshConformance.ts"

type Lacks = NonNullable<Target["lacks"]>

const inPlace = "SFTP writes in place; FileTransfer writes beside and renames"

const noWay = "there is no way to it, and no server"

export const overSsh2: Lacks = { wholeWrites: inPlace }

export const overOpenSsh: Lacks = {
  wholeWrites: inPlace,
  statuses: "OpenSSH's client tells codes of signals only by a shell's number: 143 counts as TERM",
  closedOutput: "a shell around the program holds them until it ends"
}

/** Beside what the client lacks. */
export const onSandbox: Lacks = { closedOutput: "its server, ssh2's, ends both outputs with the program" }

export const inMemory: Lacks = {
  unknownKey: "no known_hosts has a part in it; `changeHostKey` makes a known host another",
  wholeWrites: "files are written in place, as SFTP does",
  closedOutput: "a program in memory has its outputs until it ends"
}

export const manager: Lacks = {
  link: "child processes and sockets of this program: nothing can be lost",
  cut: noWay,
  connections: noWay,
  idleTimeToLive: noWay,
  maxSessions: noWay,
  hostKey: noWay,
  forbidding: noWay,
  unnamed: noWay,
  refusing: noWay,
  silent: noWay,
  unknownKey: noWay,
  changedKey: noWay,
  stranger: noWay
}

/** In the order of the table. */
export const ours: ReadonlyArray<{ readonly name: string; readonly lacks: Lacks }> = [
  { name: "ssh2", lacks: overSsh2 },
  { name: "OpenSSH's client", lacks: overOpenSsh },
  { name: "the Sandbox", lacks: onSandbox },
  { name: "InMemorySsh", lacks: inMemory },
  { name: "the manager", lacks: manager }
]
