/** Processes of this machine, as /proc shows them. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

interface Found {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly environment: string
  readonly memory: number
}

const field = (status: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1])

/** A process may end while it is looked at. */
const look = (pid: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const [status, command, environment] = yield* Effect.forEach(
      ["status", "cmdline", "environ"],
      (file) => fs.readFileString(`/proc/${pid}/${file}`)
    )
    return {
      pid: Number(pid),
      parent: field(status ?? "", "PPid"),
      command: (command ?? "").split("\0").join(" ").trim(),
      environment: environment ?? "",
      memory: field(status ?? "", "VmRSS") * 1024
    }
  }).pipe(Effect.option)

/** The descendants of a process, and those that carry a lease; not the process itself. */
export const of = Effect.fnUntraced(function*(options: { readonly process: number; readonly lease: string }) {
  const fs = yield* FileSystem.FileSystem
  const pids = (yield* fs.readDirectory("/proc")).filter((name) => /^\d+$/.test(name))
  const all = (yield* Effect.forEach(pids, look)).flatMap(Option.toArray)
  const descends = (each: Found | undefined): boolean =>
    each !== undefined &&
    (each.parent === options.process || descends(all.find((other) => other.pid === each.parent)))
  return all.filter((each) =>
    each.pid !== options.process && !Number.isNaN(each.memory) &&
    (each.environment.includes(`LAZYCLUSTER_LEASE=${options.lease}`) || descends(each))
  ).map(({ command, memory, pid }) => ({ pid, command, memory }))
})

/** The most that a process had resident so far, in bytes. */
export const peak = (pid: number) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.map(fs.readFileString(`/proc/${pid}/status`), (status) => field(status, "VmHWM") * 1024)
  )
