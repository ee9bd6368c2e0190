import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as path from "node:path"
import { engines } from "../../src/cli/engines.ts"
import { StandardStreams } from "../../src/cli/StandardStreams.ts"
import { UpReport } from "../../src/cli/Up.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as InMemoryDask from "../../src/testing/InMemoryDask.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import * as InMemoryHyperopt from "../../src/testing/InMemoryHyperopt.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as VirtualTime from "../../src/testing/VirtualTime.ts"
import { until } from "../patience.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"
import { run, start } from "./commandLine.ts"
import * as memoryReach from "./memoryReach.ts"

const hosts = ["host-1", "host-2"]

/** A program of the user: says what it was told, and ends with the code that it is given. */
const train: Handler = ({ argv, cwd, env, readLine, stderr, stdout }) =>
  Effect.gen(function*() {
    const line = Option.getOrElse(yield* readLine, () => "nothing")
    yield* stdout(
      `${argv.slice(1).join(" ")} ${env["DASK_SCHEDULER_ADDRESS"] ?? env["MONGO_CONNECTION_URL"]} ${line}\n`
    )
    yield* stderr(cwd === process.cwd() ? "where it was typed\n" : `${cwd}\n`)
    return Number(argv[1])
  })

/** Another one, which does not end. */
const endless: Handler = ({ stdout }) => Effect.zipRight(stdout("runs\n"), Effect.never)

/** Hosts in memory, on which nothing may stay. */
const on = (commands: ReturnType<typeof InMemoryDask.commands>) => <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.flatMap(InMemorySsh.InMemorySsh, ({ files }) => files("(manager)")).pipe(
    // Programs run where the command was typed.
    Effect.tap((files) => files.makeDirectory(process.cwd())),
    Effect.zipRight(memoryReach.over(hosts)(test)),
    InMemorySsh.check(hosts, { commands: { ...commands, train, endless } }),
    VirtualTime.run()
  )
const onDask = on(InMemoryDask.commands())
const onHyperopt = on(InMemoryHyperopt.commands())

/** Ids of runs, digests of environments, times. */
const masked = (text: string) =>
  text.replaceAll(/lazycluster-[a-z0-9]{12}\b/g, "lazycluster-ID")
    .replaceAll(/environments\/[0-9a-f]{16}\S*?(?=\/|\s)/g, "environments/DIGEST")
    .replaceAll(/(?<=done in )[\d.]+/g, "N").replaceAll(/^\d\d:\d\d:\d\d/gm, "HH:MM:SS")
    .replaceAll(/pid \d+/g, "pid N").replaceAll(/ +\n/g, "\n")

const holds = (what: string, probe: () => boolean) =>
  Effect.map(until(Effect.sync(probe), (held) => held, 60, 100), (held) => assert.isTrue(held, what))

/** The streams of a program. */
const streams = () => {
  const said = { stdout: "", stderr: "" }
  const hear = (from: "stdout" | "stderr") =>
    Sink.forEach((bytes: Uint8Array) => Effect.sync(() => void (said[from] += new TextDecoder().decode(bytes))))
  return {
    said,
    given: Effect.provideService(StandardStreams, {
      stdin: Stream.encodeText(Stream.make("a line of input\n")),
      stdout: hear("stdout"),
      stderr: hear("stderr")
    })
  }
}

describe("up", () => {
  it("has an engine for each file, by name", () =>
    assert.deepStrictEqual(engines.map(({ name }) => name), ["dask", "hyperopt"]))

  it.effect("wants an engine, and one that there is", () =>
    Effect.gen(function*() {
      const none = yield* run("up")
      assert.deepStrictEqual([none.code, none.err], [
        2,
        "lazycluster up wants an engine: dask, hyperopt\nhint: lazycluster up dask\n"
      ])
      const other = yield* run("up", "dsak")
      assert.deepStrictEqual([other.code, other.err], [
        2,
        "lazycluster up has no command dsak\nhint: did you mean lazycluster up dask?\n"
      ])
    }))

  it.effect("refuses what contradicts itself, before it looks for hosts", () =>
    Effect.gen(function*() {
      const cases = [
        [["--workers", "2", "--per-host", "2"], "--workers, --per-host and --per-gpu exclude one another"],
        [["--nthreads", "0"], "--nthreads wants a number, 1 at least"],
        [["--memory-limit", "much"], "--memory-limit wants a size: --memory-limit 8GB"],
        [["--"], "nothing stands after --"],
        [["--json", "--", "train"], "--json and a program after -- exclude each other"]
      ] as const
      for (const [words, message] of cases) {
        const { code, err } = yield* run("up", "dask", ...words)
        assert.strictEqual(code, 2, err)
        assert.include(err, message)
      }
      const missing = yield* run("up", "dask", "--package", "numpy")
      assert.strictEqual(missing.code, 1)
      assert.include(missing.err, "no exact version in \"numpy\"")
    }))
})

describe("up dask", () => {
  it.effect("--plan says what would run where, as text or as JSON, and starts nothing", () =>
    Effect.gen(function*() {
      const words = ["up", "dask", "--plan", "--per-host", "1", "--nthreads", "1", "--memory-limit", "1GB", "--nanny"]
      const { code, err, out } = yield* run(...words, "--master-on", "host-2", "--package", "six==1.17.0")
      assert.deepStrictEqual([code, err], [0, ""])
      assert.match(out, /^Dask: 3 processes on 2 machines\n/)
      assert.match(out, /^host-2: Python environment of 27 packages\n {2}scheduler \(master\): .* scheduler /m)
      assert.match(out, /^ {2}worker-1 \(worker\): .* --nanny .* --nthreads 1 --memory-limit 1000000000 /m)
      const json = yield* run(...words, "--json")
      const plan = yield* ClusterPlan.fromJson(json.out)
      assert.deepStrictEqual(plan.processes.map(({ id, place }) => [id, place]), [
        ["scheduler", "(manager)"],
        ["worker-1", "host-1"],
        ["worker-2", "host-2"]
      ])
      // The same word as on other commands that change something.
      const dry = yield* run("up", "dask", ...words.slice(3), "--dry-run")
      assert.strictEqual(dry.out, ClusterPlan.render(plan) + "\n")
      const { processes } = yield* InMemorySsh.InMemorySsh
      assert.deepStrictEqual(yield* processes("host-1"), [])
    }).pipe(onDask))

  it.effect("says where it is and how to use it, tells what happens, and cleans up at Ctrl-C", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      const { fiber, said } = yield* start("up", "dask", "--workers", "2")
      yield* holds("it is up", () => said.err.includes("Ctrl-C"))
      yield* memory.kill("host-2", "worker-2")
      yield* holds("it is replaced", () => said.err.includes("worker-2 is ready on host-2"))
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      assert.strictEqual(
        said.out,
        `Dask is up: 2 workers on 2 hosts
  scheduler  tcp://127.0.0.1:8786
  dashboard  http://127.0.0.1:8787/status
`
      )
      assert.strictEqual(
        masked(said.err),
        `From Python:
  $ env DASK_SCHEDULER_ADDRESS=tcp://127.0.0.1:8786 /home/user/.cache/lazycluster/environments/DIGEST/bin/python
  >>> from distributed import Client
  >>> client = Client()
Ctrl-C ends the cluster and cleans up.
HH:MM:SS worker-2 ended on host-2 by SIGKILL
  | distributed.worker - INFO - Start worker at: tcp://127.0.0.1:60002
HH:MM:SS worker-2 is started again on host-2 in 500ms, attempt 1
HH:MM:SS worker-2 is started on host-2, pid N
HH:MM:SS worker-2 is ready on host-2
Cleanup
  (manager)  ended scheduler; removed /tmp/lazycluster-ID.memory
  host-1     ended worker-1; removed /tmp/lazycluster-ID.memory
  host-2     ended worker-2; removed /tmp/lazycluster-ID.memory
Kept on purpose, for the next time
  4096 bytes  /home/user/.cache/lazycluster/environments/DIGEST  (manager)
  4096 bytes  /home/user/.cache/lazycluster/environments/DIGEST  host-1, host-2
Nothing left behind.
`
      )
    }).pipe(onDask))

  it.effect("--json prints one line once it is up; --logs what processes print", () =>
    Effect.gen(function*() {
      const { fiber, said } = yield* start("up", "dask", "--json", "--logs")
      yield* holds("it is up", () => said.out.endsWith("\n"))
      const [line = "", ...rest] = said.out.split("\n")
      const report = yield* Schema.decode(Schema.parseJson(UpReport))(line)
      assert.deepStrictEqual(rest, [""])
      assert.deepStrictEqual(report.addresses, {
        scheduler: "tcp://127.0.0.1:8786",
        dashboard: "http://127.0.0.1:8787/status"
      })
      assert.deepStrictEqual(report.variables, { DASK_SCHEDULER_ADDRESS: "tcp://127.0.0.1:8786" })
      assert.deepStrictEqual(report.processes.map(({ host, process, role }) => `${process} ${role} ${host}`), [
        "scheduler master (manager)",
        "worker-1 worker host-1",
        "worker-2 worker host-2"
      ])
      yield* holds("it is told", () => said.err.includes("worker-2 on host-2 | distributed.worker - INFO - "))
      assert.notInclude(said.err, "Ctrl-C")
      yield* Fiber.interrupt(fiber)
    }).pipe(onDask))

  it.effect("ends with 1 and says why when the scheduler is gone", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      const { fiber, said } = yield* start("up", "dask")
      yield* holds("it is up", () => said.err.includes("Ctrl-C"))
      yield* memory.kill("(manager)", "scheduler")
      const exit = yield* Fiber.await(fiber)
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
      assert.strictEqual(error?._tag, "ClusterError")
      assert.include(said.err, "Nothing left behind.")
      assert.match(said.err, /\nDask on \(manager\): scheduler, Lost: .*\n/)
    }).pipe(onDask))

  it.effect("runs a program with the cluster in its environment and its streams, and ends with its code", () =>
    Effect.gen(function*() {
      const { given, said } = streams()
      const { code, err, out } = yield* given(run("up", "dask", "--hosts", "host-1", "--", "train", "3", "--json"))
      assert.deepStrictEqual([code, out], [3, ""], said.stderr)
      assert.deepStrictEqual(said, {
        stdout: "3 --json tcp://127.0.0.1:8786 a line of input\n",
        stderr: "where it was typed\n"
      })
      assert.match(err, /^Cleanup\n {2}\(manager\) +ended scheduler; removed .*\n {2}host-1 +ended worker-1; removed /m)
      assert.match(err, /Nothing left behind\.\n$/)
      const good = yield* streams().given(run("up", "dask", "--hosts", "host-1", "--", "train", "0"))
      assert.strictEqual(good.code, 0)
      const missing = yield* streams().given(run("up", "dask", "--hosts", "host-1", "--", "nowhere"))
      assert.strictEqual(missing.code, 127)
    }).pipe(onDask))

  it.effect("ends the program, and with 1, when the scheduler is gone", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      const { given, said } = streams()
      const { fiber, said: told } = yield* given(start("up", "dask", "--", "endless"))
      yield* holds("it runs", () => said.stdout === "runs\n")
      yield* memory.kill("(manager)", "scheduler")
      assert.isFalse(Exit.isInterrupted(yield* Fiber.await(fiber)))
      assert.match(told.err, /\nDask on \(manager\): scheduler, Lost: /)
      assert.deepStrictEqual(yield* memory.processes("(manager)"), [])
    }).pipe(onDask))

  it.effect("takes packages beside its own from a file, and all of them from a lock", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const packagesOf = (name: string, text: string) =>
        Effect.gen(function*() {
          fs.writeFileSync(path.join(directory, name), text)
          const { code, err, out } = yield* run(
            "up",
            "dask",
            "--plan",
            "--json",
            "--python-env",
            path.join(directory, name)
          )
          return code === 0 ? (yield* ClusterPlan.fromJson(out)).environments[1]?.packages ?? [] : [err]
        })
      const own = yield* packagesOf("requirements.txt", "# mine\nsix==1.17.0\ntoolz==1.0.0\n")
      assert.includeMembers([...own], ["six==1.17.0", "toolz==1.0.0"])
      assert.lengthOf(own.filter((line) => line.startsWith("toolz")), 1)
      const hash = `--hash=sha256:${"0".repeat(64)}`
      const locked = yield* packagesOf("locked.txt", `dask==2026.8.0 ${hash}\nsix==1.17.0 ${hash}\n`)
      assert.deepStrictEqual(locked, [`dask==2026.8.0 ${hash}`, `six==1.17.0 ${hash}`])
      const [loose = ""] = yield* packagesOf("loose.txt", "numpy\n")
      assert.include(loose, "no exact version in \"numpy\"")
    }).pipe(onDask))

  it.effect("leaves hosts of the ssh config out that lack something, and says so; one that was named must do", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      yield* memory.refuse("host-2")
      const { given } = streams()
      const { code, err } = yield* given(run("up", "dask", "--", "train", "0"))
      assert.strictEqual(code, 0)
      assert.match(err, /^without host-2: lazycluster list-runtimes says why$/m)
      const named = yield* given(run("up", "dask", "--hosts", "host-1,host-2", "--", "train", "0"))
      assert.strictEqual(named.code, 1)
      assert.match(named.err, /host-2: .*Refused/)
      const none = yield* given(run("up", "dask", "--has", "nvcc", "--", "train", "0"))
      assert.strictEqual(none.code, 1)
      assert.include(none.err, "hint: no host passes: mend what is listed, or ask for less")
    }).pipe(onDask))
})

describe("up hyperopt", () => {
  it.effect("--plan has MongoDB and workers with their options", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* run("up", "hyperopt", "--plan", "--exp-key", "exp 7", "--no-subprocesses")
      assert.deepStrictEqual([code, err], [0, ""])
      assert.match(out, /^Hyperopt: 3 processes on 3 machines\n/)
      assert.match(out, /^ {2}worker-2 \(worker\): .* --exp-key exp 7 --no-subprocesses$/m)
    }).pipe(onHyperopt))

  it.effect("gives a program the address and a home with the password", () =>
    Effect.gen(function*() {
      const { given, said } = streams()
      const { code } = yield* given(run("up", "hyperopt", "--hosts", "host-1", "--", "train", "4"))
      assert.strictEqual(code, 4)
      assert.strictEqual(said.stdout, "4 mongo://lazycluster@127.0.0.1:27017/hyperopt/jobs a line of input\n")
    }).pipe(onHyperopt))

  it.effect("says where trials are, without a secret", () =>
    Effect.gen(function*() {
      const { fiber, said } = yield* start("up", "hyperopt", "--exp-key", "a\"b")
      yield* holds("it is up", () => said.err.includes("Ctrl-C"))
      yield* Fiber.interrupt(fiber)
      assert.match(
        said.out,
        /^Hyperopt is up: 2 workers on 2 hosts\n {2}trials {2}mongo:\/\/lazycluster@127.0.0.1:27017\//
      )
      assert.include(said.err, "  >>> trials = MongoTrials(os.environ[\"MONGO_CONNECTION_URL\"], exp_key=\"a\\\"b\")\n")
    }).pipe(onHyperopt))
})
