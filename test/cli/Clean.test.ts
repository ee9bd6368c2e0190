import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { CleanReport } from "../../src/cli/CleanReport.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { run, runOn } from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const cache = "/home/user/.cache/lazycluster/environments"

const stamp = (versions: Readonly<Record<string, string>>, size: number) =>
  JSON.stringify({ python: "python", pythonVersion: "3.11.2", versions, size })

const [old, small] = ["0123456789abcdef-cp311", "fedcba9876543210-cp311"]

const hosts = [
  {
    alias: "host-1",
    commands: { python: () => Effect.never },
    files: {
      [`${cache}/${old}/lazycluster.json`]: stamp({ dask: "2024.1.0", distributed: "2024.1.0" }, 120_000_000),
      [`${cache}/${small}/lazycluster.json`]: stamp({ toolz: "1.0.0" }, 900)
    }
  },
  { alias: "host-2", files: { [`${cache}/${small}/lazycluster.json`]: stamp({ toolz: "1.0.0" }, 900) } }
]

const names = ["host-1", "host-2"]

const clean = (...words: ReadonlyArray<string>) => memoryReach.over(names)(run("clean", ...words))

const environments = (alias: string) =>
  Effect.flatMap(InMemorySsh.InMemorySsh, (memory) => Effect.flatMap(memory.files(alias), (files) => files.list(cache)))

describe("clean", () => {
  it.effect("with --dry-run shows what is kept, how big it is and when it was last used, and removes nothing", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("40 days")
      const { code, err, out } = yield* memoryReach.over(names)(runOn(100, "clean", "--dry-run"))
      assert.strictEqual(
        out,
        `host    what           packages                                   size  last used  stays, for
host-1  Python 3.11.2  dask==2024.1.0 distributed==2024.1.0     120 MB  40 d ago
host-1  Python 3.11.2  toolz==1.0.0                          900 bytes  40 d ago
host-2  Python 3.11.2  toolz==1.0.0                          900 bytes  40 d ago
`
      )
      assert.strictEqual(err, "It would remove 3 environments, 120 MB.\n")
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(yield* environments("host-1"), [old, small])
    }).pipe(Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("asks nobody where nobody can answer: it says so before it connects to anything", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      const { code, err } = yield* clean()
      assert.strictEqual(
        err,
        "lazycluster clean would ask, and there is no terminal\nhint: --yes does it without asking, --dry-run shows what it would do\n"
      )
      assert.strictEqual(code, 2)
      const data = yield* clean("--json")
      assert.include(data.err, "would ask, and --json is for programs")
      assert.strictEqual((yield* memory.connections("host-1")).accepted, 0)
    }).pipe(Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("removes with --yes what nothing uses, of the hosts that are named, and tells what stays", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* runtime.start("user", { argv: [`${cache}/${small}/bin/python`] })
      const { code, err, out } = yield* clean("host-1", "--yes", "--json")
      const { kept, outcomes } = yield* Schema.decode(Schema.parseJson(CleanReport))(out)
      assert.deepStrictEqual(kept.map(({ blocked, name }) => [name, blocked]), [
        [old, null],
        [small, "process 1002 uses it"]
      ])
      assert.deepStrictEqual(outcomes.map(({ name, removed }) => [name, removed]), [[old, true]])
      assert.strictEqual(err, "Removed 1 environment, 120 MB.\n")
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(yield* environments("host-1"), [small])
      assert.deepStrictEqual(yield* environments("host-2"), [small])
    }).pipe(Effect.scoped, Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("leaves with --older-than what was used since", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("20 days")
      const { err } = yield* clean("--yes", "--older-than", "30d")
      assert.strictEqual(err, "Nothing to remove.\n")
      yield* TestClock.adjust("11 days")
      assert.strictEqual((yield* clean("--yes", "--older-than", "30d")).err, "Removed 3 environments, 120 MB.\n")
      assert.deepStrictEqual(yield* environments("host-1"), [])
    }).pipe(Effect.provide(InMemorySsh.layer(hosts))))

  it.effect("removes what a restart of a host has left of a runtime", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      const running = yield* Effect.fork(Effect.scoped(Effect.zipRight(Runtime.make("host-1"), Effect.never)))
      yield* TestClock.adjust("1 second")
      yield* memory.powerCut("host-1")
      yield* memory.boot("host-1")
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.interrupt(running)
      assert.strictEqual((yield* memory.leftovers).length, 3)
      const seen = yield* clean("host-1", "--dry-run")
      assert.include(seen.out, "left by a restart")
      assert.strictEqual((yield* memory.leftovers).length, 3)
      const { code, err } = yield* clean("host-1", "--yes")
      assert.strictEqual(err, "Removed the files of 1 runtime.\n")
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(yield* memory.leftovers, [])
    }).pipe(Effect.provide(InMemorySsh.layer(names))))
})
