/** No host is needed for these: they exist in memory, with a disk and processes, and fail as the tests say. */
import { FileSystem } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Runtime } from "lazycluster"
import { InMemoryHost, InMemorySsh, VirtualTime } from "lazycluster/testing"
import { fileURLToPath } from "node:url"
import { deploy } from "../src/deploy.ts"
import { Release } from "../src/Release.ts"

const folder = fileURLToPath(new URL("../site", import.meta.url))
const release = (version: string) => new Release({ app: "site", version, folder })

const hosts = ["host-1", "host-2"]

const inMemory = InMemorySsh.check(hosts, {
  commands: {
    check: InMemoryHost.reply(({ cwd, host }) =>
      host === "host-2" && cwd.endsWith("/2") ? { stderr: "no database\n", code: 3 } : { code: 0 }
    )
  }
})

/** Version 2 does not work on host-2. What a test leaves on a host fails it; what waits, for a deadline say, is there at once. */
const world = <A, E, R>(test: Effect.Effect<A, E, R>) => test.pipe(inMemory, VirtualTime.run())

/** Where `current` points on each host. */
const inUse = Effect.forEach(hosts, (host) =>
  Effect.gen(function*() {
    const runtime = yield* Runtime.make(host, { workingDirectory: "~/apps/site" })
    const link = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readLink("current"))
    return yield* Effect.provide(Effect.orElseSucceed(link, () => "none"), Runtime.platform(runtime))
  }).pipe(Effect.scoped))

it.effect("a release is in use on every host", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* inUse, ["none", "none"])
    assert.deepStrictEqual(yield* deploy(release("1"), hosts), hosts)
    assert.deepStrictEqual(yield* inUse, ["releases/1", "releases/1"])
    assert.deepStrictEqual(yield* deploy(release("3"), hosts), hosts)
    assert.deepStrictEqual(yield* inUse, ["releases/3", "releases/3"])
  }).pipe(world))

it.effect("one that does not work on a host is in use on none", () =>
  Effect.gen(function*() {
    yield* deploy(release("1"), hosts)
    const error = yield* Effect.flip(deploy(release("2"), hosts))
    assert.strictEqual(error.message, "2 does not work on host-2: its check exited with 3\nno database")
    assert.deepStrictEqual(yield* inUse, ["releases/1", "releases/1"])
  }).pipe(world))

it.effect("the first one that does not work leaves no trace of its use", () =>
  Effect.gen(function*() {
    yield* Effect.flip(deploy(release("2"), hosts))
    assert.deepStrictEqual(yield* inUse, ["none", "none"])
  }).pipe(world))

it.effect("a host that cannot be reached: nothing changes on the others", () =>
  Effect.gen(function*() {
    const network = yield* InMemorySsh.InMemorySsh
    yield* deploy(release("1"), hosts)
    yield* network.powerCut("host-2")
    const error = yield* Effect.flip(deploy(release("3"), hosts))
    assert.include(error.message, "host-2")
    yield* network.boot("host-2")
    assert.deepStrictEqual(yield* inUse, ["releases/1", "releases/1"])
  }).pipe(world))

it.effect("a disk that is full: nothing changes on any", () =>
  Effect.gen(function*() {
    const network = yield* InMemorySsh.InMemorySsh
    yield* deploy(release("1"), hosts)
    yield* network.fillDisk("host-1")
    const error = yield* Effect.flip(deploy(release("3"), hosts))
    assert.include(error.message, "No space left on device")
    yield* network.freeDisk("host-1")
    assert.deepStrictEqual(yield* inUse, ["releases/1", "releases/1"])
  }).pipe(world))
