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

const read = Effect.fnUntraced(function*(files: Files, path: string, host: string) {
  const found = yield* files.stat(path)
  if (Option.isNone(found)) return { text: "", mode: undefined }
  if (found.value.size > mostBytes) {
    return yield* failed(host, `${path} has ${found.value.size} bytes, which is no list of keys`, "look at it there")
  }
  const text = yield* files.readAll(path).pipe(Stream.decodeText(), Stream.runFold("", (all, part) => all + part))
  return { text, mode: found.value.mode }
})

/**
 * sshd ignores what others may write to (StrictModes).
 */
const closeToOthers = (files: Files, path: string, mode: number | undefined) =>
  mode === undefined || (mode & 0o022) === 0 ? Effect.void : files.chmod(path, mode & ~0o022)

/**
 * Lets a public key in, as `ssh-copy-id` does: appended where it is not there yet, the folder made with 0700 and the file with
 * 0600, and neither left writable for others. The key is a line of a `.pub` file. Says whether it was there already.
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
    const home = yield* files.calls.realPath(".")
    const folder = `${home}/.ssh`
    const path = `${folder}/authorized_keys`
    const there = yield* files.stat(folder)
    if (Option.isNone(there)) yield* files.calls.makeDirectory(folder, 0o700)
    const { mode, text } = yield* read(files, path, host)
    const known = text.split("\n").some((other) => {
      const found = other.trimStart().startsWith("#") ? null : keyOf.exec(other)
      return found?.[1] === type && found[2] === key
    })
    if (!known) {
      const file = yield* files.calls.open(path, "a", 0o600)
      const apart = text === "" || text.endsWith("\n") ? "" : "\n"
      yield* file.write(0, new TextEncoder().encode(`${apart}${line}\n`))
    }
    yield* closeToOthers(files, folder, Option.getOrUndefined(there)?.mode)
    yield* closeToOthers(files, path, mode)
    return known ? "there" : "added"
  }))
})
