/**
 * A CSV in chunks of 500 rows, lower-cased on whatever host has room; the texts come back in order.
 *
 *     npx tsx examples/preprocessing.ts
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema, Stream } from "effect"
import { Lazycluster, PythonFunction, RuntimeGroup, RuntimeManager, RuntimeTask } from "lazycluster"

const preprocess = PythonFunction.make({
  source: `
    def preprocess(docs):
        return [doc.lower() for doc in docs]
  `,
  args: { docs: Schema.Array(Schema.String) },
  returns: Schema.Array(Schema.String)
})

const rows = Array.from({ length: 1200 }, (_, n) => `${n};Text ${n} SHOUTS\n`)

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString("texts.csv", `id;text\n${rows.join("")}`)
  const chunks = fs.stream("texts.csv").pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.drop(1),
    Stream.map((row) => row.split(";")[1] ?? ""),
    Stream.grouped(500)
  )
  const group = yield* RuntimeManager.createGroup()
  yield* RuntimeGroup.forEach(
    group,
    chunks,
    (docs) => RuntimeTask.make("preprocess").pipe(RuntimeTask.runFunction(preprocess, { docs: [...docs] })),
    { retry: { times: 2 } }
  ).pipe(
    Stream.runForEach(({ index, result: { returns: [texts] } }) =>
      Console.log(`Chunk ${index}: ${texts.length} texts, from "${texts[0]}" to "${texts.at(-1)}"`)
    )
  )
})

program.pipe(Effect.scoped, Effect.provide([Lazycluster.layer, NodeContext.layer]), NodeRuntime.runMain)
