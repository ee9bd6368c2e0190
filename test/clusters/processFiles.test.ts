import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Blueprint } from "../../src/clusters/Blueprint.ts"
import * as ClusterPlan from "../../src/clusters/ClusterPlan.ts"
import * as ClusterStatus from "../../src/clusters/ClusterStatus.ts"
import * as programs from "../../src/internal/programs.ts"
import type { Handler } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh } from "../../src/testing/InMemorySsh.ts"
import { blueprint, plan, process, server } from "./memoryCluster.ts"
import { cluster, on, states } from "./supervised.ts"

const content = "8Lz2b0ySwordfish"

/** Workers that read a secret and a program; `kind` as of the stand-in. */
const reading = (workers: number): Blueprint => {
  const made = blueprint({ workers })
  return {
    ...made,
    plan: (placement) => {
      const plan = made.plan(placement)
      return ClusterPlan.ClusterPlan.make({
        ...plan,
        processes: plan.processes.map((process): ClusterPlan.ProcessPlan => {
          const [command, ...words] = process.argv
          return process.role === "master" ? process : {
            ...process,
            env: { PASSWORD_FILE: ClusterPlan.secretWord("password") },
            argv: [command, ...words, ClusterPlan.programWord("holder.sh")],
            secrets: ["password"],
            files: [{ _tag: "Program", name: "holder.sh" }]
          }
        })
      })
    }
  }
}

/** Serves where both files are as they should be, and says where they are. */
const checking = (seen: Ref.Ref<ReadonlyArray<string>>): Handler => (process) =>
  Effect.gen(function*() {
    const { argv, env, files, stderr } = process
    const secret = env["PASSWORD_FILE"]
    if (secret === undefined) return yield* server(process)
    const read = (path: string) => Stream.mkString(Stream.decodeText(files.readAll(path)))
    const mode = (path: string) => Effect.map(files.stat(path), (found) => Option.getOrThrow(found).mode & 0o777)
    const program = argv.at(-1) ?? ""
    const modes = yield* Effect.forEach([secret, program, secret.replace(/\/[^/]*$/, "")], mode)
    const told = [yield* read(secret), yield* read(program)]
    yield* Ref.update(seen, (all) => [...all, secret])
    return modes.join() === [0o600, 0o600, 0o700].join() && told[0] === content &&
        told[1] === programs.read("holder", "sh").replace(/^[ \t]*(?:#.*)?\n|^[ \t]+/gm, "")
      ? yield* server(process)
      : yield* Effect.as(stderr(`${modes.map((mode) => mode.toString(8)).join()} ${told.join()}\n`), 1)
  }).pipe(Effect.orDie)

describe("secrets of a process", () => {
  it.effect("are files of the process alone, written at each start and removed with it, and are told nowhere", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const logged = yield* Ref.make<ReadonlyArray<string>>([])
      yield* Effect.gen(function*() {
        const hosts = yield* InMemorySsh
        const isThere = (host: string, path: string) =>
          Effect.flatMap(hosts.files(host), (files) => Effect.map(files.stat(path), Option.isSome))
        const { cluster: made, events } = yield* cluster(["a", "b"], reading(1), {
          secrets: { password: Redacted.make(content) },
          restart: Schedule.recurs(1)
        })
        yield* hosts.kill("a", "server")
        yield* Effect.sleep("5 seconds")
        // The second death is one too many here: it moves.
        yield* hosts.kill("a", "server")
        yield* Effect.sleep("5 seconds")
        assert.deepStrictEqual(yield* states(made), ["master on (manager): ready", "worker-1 on b: ready"])
        const paths = yield* Ref.get(seen)
        assert.strictEqual(new Set(paths).size, 3)
        assert.deepStrictEqual(
          yield* Effect.forEach(paths, (path, index) => isThere(index < 2 ? "a" : "b", path)),
          [false, false, true]
        )
        const now = yield* made.plan
        const json = yield* Schema.encode(Schema.parseJson(ClusterPlan.ClusterPlan))(now)
        const printed = [
          ClusterPlan.render(now),
          json,
          ClusterPlan.renderDiff(ClusterPlan.diff(now, plan([], []))),
          ClusterStatus.render(yield* made.status),
          JSON.stringify(yield* events)
        ]
        assert.include(json, "password")
        assert.deepStrictEqual(printed.filter((text) => text.includes(content)), [])
        const record = JSON.stringify(yield* hosts.record)
        // What it should have seen is there.
        assert.include(record, "PASSWORD_FILE")
        assert.notInclude(record, content)
      }).pipe(
        on(["a", "b"], { server: checking(seen) }),
        Effect.provide(Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ annotations, message }) =>
            Effect.runSync(Ref.update(logged, (all) => [...all, JSON.stringify([message, [...annotations]])]))
          )
        ))
      )
      assert.notInclude((yield* Ref.get(logged)).join("\n"), content)
    }))

  it.effect("that are not given are told before anything starts", () =>
    Effect.gen(function*() {
      const hosts = yield* InMemorySsh
      const error = yield* Effect.flip(
        cluster(["a"], reading(1), { secrets: { pasword: Redacted.make(content) } }).pipe(Effect.scoped)
      )
      assert.deepInclude(error, {
        _tag: "ClusterError",
        reason: "Plan",
        detail: "worker-1 needs the secret password, which is not given: give it in the option `secrets`"
      })
      assert.notInclude(`${error.message}${JSON.stringify(error)}`, content)
      assert.notInclude((yield* hosts.commandsOn("(manager)")).flat(), "server")
    }).pipe(on(["a"])))

  it("must be named by the process whose words need them, as files can be", () => {
    const one = {
      ...process("w1", "worker", "a"),
      argv: [ClusterPlan.secretWord("key"), ClusterPlan.programWord("other.py")] as const,
      secrets: ["../escape", "twice", "twice"],
      files: [{ _tag: "Program" as const, name: "a/b.py" }]
    }
    assert.deepStrictEqual(ClusterPlan.faults(plan([process("master", "master", "(manager)"), one], []), []), [
      "w1 names the file twice twice",
      `w1 names a secret "../escape", which is no name for a file`,
      "w1 names a/b.py, which is no program",
      "a word of w1 names the file key, which it does not have",
      "a word of w1 names the file other.py, which it does not have",
      "w1 needs the secret ../escape, which is not given: give it in the option `secrets`",
      "w1 needs the secret twice, which is not given: give it in the option `secrets`",
      "w1 needs the secret twice, which is not given: give it in the option `secrets`"
    ])
  })
})
