/** A directory in which processes work that a test kills: what dies may still write while it is removed. */
import * as Effect from "effect/Effect"
import { mkdtempSync, realpathSync } from "node:fs"
import { rm } from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"

/** Gone with the scope. Its path has no links in it. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(Path.join(Os.tmpdir(), "lazycluster-test-")))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }))
)
