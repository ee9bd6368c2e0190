/** `lazycluster logs`: its screens, and what it finds without being told where. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as LogPlace from "../../src/cli/LogPlace.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import { run } from "./commandLine.ts"

/** A folder with two logs of two hosts, one as JSON and one as text. */
const folder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const write = (host: string, task: string, format: "json" | "text") =>
    Effect.gen(function*() {
      const { open } = yield* ExecutionLog.ExecutionLog
      const log = yield* open({ host, task })
      yield* log.stepStarted(0, "RunProgram", `run ${task}`)
      yield* log.output("stdout", "10 %\r20 %\n")
      yield* log.output("stderr", "\u001b[2Jno\n")
    }).pipe(Effect.scoped, Effect.provide(ExecutionLog.layer({ directory, format })))
  yield* write("host-1", "train", "json")
  yield* write("host-2", "serve", "text")
  const typed = (...words: ReadonlyArray<string>) =>
    run("logs", ...words).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["LAZYCLUSTER_DIRECTORY", directory]]))),
      Effect.map(({ code, err, out }) => ({
        code,
        err: err.replaceAll(directory, "DIR"),
        out: out.replaceAll(directory, "DIR")
      }))
    )
  return { directory, typed }
})

describe("lazycluster logs", () => {
  it.effect("shows the last lines behind their hosts, without what moves the cursor", () =>
    Effect.gen(function*() {
      const { typed } = yield* folder
      assert.deepStrictEqual(yield* typed(), {
        code: 0,
        err: "",
        out: [
          "host-1 | # step 0: run train",
          "host-1 | 20 %",
          "host-1 | no",
          "host-2 | # step 0: run serve",
          "host-2 | 20 %",
          "host-2 | no",
          ""
        ].join("\n")
      })
      assert.deepStrictEqual(yield* typed("-n", "1", "--task", "train"), {
        code: 0,
        err: "the last 1 lines; more: --lines 10\n",
        out: "host-1 | no\n"
      })
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("names the logs, and gives all as data", () =>
    Effect.gen(function*() {
      const { typed } = yield* folder
      const { err, out } = yield* typed("--list")
      assert.strictEqual(err, "in DIR/execution_log, a folder for each host\n")
      const masked = out.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "DATE TIME").replaceAll(/\d{14}/g, "STAMP")
      assert.strictEqual(
        masked.replaceAll(/ {2,}/g, "  "),
        [
          "STARTED  HOST  TASK  SIZE  FILE",
          "DATE TIME  host-1  train  433 bytes  train_STAMP.jsonl",
          "DATE TIME  host-2  serve  37 bytes  serve_STAMP.log",
          ""
        ].join("\n")
      )
      const [log] = JSON.parse((yield* typed("--list", "--json", "--host", "host-2")).out)
      assert.deepInclude(log, { host: "host-2", task: "serve", format: "text", started: "1970-01-01T00:00:00.000Z" })
      const lines = (yield* typed("--json", "--host", "host-1")).out.trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      )
      assert.deepInclude(lines[1], { host: "host-1", task: "train", from: "stdout", text: "10 %\r20 %" })
      assert.strictEqual(lines[1].time, "1970-01-01T00:00:00.000Z")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("says what to type where there is nothing, and what a time looks like", () =>
    Effect.gen(function*() {
      const { directory, typed } = yield* folder
      const none = yield* typed("--task", "none")
      assert.deepStrictEqual(none, {
        code: 0,
        err: "no logs of task none in DIR\nhint: lazycluster logs --list shows which there are\n",
        out: ""
      })
      const other = yield* typed("--directory", `${directory}/other`)
      assert.include(other.err, "hint: lazycluster run -- COMMAND writes one")
      const wrong = yield* typed("--since", "soon")
      assert.deepInclude(wrong, { code: 2, out: "" })
      assert.include(wrong.err, "--since soon: neither how long ago nor a time\nhint: --since 10m")
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("looks where run writes: what the variable says, else among the states of the user", () =>
    Effect.gen(function*() {
      const at = (variables: ReadonlyArray<readonly [string, string]>) =>
        Effect.withConfigProvider(LogPlace.directory, ConfigProvider.fromMap(new Map(variables)))
      assert.strictEqual(yield* at([["LAZYCLUSTER_DIRECTORY", "/x"], ["XDG_STATE_HOME", "/s"]]), "/x")
      assert.strictEqual(yield* at([["XDG_STATE_HOME", "/s"], ["HOME", "/h"]]), "/s/lazycluster-logs")
      assert.strictEqual(yield* at([["HOME", "/h"]]), "/h/.local/state/lazycluster-logs")
      assert.isTrue(Either.isRight(yield* Effect.either(at([]))))
    }).pipe(Effect.provide(NodeContext.layer)))
})
