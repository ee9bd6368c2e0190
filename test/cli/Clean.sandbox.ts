/** What `clean` takes and what it leaves, on a real disk. */
import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { CleanReport } from "../../src/cli/CleanReport.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"
import { run } from "./commandLine.ts"
import { inTerminal } from "./terminal.ts"

const key = (digit: string) => `${digit.repeat(16)}-cp311-0279a366-linux-x86_64-glibc2.36`

const environment = (root: string, digit: string) => {
  const directory = path.join(root, "environments", key(digit))
  fs.mkdirSync(path.join(directory, "bin"), { recursive: true })
  const stamp = { packages: ["toolz==1.0.0"], lastUsed: "2024-05-06T07:08:09Z", size: 1000, pythonVersion: "3.11.2" }
  fs.writeFileSync(path.join(directory, "lazycluster.json"), JSON.stringify(stamp))
  fs.writeFileSync(path.join(directory, "readonly"), "x", { mode: 0o400 })
  fs.writeFileSync(`${directory}.lock`, "")
  return directory
}

const wheel = (root: string, digit: string) => {
  const directory = path.join(root, "wheels", digit.repeat(64))
  fs.mkdirSync(directory, { recursive: true })
  fs.writeFileSync(path.join(directory, "toolz-1.0.0-py3-none-any.whl"), "wheel")
  return directory
}

it.scopedLive("clean takes what nothing uses, and nothing else: no link, no lock that is held, nothing of a runtime", () =>
  Effect.gen(function*() {
    const cache = yield* temporaryDirectory
    const root = path.join(cache, "lazycluster")
    const { configFile } = yield* Sandbox.make({ hosts: 1, cache })
    const words = ["clean", "host-1", "--config", configFile] as const
    const free = environment(root, "a")
    const running = environment(root, "b")
    const making = environment(root, "c")
    const unfinished = path.join(root, "environments", key("d"))
    fs.mkdirSync(unfinished)
    const precious = path.join(cache, "precious")
    fs.mkdirSync(precious)
    fs.writeFileSync(path.join(precious, "file"), "x")
    fs.symlinkSync(precious, path.join(free, "out"))
    fs.symlinkSync(precious, path.join(root, "environments", key("e")))
    fs.mkdirSync(path.join(root, "environments", "mine"))
    const wheels = wheel(root, "f")
    fs.writeFileSync(path.join(root, "environments", `${key("9")}.lock`), "")
    fs.symlinkSync("/bin/sleep", path.join(running, "bin", "python"))
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(path.join(running, "bin", "python"), ["100"], { stdio: "ignore" })),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const holder = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof spawn>>((resume) => {
        const script =
          "import fcntl,sys,time; f=open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); time.sleep(100)"
        const holder = spawn("python3", ["-c", script, `${making}.lock`], { stdio: ["ignore", "pipe", "inherit"] })
        holder.stdout.once("data", () => resume(Effect.succeed(holder)))
      }),
      (holder) => Effect.sync(() => holder.kill("SIGKILL"))
    )
    const data = yield* run(...words, "--yes", "--json")
    const { kept, outcomes } = yield* Schema.decode(Schema.parseJson(CleanReport))(data.out)
    assert.deepStrictEqual(kept.map(({ blocked, name }) => [name.slice(0, 1), blocked]), [
      ["a", null],
      ["b", `process ${child.pid} uses it`],
      ["c", "it is being made"],
      ["d", null],
      ["f", null]
    ])
    assert.deepStrictEqual(outcomes.map(({ name, removed }) => [name.slice(0, 1), removed]), [
      ["a", true],
      ["d", true],
      ["f", true]
    ])
    assert.strictEqual(data.code, 0)
    assert.deepStrictEqual(
      fs.readdirSync(path.join(root, "environments")),
      [key("b"), `${key("b")}.lock`, key("c"), `${key("c")}.lock`, key("e"), "mine"]
    )
    assert.deepStrictEqual(fs.readdirSync(precious), ["file"])
    assert.isFalse(fs.existsSync(wheels))
    // In use by a runtime that was there before: what was used since is spared, whatever runs from it.
    child.kill("SIGKILL")
    holder.kill("SIGKILL")
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Runtime.make("host-1")
      const stamp = path.join(running, "lazycluster.json")
      const text = fs.readFileSync(stamp, "utf8")
      fs.writeFileSync(stamp, text.replace("2024-05-06T07:08:09Z", new Date().toISOString().replace(/\.\d+Z/, "Z")))
      const now = yield* run(...words, "--dry-run", "--json")
      const report = yield* Schema.decode(Schema.parseJson(CleanReport))(now.out)
      assert.deepStrictEqual(report.kept.map(({ blocked, name }) => [name.slice(0, 1), blocked]), [
        ["b", "a runtime that lives may use it"],
        ["c", null]
      ])
    })).pipe(Effect.provide(Lazycluster.layerOf({ sshConfig: { file: configFile } })))
    const asked = yield* inTerminal([["Remove 2 environments, 2000 bytes\\?", "y"]], ...words)
    assert.strictEqual(asked.code, 0, asked.shown)
    assert.include(asked.shown, "Removed 2 environments, 2000 bytes.")
    assert.deepStrictEqual(fs.readdirSync(path.join(root, "environments")), [key("e"), "mine"])
  }))

it.scopedLive("clean removes nothing of this machine in the name of a sandbox, which uses its cache", () =>
  Effect.gen(function*() {
    const cache = yield* temporaryDirectory
    const kept = environment(path.join(cache, "lazycluster"), "a")
    const mine = ConfigProvider.orElse(
      ConfigProvider.fromMap(new Map([["XDG_CACHE_HOME", cache]])),
      () => ConfigProvider.fromEnv()
    )
    const { code, err } = yield* Effect.withConfigProvider(run("clean", "--sandbox", "1", "--yes"), mine)
    assert.deepStrictEqual([code, err.split("\n").slice(-3)], [0, [
      "It would remove 1 environment, 1000 bytes.",
      "A sandbox uses the cache of this machine: lazycluster clean manager",
      ""
    ]])
    assert.isTrue(fs.existsSync(kept))
  }))
