import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import * as Program from "./program.ts"

/** Longer than a test: what is gone before was ended by the program itself. */
const longLease = ["--lease", "10 minutes"]

describe("lazycluster demo", () => {
  it.scopedLive("prints the result, what ran where and the report, and leaves nothing", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const demo = yield* Program.start(home, ["demo", "--workers", "4", ...longLease])
      assert.strictEqual(yield* demo.exit, 0, demo.said.stderr)
      const lines = demo.said.stdout.split("\n")
      assert.include(lines, "Result: -285")
      assert.include(lines, "Nothing left behind.")
      assert.include(demo.said.stdout, "Dask: 5 processes on 4 machines")
      assert.match(demo.said.stdout, /^Scheduler {2}tcp:\/\/127\.0\.0\.1:\d+$/m)
      assert.match(demo.said.stdout, /^Dashboard {2}http:\/\/127\.0\.0\.1:\d+\/status$/m)
      assert.include(lines, "TCP connections: host-1 1, host-2 1, host-3 1")
      assert.match(demo.said.stdout, /^ {2}host-1 +ended worker-1, worker-4; removed \/\S+$/m)
      assert.match(demo.said.stdout, /^ {2}\d+ MB +\/\S+\/lazycluster\/environments\/\S+ +host-1, host-2, host-3$/m)
      // Ten calls of each, and one of the last, dealt to the workers in some way.
      const calls = lines.flatMap((line) => /^ +worker-\d +host-\d +(\d+) +(\d+) +(\d+)$/.exec(line)?.slice(1) ?? [])
        .map(Number)
      assert.deepStrictEqual(
        [0, 1, 2].map((column) => calls.filter((_, index) => index % 3 === column).reduce((a, b) => a + b, 0)),
        [10, 10, 1]
      )
      assert.strictEqual(demo.said.stdout.includes("\u001b"), false, "colours in a pipe")
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  it.scopedLive("--plan says what would run where, as a tree or as JSON, and starts nothing of it", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const [tree, json] = yield* Effect.forEach([[], ["--json"]], (more) =>
        Effect.gen(function*() {
          const demo = yield* Program.start(home, ["demo", "--plan", "--workers", "4", ...more])
          assert.strictEqual(yield* demo.exit, 0, demo.said.stderr)
          return demo.said.stdout
        }))
      assert.match(tree ?? "", /^Dask: 5 processes on 4 machines\n/)
      const plan = yield* ClusterPlan.fromJson(json ?? "")
      assert.strictEqual(ClusterPlan.render(plan), tree?.trimEnd())
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  for (const [signal, code] of [["SIGINT", 130], ["SIGHUP", 129]] as const) {
    it.scopedLive(`${signal} while it starts ends everything at once, with ${code}`, () =>
      Effect.gen(function*() {
        const home = yield* Program.home
        // It may be up by then, if the signal is late.
        const demo = yield* Program.start(home, ["demo", "--keep", ...longLease])
        yield* Program.holds("a process runs", Effect.map(Program.leased(home), (count) => count > 0))
        yield* demo.signal(signal)
        assert.strictEqual(yield* demo.exit, code, demo.said.stderr)
        assert.include(demo.said.stdout, "Nothing left behind.")
        yield* Program.none("left behind", Program.leftovers(home))
      }))
  }

  it.scopedLive("--keep stays up until SIGTERM, cleans up and ends with 143", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const demo = yield* Program.start(home, ["demo", "--keep", ...longLease])
      yield* Program.holds("it is up", Effect.sync(() => demo.said.stdout.includes("stays up until Ctrl-C")))
      assert.include(demo.said.stdout, "Result: -285")
      assert.isAbove(yield* Program.leased(home), 3)
      yield* demo.signal("SIGTERM")
      assert.strictEqual(yield* demo.exit, 143, demo.said.stderr)
      assert.include(demo.said.stdout, "Nothing left behind.")
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  it.scopedLive("killed, it leaves nothing once the lease has run out", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const demo = yield* Program.start(home, ["demo", "--keep", "--lease", "3"])
      yield* Program.holds("it is up", Effect.sync(() => demo.said.stdout.includes("stays up until Ctrl-C")))
      assert.isAbove(yield* Program.leased(home), 3)
      yield* demo.signal("SIGKILL")
      assert.strictEqual(yield* demo.exit, "SIGKILL")
      yield* Program.none("left behind", Program.leftovers(home), 90)
    }))

  it.scopedLive("a host that nobody knows is an error with a hint, and everything else is undone", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const demo = yield* Program.start(home, ["demo", "--hosts", "nosuchalias", ...longLease])
      assert.strictEqual(yield* demo.exit, 1)
      // A step that took long is told first.
      assert.match(demo.said.stderr, /^nosuchalias: connect, NameUnknown: .*\nhint: .*\n$/m)
      assert.strictEqual(demo.said.stdout, "")
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  it.scopedLive("--hosts takes hosts of the ssh config; keys that are not known only with --accept-new", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const home = yield* Program.home
      const known = path.join(home, "known_hosts")
      const config = fs.readFileSync(sandbox.configFile, "utf8")
        .replaceAll("  StrictHostKeyChecking yes\n", "")
        .replaceAll(sandbox.knownHostsFile, known)
      fs.mkdirSync(path.join(home, ".ssh"), { mode: 0o700 })
      fs.writeFileSync(path.join(home, ".ssh", "config"), config, { mode: 0o600 })

      const refused = yield* Program.start(home, ["demo", "--hosts", "host-1,host-2", ...longLease])
      assert.strictEqual(yield* refused.exit, 1)
      assert.match(refused.said.stderr, /^host-\d: host key, HostKeyUnknown: .*\nhint: .*accept-new/ms)
      assert.isFalse(fs.existsSync(known))

      const demo = yield* Program.start(home, ["demo", "--hosts", "host-1, host-2", "--accept-new", ...longLease])
      assert.strictEqual(yield* demo.exit, 0, demo.said.stderr)
      assert.include(demo.said.stdout, "Result: -285")
      assert.include(demo.said.stdout, "TCP connections: host-1 1, host-2 1\n")
      assert.include(fs.readFileSync(known, "utf8"), sandbox.hosts[0]?.hostKey ?? "?")

      const half = yield* Program.start(home, ["demo", "--hosts", "host-1,nosuchalias", ...longLease])
      assert.strictEqual(yield* half.exit, 1)
      assert.match(half.said.stderr, /^nosuchalias: connect, NameUnknown: /m)
      assert.strictEqual(yield* Program.leased(path.dirname(sandbox.home)), 0)
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  it.scopedLive("a mistyped option is told once, and nothing is started", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const demo = yield* Program.start(home, ["demo", "--hsots", "a"])
      assert.strictEqual(yield* demo.exit, 2)
      assert.strictEqual(
        demo.said.stderr,
        "lazycluster demo has no option --hsots\nhint: did you mean --hosts?\n"
      )
      assert.strictEqual(demo.said.stdout, "")
    }))
})
