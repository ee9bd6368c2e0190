import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as PythonEnvironment from "../../src/services/PythonEnvironment.ts"
import { server } from "../runtimes/exposeSockets.ts"
import * as LocalPython from "./localPython.ts"

const small = PythonEnvironment.make({
  packages: ["six==1.16.0", "toolz==1.2.0", "typing==3.7.4.3; python_version < \"3.5\""]
})

/** Steps as they come, and the moments to wait for. */
const watch = Effect.gen(function*() {
  const seen = yield* Ref.make<ReadonlyArray<PythonEnvironment.Progress>>([])
  const installing = yield* Deferred.make<void>()
  return {
    steps: Effect.map(Ref.get(seen), (all) => [...new Set(all.map((progress) => progress.step))]),
    installing: Deferred.await(installing),
    onProgress: (progress: PythonEnvironment.Progress) =>
      Effect.zipRight(
        Ref.update(seen, (all) => [...all, progress]),
        progress.step === "installing" ? Deferred.succeed(installing, undefined) : Effect.void
      )
  }
})

/** A host whose index takes a connection and says nothing: there pip installs until somebody ends it. */
const endless = Effect.gen(function*() {
  const index = yield* server(() => undefined)
  const env = { ...LocalPython.withoutIndex, PIP_INDEX_URL: `http://127.0.0.1:${index}/simple` }
  return yield* LocalPython.make("host-1", { env })
})

const only = Effect.fnUntraced(function*(host: LocalPython.LocalPython) {
  const [pid] = yield* host.pids
  assert.isDefined(pid)
  return pid
})

describe("PythonEnvironment on a host", () => {
  it.scopedLive("is made once, found again, and made anew when something in it has changed", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const host = yield* LocalPython.make("host-1")
      const progress = yield* watch
      const first = yield* PythonEnvironment.provision(small, host, { onProgress: progress.onProgress })
      assert.isTrue(first.made)
      assert.strictEqual(first.versions["six"], "1.16.0")
      assert.notProperty(first.versions, "typing")
      assert.strictEqual(first.python, `${first.directory}/bin/python`)
      assert.isAbove(first.size, 100_000)
      assert.deepStrictEqual(yield* progress.steps, ["making", "installing", "checking", "done"])
      assert.deepStrictEqual(yield* PythonEnvironment.provision(small, host), { ...first, made: false })

      const files = yield* fs.readDirectory(first.directory, { recursive: true })
      const six = files.find((name) => name.endsWith("six-1.16.0.dist-info"))
      assert.isDefined(six)
      yield* fs.remove(`${first.directory}/${six}`, { recursive: true })
      const third = yield* PythonEnvironment.provision(small, host)
      assert.isTrue(third.made)
      assert.strictEqual(third.versions["six"], "1.16.0")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is made by one of two makers at a time", () =>
    Effect.gen(function*() {
      const host = yield* LocalPython.make("host-1")
      const twin = yield* LocalPython.make("host-2", { cache: host.cache })
      const progress = yield* watch
      const both = yield* Effect.forEach(
        [host, twin],
        (each) => PythonEnvironment.provision(small, each, { onProgress: progress.onProgress }),
        { concurrency: 2 }
      )
      assert.deepStrictEqual(both.map((each) => each.made).sort(), [false, true])
      assert.include(yield* progress.steps, "waiting")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is whole after its maker was killed", () =>
    Effect.gen(function*() {
      const host = yield* endless
      const progress = yield* watch
      const maker = yield* Effect.fork(
        Effect.flip(PythonEnvironment.provision(small, host, { onProgress: progress.onProgress }))
      )
      yield* progress.installing
      yield* LocalPython.kill(yield* only(host), "SIGKILL")
      assert.include((yield* Fiber.join(maker)).message, "signal KILL")
      const twin = yield* LocalPython.make("host-2", { cache: host.cache })
      const next = yield* PythonEnvironment.provision(small, twin)
      assert.isTrue(next.made)
      assert.strictEqual(next.versions["toolz"], "1.2.0")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("leaves nothing half made when its maker is told to end", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const host = yield* endless
      const progress = yield* watch
      const maker = yield* Effect.fork(
        Effect.flip(PythonEnvironment.provision(small, host, { onProgress: progress.onProgress }))
      )
      yield* progress.installing
      yield* LocalPython.kill(yield* only(host), "SIGTERM")
      yield* Fiber.join(maker)
      const left = yield* fs.readDirectory(`${host.cache}/environments`)
      assert.deepStrictEqual(left.filter((name) => !name.endsWith(".lock")), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is waited for no longer than the deadline", () =>
    Effect.gen(function*() {
      const host = yield* endless
      const twin = yield* LocalPython.make("host-2", { cache: host.cache })
      const progress = yield* watch
      yield* Effect.forkScoped(PythonEnvironment.provision(small, host, { onProgress: progress.onProgress }))
      yield* progress.installing
      const pid = yield* only(host)
      yield* LocalPython.kill(pid, "SIGSTOP")
      const error = yield* Effect.flip(PythonEnvironment.provision(small, twin, { lockDeadline: "200 millis" }))
      assert.strictEqual(error._tag === "PythonEnvironmentError" ? error.reason : error._tag, "Locked")
      assert.include(error.message, `process ${pid}`)
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("PythonEnvironment that cannot be had", () => {
  const fails = (
    name: string,
    environment: PythonEnvironment.PythonEnvironment,
    expected: { readonly reason: string; readonly text: string }
  ) =>
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const host = yield* LocalPython.make("host-1")
        const error = yield* Effect.flip(PythonEnvironment.provision(environment, host))
        assert.strictEqual(error._tag === "PythonEnvironmentError" ? error.reason : error._tag, expected.reason)
        assert.include(error.message, expected.text)
        assert.include(error.message, "hint: ")
      }).pipe(Effect.provide(NodeContext.layer)))

  fails("shows why a package cannot be installed", PythonEnvironment.make({ packages: ["six==99.0"] }), {
    reason: "Install",
    text: "six==99.0"
  })
  fails("names the Python that it found", PythonEnvironment.make({ packages: [], python: "3.2" }), {
    reason: "PythonVersion",
    text: "found 3."
  })
  fails("names an interpreter that is not there", PythonEnvironment.existing({ python: "/nowhere/bin/python" }), {
    reason: "NoPython",
    text: "/nowhere/bin/python cannot be started"
  })
  fails(
    "names what an interpreter lacks",
    PythonEnvironment.existing({ python: "python3", packages: ["lazycluster-is-not-there==1.0"] }),
    { reason: "Check", text: "lazycluster-is-not-there is missing, 1.0 is wanted" }
  )
  fails(
    "names a marker that cannot be read",
    PythonEnvironment.make({ packages: ["six==1.16.0; what is this"] }),
    { reason: "NotPinned", text: "what is this" }
  )

  it.scopedLive("names a cache that cannot be written", () =>
    Effect.gen(function*() {
      const host = yield* LocalPython.make("host-1", { cache: "/dev/null/cache" })
      const error = yield* Effect.flip(PythonEnvironment.provision(small, host))
      assert.include(error.message, "host-1: use the cache, Install: ")
      assert.include(error.message, "/dev/null/cache")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("says that Python lacks venv", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const host = yield* LocalPython.make("host-1")
      const whole = yield* PythonEnvironment.provision(PythonEnvironment.existing({ python: "python3" }), host)
      const library = `lib/python${whole.pythonVersion.split(".").slice(0, 2).join(".")}`
      // As Debian ships it: a Python with all of its library but ensurepip, which is in another package.
      const prefix = yield* fs.makeTempDirectoryScoped()
      yield* fs.makeDirectory(`${prefix}/bin`)
      yield* fs.makeDirectory(`${prefix}/${library}`, { recursive: true })
      yield* fs.copyFile(whole.python, `${prefix}/bin/python3`)
      yield* Effect.forEach(
        (yield* fs.readDirectory(`${whole.directory}/${library}`)).filter((name) => name !== "ensurepip"),
        (name) => fs.symlink(`${whole.directory}/${library}/${name}`, `${prefix}/${library}/${name}`)
      )
      const bare = yield* LocalPython.make("host-2", { python: `${prefix}/bin/python3` })
      const error = yield* Effect.flip(PythonEnvironment.provision(small, bare))
      assert.strictEqual(error._tag === "PythonEnvironmentError" ? error.reason : error._tag, "NoVenv")
      assert.include(error.message, "apt install python3-venv")
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("PythonEnvironment.existing", () => {
  it.scopedLive("is checked and left as it is", () =>
    Effect.gen(function*() {
      const host = yield* LocalPython.make("host-1")
      const made = yield* PythonEnvironment.provision(small, host)
      const found = yield* PythonEnvironment.provision(
        PythonEnvironment.existing({ python: made.python, packages: ["Six==1.16"], version: ">=3.8" }),
        host
      )
      assert.deepStrictEqual(found, { ...made, made: false, size: 0 })
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("PythonEnvironment on a host without an index", () => {
  const compiled = PythonEnvironment.make({ packages: ["markupsafe==3.0.3", "six==1.16.0"] })

  it.scopedLive("is made of wheels that the manager downloads once and sends once", () =>
    Effect.gen(function*() {
      const manager = yield* LocalPython.make("manager:")
      const host = yield* LocalPython.make("host-1", { env: LocalPython.withoutIndex })
      const progress = yield* watch
      const made = yield* PythonEnvironment.provision(compiled, host, { manager, onProgress: progress.onProgress })
      assert.strictEqual(made.versions["markupsafe"], "3.0.3")
      assert.deepStrictEqual(yield* progress.steps, [
        "making",
        "downloading",
        "sending",
        "installing",
        "checking",
        "done"
      ])
      const other = yield* LocalPython.make("host-2", { env: LocalPython.withoutIndex })
      const again = yield* watch
      yield* PythonEnvironment.provision(compiled, other, { manager, onProgress: again.onProgress })
      assert.deepStrictEqual(yield* again.steps, ["making", "sending", "installing", "checking", "done"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("takes a wheel that is there, but not one that is damaged", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const manager = yield* LocalPython.make("manager:")
      const host = yield* LocalPython.make("host-1", { env: LocalPython.withoutIndex })
      const made = yield* PythonEnvironment.provision(compiled, host, { manager, wheels: "always" })
      const sixes = (yield* fs.readDirectory(`${host.cache}/wheels`, { recursive: true }))
        .filter((name) => name.endsWith(".whl") && name.includes("six"))
      assert.lengthOf(sixes, 1)
      yield* fs.writeFileString(`${host.cache}/wheels/${sixes[0]}`, "no wheel")
      yield* fs.remove(made.directory, { recursive: true })
      const sent = yield* Ref.make<ReadonlyArray<string>>([])
      yield* PythonEnvironment.provision(compiled, host, {
        manager,
        wheels: "always",
        onProgress: ({ detail, step }) =>
          step === "sending" ? Ref.update(sent, (names) => [...names, detail]) : Effect.void
      })
      assert.match((yield* Ref.get(sent)).join(), /^six-1\.16\.0-[^,]*, 0\.0 MB, 1 of 1$/)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("shows what else would have to be pinned", () =>
    Effect.gen(function*() {
      const manager = yield* LocalPython.make("manager:")
      const host = yield* LocalPython.make("host-1", { env: LocalPython.withoutIndex })
      const open = PythonEnvironment.make({ packages: ["jinja2==3.1.6"] })
      const error = yield* Effect.flip(PythonEnvironment.provision(open, host, { manager }))
      assert.strictEqual(error._tag === "PythonEnvironmentError" ? error.reason : error._tag, "Install")
      assert.match(error.message, /^ {2}\| .*markupsafe/im)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("says that the manager has no wheels either, and leaves nothing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const manager = yield* LocalPython.make("manager:", { env: LocalPython.withoutIndex })
      const host = yield* LocalPython.make("host-1", { env: LocalPython.withoutIndex })
      const error = yield* Effect.flip(PythonEnvironment.provision(small, host, { manager }))
      assert.strictEqual(error._tag === "PythonEnvironmentError" ? error.reason : error._tag, "Download")
      assert.include(error.message, "host-1 finds no package index, and the manager has no wheels: exit code 1")
      assert.include(error.message, "  | ERROR: No matching distribution found for six==1.16.0")
      assert.deepStrictEqual(
        (yield* fs.readDirectory(`${manager.cache}/wheels/lists`)).filter((name) => !name.endsWith(".lock")),
        []
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is made by uv where the host has it", () =>
    Effect.gen(function*() {
      const manager = yield* LocalPython.make("manager:")
      const tools = yield* PythonEnvironment.provision(PythonEnvironment.make({ packages: ["uv==0.13.9"] }), manager)
      const host = yield* LocalPython.make("host-1", {
        env: { ...LocalPython.withoutIndex, PATH: `${process.env["PATH"]}:${tools.directory}/bin` }
      })
      const made = yield* PythonEnvironment.provision(compiled, host, { manager, wheels: "always" })
      assert.strictEqual(made.versions["markupsafe"], "3.0.3")
      assert.notProperty(made.versions, "pip")
      const error = yield* Effect.flip(
        PythonEnvironment.provision(PythonEnvironment.make({ packages: ["jinja2==3.1.6"] }), host, {
          manager,
          wheels: "always"
        })
      )
      assert.include(error.message, "markupsafe")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("takes no archive but those of its hashes", () =>
    Effect.gen(function*() {
      const host = yield* LocalPython.make("host-1")
      const hashed = (hash: string) =>
        PythonEnvironment.provision(
          PythonEnvironment.make({ packages: [`toolz==1.2.0 --hash=sha256:${hash}`] }),
          host,
          { wheels: "never" }
        )
      const wheel = "890f820b1cb8152785aaf9386d8707770110809035800985ca65cb24ce1120ef"
      assert.strictEqual((yield* hashed(wheel)).versions["toolz"], "1.2.0")
      const error = yield* Effect.flip(hashed(wheel.replace("8", "9")))
      assert.deepInclude(error, { _tag: "PythonEnvironmentError", reason: "Install" })
      assert.match(error.message, /hash/i)
    }).pipe(Effect.provide(NodeContext.layer)))
})
