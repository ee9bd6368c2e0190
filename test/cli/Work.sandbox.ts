/** run, put, get and logs on real servers, and what Ctrl-C does to a program on a host. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { StandardStreams } from "../../src/cli/StandardStreams.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { run } from "./commandLine.ts"
import { holds, home, none, processes, start } from "./program.ts"

/** Every byte there is, a few times. */
const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7 + (index >> 8)) % 256)

describe("on real servers", () => {
  it.scopedLive("programs run as if they were here, and files come back as they went", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const { configFile } = yield* Sandbox.make({ hosts: 2 })
      const command = (stdin: Uint8Array, ...words: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const chunks: Array<Uint8Array> = []
          const done = yield* run(...words).pipe(
            Effect.provideService(StandardStreams, {
              stdin: Stream.make(stdin),
              stdout: Sink.forEach((chunk: Uint8Array) => Effect.sync(() => void chunks.push(chunk))),
              stderr: Sink.drain
            }),
            Effect.withConfigProvider(
              ConfigProvider.orElse(
                ConfigProvider.fromMap(new Map([["LAZYCLUSTER_DIRECTORY", directory]])),
                () => ConfigProvider.fromEnv()
              )
            )
          )
          return { ...done, bytes: Buffer.concat(chunks) }
        })
      const typed = (stdin: Uint8Array, ...words: ReadonlyArray<string>) =>
        command(stdin, ...words, "--config", configFile)
      const program = (stdin: Uint8Array, options: ReadonlyArray<string>, ...words: ReadonlyArray<string>) =>
        command(stdin, "run", ...options, "--config", configFile, "--", ...words)

      const copied = yield* program(bytes, ["--hosts", "host-1"], "sh", "-c", "cat; exit 3")
      assert.isTrue(copied.bytes.equals(bytes), "what cat printed is what it was given")
      assert.strictEqual(copied.code, 3)

      const each = yield* program(Buffer.from(""), ["--on-all"], "basename \"$PWD\"; echo no >&2; exit 4")
      assert.deepStrictEqual(each.out.trim().split("\n").sort(), ["host-1 | host-1", "host-2 | host-2"])
      assert.include(each.err, "host-1 | no\n")
      assert.include(each.err, "host-2: ended with exit code 4\n")
      assert.strictEqual(each.code, 4)

      yield* fs.makeDirectory(`${directory}/data/sub`, { recursive: true })
      yield* fs.writeFile(`${directory}/data/sub/b.bin`, bytes)
      yield* fs.writeFileString(`${directory}/data/run.sh`, "echo hi\n")
      yield* fs.writeFileString(`${directory}/data/x.tmp`, "")
      yield* fs.chmod(`${directory}/data/run.sh`, 0o755)
      const put = ["put", `${directory}/data`, "data", "--exclude", "*.tmp"]
      const plan = yield* typed(bytes, ...put, "--dry-run", "--json", "--hosts", "host-1")
      const [planned] = JSON.parse(plan.out)
      assert.deepInclude(planned, { host: "host-1", known: true, bytes: 200_008, unchanged: 0, inTheWay: [] })
      assert.deepStrictEqual(
        planned.files.map(({ path }: { readonly path: string }) => path).sort(),
        ["run.sh", "sub/b.bin"]
      )
      const counts = (text: string): ReadonlyArray<unknown> =>
        JSON.parse(text).map(({ bytes, files, host }: Record<string, unknown>) => [host, files, bytes])
      const sent = yield* typed(bytes, ...put, "--json")
      assert.deepStrictEqual(counts(sent.out), [["host-1", 2, 200_008], ["host-2", 2, 200_008]])
      const again = yield* typed(bytes, ...put, "--json")
      assert.deepStrictEqual(counts(again.out), [["host-1", 0, 0], ["host-2", 0, 0]])
      const got = yield* typed(bytes, "get", "data", `${directory}/back`)
      assert.strictEqual(got.code, 0)
      assert.isTrue(Buffer.from(yield* fs.readFile(`${directory}/back/host-2/data/sub/b.bin`)).equals(bytes))
      assert.strictEqual((yield* fs.stat(`${directory}/back/host-1/data/run.sh`)).mode & 0o777, 0o755)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("Ctrl-C ends the program on its host, and says so", () =>
    Effect.gen(function*() {
      const directory = yield* home
      const { exit, said, signal } = yield* start(
        directory,
        ["run", "--sandbox", "1", "--", "sh", "-c", "echo started; sleep 1000 & wait"]
      )
      const sleeping = Effect.map(processes(directory), (all) => all.filter((line) => /^\d+ sleep 1000/.test(line)))
      yield* holds("it runs", Effect.sync(() => said.stdout.includes("started")))
      yield* holds("its child, too", Effect.map(sleeping, (all) => all.length > 0))
      yield* signal("SIGINT")
      assert.strictEqual(yield* exit, 130)
      assert.include(said.stderr, "host-1: interrupted, and ended there\n")
      yield* none("processes", processes(directory))
    }))
})
