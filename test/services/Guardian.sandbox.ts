import * as Effect from "effect/Effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as managerConnection from "../../src/internal/managerConnection.ts"
import { guardianConformance } from "./guardianConformance.ts"

const home = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "guardian-home-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
)

guardianConformance(
  "Guardian on the manager",
  Effect.flatMap(
    home,
    (directory) => managerConnection.make({ env: { HOME: directory, XDG_STATE_HOME: join(directory, "state"), V: "" } })
  )
)
