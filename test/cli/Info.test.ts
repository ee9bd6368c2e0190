import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Info from "../../src/cli/Info.ts"
import { reply } from "../../src/testing/InMemoryHost.ts"
import { layer } from "../../src/testing/InMemorySsh.ts"
import * as commandLine from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const facts = {
  os: "Debian GNU/Linux 12 (bookworm)",
  machine: "x86_64",
  libc: "glibc 2.36",
  hostname: "box",
  user: "ada"
}

const world = layer(
  [{
    alias: "a",
    facts,
    commands: { "lazycluster-usage": reply({ stdout: "load 0.50 1.25 2.00 1/2 3\nhome 104857600 52428800\n" }) }
  }],
  { manager: { facts } }
)

describe("info", () => {
  it.effect("shows a host in full", () =>
    Effect.gen(function*() {
      const { code, out } = yield* commandLine.run("info", "a")
      assert.strictEqual(
        out,
        `a
  os      Debian GNU/Linux 12 (bookworm), x86_64, glibc 2.36
  cpus    4
  memory  8.0 GiB
  gpus    none
  python  3.11.2, /usr/bin/python3
  load    0.50 1.25 2.00
  user    ada on box
  home    50.0 GiB of 100.0 GiB free, /home/ada
  cache   -
`
      )
      assert.strictEqual(code, 0)
    }).pipe(memoryReach.over([]), Effect.provide(world)))

  it.effect("shows this machine, its versions, files and folders", () =>
    Effect.gen(function*() {
      const { code, out } = yield* commandLine.runOn(300, "info")
      assert.strictEqual(code, 0)
      assert.match(out, /^This machine\n {2}lazycluster +\d+\.\d+\.\d+\n {2}node +\d+\.\d+\.\d+\n {2}ssh /)
      for (
        const name of ["agent", "os", "cpus", "python", "load", "ssh config", "settings", "cache", "state", "logs"]
      ) {
        assert.match(out, new RegExp(`^ {2}${name} `, "m"))
      }
      const { manager } = yield* Schema.decode(Schema.parseJson(Info.Info))(
        (yield* commandLine.run("info", "--json")).out
      )
      assert.strictEqual(manager?.host.host, "(manager)")
      assert.strictEqual(manager?.places.length, 5)
    }).pipe(memoryReach.over([]), Effect.provide(world)))

  it.effect("ends with 1 where a host that was named cannot be used, and says why", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* commandLine.run("info", "a", "gone")
      assert.strictEqual(code, 1)
      assert.include(out, "\n\ngone\n  inactive  connect, NameUnknown: gone does not resolve\n")
      assert.include(err, "gone: the hosts in memory are a")
      assert.strictEqual((yield* commandLine.run("info", "a", "--hosts", "a")).code, 2)
    }).pipe(memoryReach.over([]), Effect.provide(world)))
})
