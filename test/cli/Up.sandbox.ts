import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { stripVTControlCharacters } from "node:util"
import { UpReport } from "../../src/cli/Up.ts"
import * as Program from "./program.ts"

/** Longer than a test: what is gone before was ended by the program itself. */
const longLease = ["--lease", "10 minutes"]

const sum = `import sys
from distributed import Client
client = Client()
print(sum(client.gather(client.map(lambda x: x + 1, range(10)))))
print("that is all", file=sys.stderr)
sys.exit(3)`

const waiting = `import sys, time
print(sys.stdin.isatty(), sys.stdout.isatty())
time.sleep(1000)`

const search = `import math, os
from hyperopt import fmin, hp, rand
from hyperopt.mongoexp import MongoTrials
trials = MongoTrials(os.environ["MONGO_CONNECTION_URL"], exp_key="exp1")
best = fmin(math.sin, hp.uniform("x", -2, 2), trials=trials, algo=rand.suggest, max_evals=3, show_progressbar=False)
print(len(trials.trials), list(best))`

describe("lazycluster up", () => {
  it.scopedLive("dask -- PROGRAM ends with its code, with nothing but its output on standard output, and leaves nothing", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const up = yield* Program.start(home, ["up", "dask", "--sandbox", "2", ...longLease, "--", "python", "-c", sum])
      assert.strictEqual(yield* up.exit, 3, up.said.stderr)
      assert.strictEqual(up.said.stdout, "55\n")
      assert.match(up.said.stderr, /^that is all$/m)
      assert.match(up.said.stderr, /^ {2}host-2 +ended worker-2; .*removed \/\S+$/m, up.said.stderr)
      assert.match(up.said.stderr, /^Nothing left behind\.$/m)
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  it.scopedLive("dask --json says where it is in one line, and Ctrl-C cleans up, with 130", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const up = yield* Program.start(home, ["up", "dask", "--sandbox", "2", "--json", ...longLease])
      yield* Program.holds("it is up", Effect.sync(() => up.said.stdout.includes("\n")))
      const { addresses, processes } = yield* Schema.decode(Schema.parseJson(UpReport))(up.said.stdout)
      assert.match(addresses["scheduler"] ?? "", /^tcp:\/\/127\.0\.0\.1:\d+$/)
      assert.deepStrictEqual(processes.map(({ host }) => host), ["(manager)", "host-1", "host-2"])
      yield* up.signal("SIGINT")
      assert.strictEqual(yield* up.exit, 130, up.said.stderr)
      assert.lengthOf(up.said.stdout.split("\n"), 2)
      assert.match(up.said.stderr, /^Nothing left behind\.$/m)
      yield* Program.none("left behind", Program.leftovers(home))
    }))

  it.scopedLive("on a terminal the program has it as its own; killed, it takes the program with it", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const words = ["up", "dask", "--sandbox", "1", "--lease", "3", "--", "python", "-c", waiting]
      const up = yield* Program.start(home, words, { terminal: true })
      yield* Program.holds(
        "the program runs",
        Effect.sync(() => /^True True\r?$/m.test(stripVTControlCharacters(up.said.stdout))),
        60
      )
      const [own] = (yield* Program.processes(home)).filter((line) => /^\d+ \S+\/node --import tsx src\/bin/.test(line))
      yield* Effect.sync(() => process.kill(Number.parseInt(own ?? "", 10), "SIGKILL"))
      yield* Program.none("left behind", Program.leftovers(home), 90)
      // As a shell tells it.
      assert.include([-9, 247], yield* up.exit)
    }))

  it.scopedLive("hyperopt -- PROGRAM runs a search, which finds database and password by itself", () =>
    Effect.gen(function*() {
      const home = yield* Program.home
      const words = ["up", "hyperopt", "--sandbox", "1", ...longLease, "--", "python", "-c", search]
      const up = yield* Program.start(home, words)
      assert.strictEqual(yield* up.exit, 0, up.said.stderr)
      assert.strictEqual(up.said.stdout, "3 ['x']\n")
      yield* Program.none("left behind", Program.leftovers(home))
    }))
})
