/** Transports that do one thing wrong each, and the case that must catch it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import * as Host from "../../src/services/Host.ts"
import type { Ssh } from "../../src/services/Ssh.ts"
import type { Files, Listener, RemoteProcess, SshConnection } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"

type Change = (connection: SshConnection) => SshConnection

const processes = (change: (process: RemoteProcess) => RemoteProcess): Change => (connection) => ({
  ...connection,
  exec: (invocation, options) => Effect.map(connection.exec(invocation, options), change)
})

const files = (change: (files: Files) => Partial<Files>): Change => (connection) => ({
  ...connection,
  files: Effect.map(connection.files, (it) => ({ ...it, ...change(it) }))
})

const dialled = (change: (duplex: Duplex) => Duplex): Change => (connection) => ({
  ...connection,
  dial: (to) => Effect.map(connection.dial(to), change)
})

const listeners = (change: (listener: Listener) => Listener): Change => (connection) => ({
  ...connection,
  listen: (at) => Effect.map(connection.listen(at), change)
})

const errors = (change: (error: SshError) => SshError): Change => (connection) => ({
  ...connection,
  exec: (invocation, options) => Effect.mapError(connection.exec(invocation, options), change),
  dial: (to) => Effect.mapError(connection.dial(to), change),
  listen: (at) => Effect.mapError(connection.listen(at), change)
})

const over = (error: SshError, fields: Partial<SshError>) =>
  new SshError({ reason: error.reason, host: error.host, step: error.step, detail: error.detail, ...fields })

/** In a scope that nobody closes. */
const forgotten = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.flatMap(Scope.make(), (scope) => Scope.extend(effect, scope))

const asText = (chunk: Uint8Array | string) =>
  typeof chunk === "string" ? chunk : new TextEncoder().encode(new TextDecoder().decode(chunk))

export const broken: Readonly<Record<string, readonly [caughtBy: string, change: Change]>> = {
  "exit codes are all 0": [
    "exit codes from 0 to 255",
    processes((it) => ({ ...it, exit: Effect.as(it.exit, { code: 0 }) }))
  ],
  "exit codes from 128 on are negative": [
    "exit codes from 0 to 255",
    processes((it) => ({
      ...it,
      exit: Effect.map(it.exit, ({ code, ...rest }) => ({ ...rest, code: code << 24 >> 24 }))
    }))
  ],
  "signals are codes": [
    "the signal that ends a program",
    processes((it) => ({ ...it, exit: Effect.map(it.exit, ({ code }) => ({ code })) }))
  ],
  "both outputs are one": [
    "both outputs come",
    processes((it) => ({ ...it, stdout: Stream.concat(it.stdout, it.stderr), stderr: Stream.empty }))
  ],
  "output is text": [
    "all bytes pass through",
    processes((it) => ({ ...it, stdout: Stream.encodeText(Stream.decodeText(it.stdout)) }))
  ],
  "input is text": [
    "all bytes pass through",
    processes((it) => ({ ...it, write: (chunk) => it.write(asText(chunk)) }))
  ],
  "the last chunk of output is lost": [
    "twenty megabytes",
    processes((it) => ({ ...it, stdout: Stream.dropRight(it.stdout, 1) }))
  ],
  "the end of the input is not told": [
    "hears the end of its input",
    processes((it) => ({ ...it, endInput: Effect.void }))
  ],
  "output is read whether or not somebody wants it": [
    "holds its program back",
    (connection) => ({
      ...connection,
      exec: (invocation, options) =>
        Effect.flatMap(
          connection.exec(invocation, options),
          (it) =>
            Effect.map(Stream.toQueue(it.stdout, { strategy: "unbounded" }), (queue) => ({
              ...it,
              stdout: Stream.flattenTake(Stream.fromQueue(queue))
            }))
        )
    })
  ],
  "writes never wait": [
    "input that nobody reads",
    processes((it) => ({ ...it, write: (chunk) => Effect.asVoid(Effect.forkDaemon(it.write(chunk))) }))
  ],
  "words are split at blanks": [
    "words arrive byte",
    (connection) => ({
      ...connection,
      exec: ({ program, words }, options) =>
        connection.exec({ program, words: words.flatMap((word) => word.split(" ")) }, options)
    })
  ],
  "words lose their newlines": [
    "words arrive byte",
    (connection) => ({
      ...connection,
      exec: ({ program, words }, options) =>
        connection.exec({ program, words: words.map((word) => word.replaceAll("\n", " ")) }, options)
    })
  ],
  "programs outlive their scope": [
    "the end of a scope ends the input",
    (connection) => ({
      ...connection,
      exec: (invocation, options) => forgotten(connection.exec(invocation, options))
    })
  ],
  "programs that last are short": [
    "more programs that last",
    (connection) => ({ ...connection, exec: (invocation) => connection.exec(invocation) })
  ],
  "anchors do nothing": ["an anchor runs once", (connection) => ({ ...connection, anchor: () => Effect.void })],
  "aside is not aside": [
    "a program aside has a connection",
    (connection) => ({ ...connection, aside: connection.exec })
  ],
  "files come short by a byte": [
    "a file of any size",
    files((it) => ({
      readAll: (path, offset) =>
        Stream.map(it.readAll(path, offset), (chunk) => chunk.subarray(0, Math.min(chunk.length, 262_143)))
    }))
  ],
  "offsets do not count": ["a file of any size", files((it) => ({ readAll: (path) => it.readAll(path) }))],
  "modes do not count": ["a file has the mode", files((it) => ({ write: (path, content) => it.write(path, content) }))],
  "lists are not sorted": [
    "names may hold all",
    files((it) => ({ list: (path) => Effect.map(it.list(path), (names) => [...names].reverse()) }))
  ],
  "names lose their blanks": [
    "names may hold all",
    files((it) => ({ write: (path, ...rest) => it.write(path.trim(), ...rest) }))
  ],
  "only the last directory is made": [
    "a directory is made with its parents",
    files((it) => ({
      makeDirectory: (path) =>
        Effect.flatMap(it.stat(path.slice(0, path.lastIndexOf("/"))), (found) =>
          Option.isSome(found)
            ? it.makeDirectory(path)
            : new SshError({ reason: "Transfer", host: "host-1", step: "mkdir", detail: `${path}: No such file` }))
    }))
  ],
  "a rename does not replace": [
    "a rename replaces",
    files((it) => ({
      rename: (from, to) =>
        Effect.flatMap(it.stat(to), (found) =>
          Option.isNone(found)
            ? it.rename(from, to)
            : new SshError({ reason: "Transfer", host: "host-1", step: "rename", detail: `${to}: Failure` }))
    }))
  ],
  "a file that is not there cannot be removed": [
    "a file is removed",
    files((it) => ({
      removeFile: (path) =>
        Effect.flatMap(it.stat(path), (found) =>
          Option.isSome(found)
            ? it.removeFile(path)
            : new SshError({ reason: "Transfer", host: "host-1", step: "unlink", detail: `${path}: No such file` }))
    }))
  ],
  "what is not there is empty": [
    "what is not there cannot be read",
    files((it) => ({ readAll: (path, offset) => Stream.catchAll(it.readAll(path, offset), () => Stream.empty) }))
  ],
  "links are not followed": [
    "a stat tells files",
    files((it) => ({
      stat: (path) =>
        Effect.map(
          it.stat(path),
          Option.map((stat) => path.endsWith("link") ? { ...stat, type: "link" as const } : stat)
        )
    }))
  ],
  "half closes are dropped": [
    "whoever dialled",
    dialled((duplex) =>
      Object.assign(duplex, { end: (chunk?: string) => (chunk === undefined || duplex.write(chunk), duplex) })
    )
  ],
  "the end of one direction ends both": [
    "whoever listens",
    dialled((duplex) => duplex.on("end", () => duplex.destroy()))
  ],
  "a destroyed end does not tell the other": [
    "an end that is destroyed",
    dialled((duplex) => Object.assign(duplex, { destroy: () => duplex }))
  ],
  "bytes of a port go to a buffer without a bound": [
    "bytes that nobody reads",
    dialled((duplex) => {
      const write = duplex.write.bind(duplex)
      return Object.assign(duplex, {
        write: (chunk: Uint8Array, done?: () => void) => {
          done?.()
          return write(chunk)
        }
      })
    })
  ],
  "a listener gives every other connection": [
    "two hundred connections",
    listeners((listener) => {
      let count = 0
      return { ...listener, connections: Stream.filter(listener.connections, () => count++ % 2 === 0) }
    })
  ],
  "a listener outlives its scope": [
    "a port is free at once",
    (connection) => ({ ...connection, listen: (at) => forgotten(connection.listen(at)) })
  ],
  "errors have another reason": [
    "where nothing listens: ForwardRefused",
    errors((error) => over(error, { reason: "Unreachable" }))
  ],
  "errors have another host": [
    "where nothing listens: ForwardRefused",
    errors((error) => over(error, { host: "host-2" }))
  ],
  "errors have another step": ["that is taken", errors((error) => over(error, { step: "bind" }))],
  "errors have no hint": ["that is taken", errors((error) => over(error, { hint: undefined }))],
  "a link that is severed looks like a clean end": [
    "the link was severed",
    processes((it) => ({ ...it, stdout: Stream.catchAll(it.stdout, () => Stream.empty) }))
  ],
  "nobody hears that a link was severed": [
    "severed is over for all",
    (connection) => ({ ...connection, lost: Effect.never })
  ],
  "who waits for an exit does not hear of a cut": [
    "the host has cut",
    processes((it) => ({
      ...it,
      exit: Effect.catchAll(it.exit, () => Effect.never)
    }))
  ],
  "it knows another host": [
    "a connection knows its host",
    (connection) => ({ ...connection, host: Host.make({ alias: "another" }) })
  ],
  "nobody is logged in": [
    "who answers has an address",
    (connection) => ({ ...connection, identity: Effect.map(connection.identity, (it) => ({ ...it, user: "" })) })
  ]
}

type Service = Ssh["Type"]

/** The same for what is wrong with the way to a host. */
export const brokenWays: Readonly<Record<string, readonly [caughtBy: string, change: (ssh: Service) => Service]>> = {
  "each user has a connection of its own": [
    "a second user of a host",
    (ssh) => {
      let port = 1000
      return { connect: (host) => ssh.connect(Host.make({ alias: host.alias, port: port += 1 })) }
    }
  ],
  "connections are never closed": [
    "a second user of a host",
    (ssh) => ({ connect: (host) => forgotten(ssh.connect(host)) })
  ],
  "a host that was severed is not dialled again": [
    "the link was severed",
    (ssh) => {
      const known = new Map<string, SshConnection>()
      return {
        connect: (host) => {
          const before = known.get(host.alias)
          return before === undefined
            ? Effect.tap(ssh.connect(host), (connection) => Effect.sync(() => known.set(host.alias, connection)))
            : Effect.succeed(before)
        }
      }
    }
  ],
  "every refusal is Unreachable": [
    "where nothing listens: Refused",
    (ssh) => ({
      connect: (host) =>
        Effect.mapError(
          ssh.connect(host),
          (error) => error._tag === "SshError" ? over(error, { reason: "Unreachable" }) : error
        )
    })
  ]
}
