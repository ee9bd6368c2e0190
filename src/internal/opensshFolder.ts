/**
 * The directory of one master: its sockets, and what it needs beside them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { SshError } from "../services/SshError.ts"

/** A path of at most 104 bytes with 17 more that the client puts behind it, and no character that it would expand. */
const base = (): string => {
  const own = tmpdir()
  return own.length <= 40 && /^[\w./-]+$/.test(own) ? own : "/tmp"
}

const failed = (host: string, detail: string) => (cause: unknown): SshError =>
  new SshError({
    reason: "Spawn",
    host,
    step: "connect",
    detail,
    hint: "is there room, and may this user write there?",
    cause
  })

/**
 * For this user alone, and gone with its scope.
 *
 * @internal
 */
export const make = (host: string): Effect.Effect<string, SshError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      // Made with mode 0700.
      try: () => mkdtemp(`${base()}/lazycluster-ssh-`),
      catch: failed(host, `no directory for its socket can be made in ${base()}`)
    }),
    (path) => Effect.ignore(Effect.tryPromise(() => rm(path, { recursive: true, force: true })))
  )

/**
 * Writes a file into it.
 *
 * @internal
 */
export const write = (host: string, path: string, text: string, mode: number): Effect.Effect<void, SshError> =>
  Effect.tryPromise({
    try: () => writeFile(path, text, { mode }),
    catch: failed(host, `${path} cannot be written`)
  })
