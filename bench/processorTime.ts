/** Seconds of processor time that this machine's processes have used, as /proc tells them of those that have ended. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as process from "node:process"

/** As the kernel counts. */
const ticks = 100

const ofChildren = Effect.fnUntraced(function*(pid: number) {
  const fs = yield* FileSystem.FileSystem
  const fields = (yield* fs.readFileString(`/proc/${pid}/stat`)).replace(/^.*\) /s, "").split(" ")
  return (Number(fields[13]) + Number(fields[14])) / ticks
})

/** A server counts a session once that has ended. */
const alone = (pid: number) =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.readFileString(`/proc/${pid}/task/${pid}/children`)),
    Effect.filterOrFail((children) => children.trim() === "", () => "its sessions do not end"),
    Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo("5 seconds"))),
    Effect.ignore
  )

/** What this process, its children and all that a server has started have used so far. */
export const used = Effect.fnUntraced(function*(server: number) {
  yield* alone(server)
  const { system, user } = process.cpuUsage()
  return (user + system) / 1e6 + (yield* ofChildren(process.pid)) + (yield* ofChildren(server))
})
