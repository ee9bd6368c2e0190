/**
 * The keys that let a user in on a host: `~/.ssh/authorized_keys` there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files, SshConnection } from "./SshConnection.ts"
import { SshError } from "./SshError.ts"

/** More than any list of keys; what a host sends is not read on and on. */
const mostBytes = 4 * 1024 * 1024

const keyOf = /(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+=*)/

const failed = (host: string, detail: string, hint: string): SshError =>
  new SshError({ reason: "Transfer", host, step: "authorized_keys", detail, hint })

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const read = Effect.fnUntraced(function*(files: Files, path: string, host: string) {
  const found = yield* files.stat(path)
  if (Option.isNone(found)) return { bytes: new Uint8Array(), mode: undefined }
  if (found.value.size > mostBytes) {
    return yield* failed(host, `${path} has ${found.value.size} bytes, which is no list of keys`, "look at it there")
  }
  const bytes = yield* Stream.runFold(files.readAll(path), new Uint8Array(), concat)
  return { bytes, mode: found.value.mode }
})

const folder = ".ssh"
const path = `${folder}/authorized_keys`

/** sshd ignores what others may write to (StrictModes). */
const othersWrite = 0o022

const closeToOthers = (files: Files, path: string, mode: number) =>
  (mode & othersWrite) === 0 ? Effect.void : files.chmod(path, mode & ~othersWrite)

/**
 * Lets a public key in, as `ssh-copy-id` does: added at the end where it is not there yet, the folder made with 0700 and the
 * file with 0600, and neither left writable for others. The key is a line of a `.pub` file. Says whether it was there already.
 *
 * @since 0.1.0
 * @category execution
 * @example
 * import { AuthorizedKeys, Host, Ssh } from "lazycluster"
 * import { Effect } from "effect"
 *
 * const letIn = (publicKey: string) =>
 *   Effect.gen(function*() {
 *     const ssh = yield* Ssh.Ssh
 *     const connection = yield* ssh.connect(Host.make({ alias: "gpu-1" }))
 *     return yield* AuthorizedKeys.add(connection, publicKey)
 *   }).pipe(Effect.scoped)
 */
export const add = Effect.fn("AuthorizedKeys.add")(function*(
  connection: SshConnection,
  publicKey: string
): Effect.fn.Return<"added" | "there", SshError> {
  const host = connection.host.alias
  const line = publicKey.trim()
  const [, type, key] = keyOf.exec(line) ?? []
  if (type === undefined || key === undefined || /\p{Cc}/u.test(line)) {
    return yield* failed(host, "what was given is no public key", "give the line of a .pub file")
  }
  return yield* Effect.scoped(Effect.gen(function*() {
    const files = yield* connection.files
    const there = yield* files.stat(folder)
    if (Option.isNone(there)) yield* Effect.zipRight(files.makeDirectory(folder), files.chmod(folder, 0o700))
    else yield* closeToOthers(files, folder, there.value.mode)
    const { bytes, mode = 0o600 } = yield* read(files, path, host)
    const text = new TextDecoder().decode(bytes)
    const known = text.split("\n").some((other) => {
      const found = other.trimStart().startsWith("#") ? null : keyOf.exec(other)
      return found?.[1] === type && found[2] === key
    })
    const apart = text === "" || text.endsWith("\n") ? "" : "\n"
    if (known) yield* closeToOthers(files, path, mode)
    else {
      yield* files.write(
        path,
        Stream.make(concat(bytes, new TextEncoder().encode(`${apart}${line}\n`))),
        mode & ~othersWrite
      )
    }
    return known ? "there" : "added"
  }))
})
