/**
 * Files to one host and back, and to all hosts of a group at once.
 *
 *     npx tsx examples/file-transfer.ts
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Lazycluster, Runtime, RuntimeGroup, RuntimeManager, RuntimeTask } from "lazycluster"

// As steps of a task, between which the host may work on them.
const task = RuntimeTask.make("file-transfer").pipe(
  RuntimeTask.sendFile("file.csv", "data/"),
  RuntimeTask.runCommand("sort data/file.csv > sorted.csv"),
  RuntimeTask.getFile("sorted.csv")
)

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString("file.csv", "pear\napple\nquince\n")
  const runtime = yield* Runtime.make("host-1")
  yield* Runtime.execute(runtime, task)
  yield* Console.log((yield* fs.readFileString("sorted.csv")).trim().split("\n").join(", "))

  // To every host of a group, side by side: it is read once.
  const group = yield* RuntimeManager.createGroup()
  for (const { host, result } of yield* RuntimeGroup.sendFile(group, "file.csv")) {
    yield* Console.log(`${host} has got ${(yield* result).bytes} bytes`)
  }
  // And from every host, each into a directory of its own.
  yield* RuntimeGroup.getFile(group, "file.csv", "copies")
  for (const host of yield* fs.readDirectory("copies")) {
    yield* Console.log(`copies/${host}/${(yield* fs.readDirectory(`copies/${host}`)).join()}`)
  }
})

program.pipe(Effect.scoped, Effect.provide([Lazycluster.layer, NodeContext.layer]), NodeRuntime.runMain)
