/** What a runtime tells of its host and does there: echo, directories, ports, tables. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as HostTable from "../../src/runtimes/HostTable.ts"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { Gpu, HostFacts } from "../../src/services/HostFacts.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const world = layer(["host-1"])

const there = (path: string) =>
  Effect.flatMap(
    InMemorySsh,
    (hosts) => Effect.flatMap(hosts.files("host-1"), (files) => Effect.map(files.stat(path), Option.isSome))
  )

describe("the host of a runtime", () => {
  it.scoped("echoes a text as it is", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      assert.strictEqual(yield* Runtime.echo(runtime, "Hello $WORLD; `no`\n"), "Hello $WORLD; `no`\n")
    }).pipe(Effect.provide(world)))

  it.scoped("makes and removes directories, relative to the working directory", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { workingDirectory: "~/work" })
      const path = yield* Runtime.createDirectory(runtime, "a/b c")
      assert.strictEqual(path, `${runtime.workingDirectory}/a/b c`)
      assert.strictEqual(yield* Runtime.createDirectory(runtime, "a/b c"), path)
      assert.isTrue(yield* there(path))
      assert.isTrue(yield* Runtime.removeDirectory(runtime, "a"))
      assert.isFalse(yield* there(path))
      assert.isFalse(yield* Runtime.removeDirectory(runtime, "a"))
    }).pipe(Effect.provide(world)))

  it.scoped("keeps the root, the home and working directories, and what is above them", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { workingDirectory: "/scratch/me/run" })
      for (const path of ["/", "~", "/scratch/me", ".", "..", "/scratch", "/scratch/me/run/x/..", "/home"]) {
        const error = yield* Effect.flip(Runtime.removeDirectory(runtime, path))
        assert.deepInclude(error, { _tag: "RuntimeError", reason: "Directory", host: "host-1" }, path)
      }
      assert.isTrue(yield* there("/scratch/me/run"))
    }).pipe(Effect.provide(world)))

  it.scoped("has temporary directories that go with their scope, or with the runtime", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      for (const options of [{}, { workingDirectory: "/data/run" }]) {
        const scope = yield* Scope.make()
        const runtime = yield* Scope.extend(Runtime.make("host-1", options), scope)
        const [one, two] = yield* Effect.scoped(
          Effect.tap(
            Effect.all([Runtime.temporaryDirectory(runtime), Runtime.temporaryDirectory(runtime)]),
            ([one]) => Effect.map(there(one), (made) => assert.isTrue(made))
          )
        )
        assert.notStrictEqual(one, two)
        assert.isFalse(yield* there(one))
        assert.isFalse(yield* there(two))
        // Nobody removes this one but the guardian.
        const left = yield* Scope.make()
        const third = yield* Scope.extend(Runtime.temporaryDirectory(runtime), left)
        assert.isTrue(yield* there(third))
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(yield* there(third))
        assert.deepStrictEqual(yield* hosts.leftovers, [])
      }
    }).pipe(Effect.provide(world)))

  it.scoped("gives free ports, all different, and holds none", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const runtime = yield* Runtime.make("host-1")
      const ports = yield* Runtime.freePorts(runtime, 20)
      assert.strictEqual(new Set(ports).size, 20)
      assert.isFalse((yield* hosts.leftovers).some((left) => JSON.stringify(left).includes("port")))
    }).pipe(Effect.provide(world)))
})

describe("a table of hosts", () => {
  it.scoped("has a line for each, with what is known", () =>
    Effect.gen(function*() {
      const { facts } = yield* Runtime.make("host-1")
      const gpu = (index: number) => Gpu.make({ index, name: "H100", memory: 80 })
      const table = HostTable.render([
        { host: "host-1", facts },
        { host: "gpu-host-2", facts: HostFacts.make({ ...facts, cpus: 1.5, gpus: [gpu(0), gpu(1)], python: "" }) },
        { host: "host-3", note: "host-3: Refused\u001b[31m" }
      ])
      const lines = table.split("\n")
      assert.lengthOf(lines, 4)
      assert.match(lines[0] ?? "", /^HOST +CORES +MEMORY +GPUS +PYTHON +SYSTEM$/)
      assert.match(lines[1] ?? "", /^host-1 +4 +8\.0 GiB +- +3\.11\.2 +/)
      assert.match(lines[2] ?? "", /^gpu-host-2 +1\.5 +8\.0 GiB +2 × H100 +- +/)
      assert.match(lines[3] ?? "", /^host-3 +- +- +- +- +host-3: Refused \[31m$/)
      const at = lines.map((line) => line.search(/SYSTEM|Debian|Linux|host-3: R/))
      assert.strictEqual(at[0], at[3])
    }).pipe(Effect.provide(world)))
})
