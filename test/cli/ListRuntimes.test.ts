import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Gpu } from "../../src/services/HostFacts.ts"
import { type HostOptions, reply } from "../../src/testing/InMemoryHost.ts"
import { layer } from "../../src/testing/InMemorySsh.ts"
import * as commandLine from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const GiB = 1024 ** 3

/** What usage.sh prints. */
const busy = {
  "lazycluster-usage": reply({
    stdout: "load 0.50 1.25 2.00 3/1200 4711\navailable 4194304\nhome 104857600 52428800\ncache 209715200 10485760\n"
  })
}

const gpu = (index: number) => Gpu.make({ index, name: "NVIDIA A100-SXM4-80GB", memory: 80 * GiB })

const gpuHost: HostOptions = {
  alias: "gpu-1",
  facts: {
    os: "Debian GNU/Linux 12 (bookworm)",
    machine: "x86_64",
    cpus: 64,
    memory: 251 * GiB,
    python: "3.11.9",
    gpus: [gpu(0), gpu(1)]
  },
  commands: busy
}

const small: HostOptions = {
  alias: "small",
  facts: { os: "Alpine Linux v3.20", machine: "aarch64", cpus: 1, memory: 2 * GiB, python: "", gpus: [] }
}

/** In a world of these hosts; the ssh config names those. */
const on =
  (hosts: ReadonlyArray<HostOptions>, aliases: ReadonlyArray<string>) => <A, E, R>(test: Effect.Effect<A, E, R>) =>
    test.pipe(memoryReach.over(aliases), Effect.provide(layer(hosts)))

describe("list-runtimes", () => {
  const world = on([gpuHost, small], ["gpu-1", "small", "gone"])

  it.effect("shows a line for each host, and the reason of those that cannot be used", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* commandLine.run("list-runtimes")
      assert.strictEqual(
        out,
        `HOST   STATE
gpu-1  active    64 cores, 251.0 GiB, 2 × NVIDIA A100-SXM4-80GB
small  active    1 core, 2.0 GiB
gone   inactive  connect, NameUnknown: gone does not resolve
`
      )
      assert.strictEqual(err, "gone: the hosts in memory are gpu-1, small\nmore about one: lazycluster doctor gone\n")
      assert.strictEqual(code, 0)
    }).pipe(world))

  it.effect("shows with -l what the hosts are made of and how busy they are", () =>
    Effect.gen(function*() {
      const { code, out } = yield* commandLine.runOn(130, "list-runtimes", "-l")
      assert.strictEqual(
        out,
        `HOST   CORES     MEMORY  GPUS                       PYTHON  LOAD                 FREE  SYSTEM
gpu-1     64  251.0 GiB  2 × NVIDIA A100-SXM4-80GB  3.11.9  0.50  50.0 GiB / 10.0 GiB  Debian GNU/Linux 12 (bookworm), x86_64
small      1    2.0 GiB  -                          -          -                    -  Alpine Linux v3.20, aarch64

gone  inactive  connect, NameUnknown: gone does not resolve
`
      )
      assert.strictEqual(code, 0)
    }).pipe(world))

  it.effect("fits the width", () =>
    Effect.gen(function*() {
      const { out } = yield* commandLine.runOn(60, "list-runtimes", "--long")
      for (const line of out.split("\n")) assert.isAtMost(line.length, 60)
      assert.include(out, "…")
    }).pipe(world))

  it.effect("prints it as data", () =>
    Effect.gen(function*() {
      const { out } = yield* commandLine.run("list-runtimes", "--json", "--hosts", "gpu-1,gone")
      const { active, inactive } = JSON.parse(out) as Record<string, ReadonlyArray<Record<string, unknown>>>
      assert.deepStrictEqual(inactive, [
        {
          host: "gone",
          reason: "connect, NameUnknown: gone does not resolve",
          hint: "the hosts in memory are gpu-1, small"
        }
      ])
      assert.deepInclude(active?.[0], {
        host: "gpu-1",
        usage: {
          load: [0.5, 1.25, 2],
          memoryAvailable: 4 * GiB,
          home: { path: "/home/user", size: 100 * GiB, free: 50 * GiB },
          cache: { path: "/home/user/.cache/lazycluster", size: 200 * GiB, free: 10 * GiB }
        }
      })
    }).pipe(world))

  it.effect("holds those that lack something for inactive, also when all do: that is an answer, no error", () =>
    Effect.gen(function*() {
      const { code, out } = yield* commandLine.run("list-runtimes", "--hosts", "small,gpu-1", "--min-cpus", "65")
      assert.strictEqual(
        out,
        `HOST   STATE
small  inactive  it has 1 CPU cores, 65 wanted
gpu-1  inactive  it has 64 CPU cores, 65 wanted
`
      )
      assert.strictEqual(code, 0)
    }).pipe(world))

  it.effect("says what to type where there is no host", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* commandLine.run("list-runtimes")
      assert.strictEqual(out, "")
      assert.strictEqual(
        err,
        "no runtimes: ~/.ssh/config names no host\nadd one: lazycluster add-runtime NAME user@host:port\n"
      )
      assert.strictEqual(code, 0)
      const json = yield* commandLine.run("list-runtimes", "--json")
      assert.deepStrictEqual(JSON.parse(json.out), { active: [], inactive: [] })
    }).pipe(on([], [])))
})
