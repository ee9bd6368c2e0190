/** Temporary files of this process in a place of their own: other processes of the machine have sockets in the common one. */
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"

/** Short, as the paths of sockets must be. As before with the end of the scope. */
export const ownTmp = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.env["TMPDIR"]
    const path = mkdtempSync("/tmp/lc-own-")
    process.env["TMPDIR"] = path
    return { before, path }
  }),
  ({ before, path }) =>
    Effect.sync(() => {
      if (before === undefined) delete process.env["TMPDIR"]
      else process.env["TMPDIR"] = before
      rmSync(path, { recursive: true, force: true })
    })
).pipe(Effect.map(({ path }) => path))
