/** What `ps` tells of a manager that lives, and of one that was killed with -9. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Ledgers from "../../src/runtimes/Ledgers.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import * as patience from "../patience.ts"
import { run } from "./commandLine.ts"

const dying = fileURLToPath(new URL("dyingRuntimes.ts", import.meta.url))

const started = (configFile: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--import", "tsx", dying, configFile], { stdio: ["ignore", "pipe", "inherit"] })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  ).pipe(
    Effect.tap((child) => Effect.async<void>((resume) => void child.stdout.once("data", () => resume(Effect.void))))
  )

it.scopedLive("ps shows both runtimes of a manager, silent once it is killed, and nothing when the lease has run out", () =>
  Effect.gen(function*() {
    const { configFile } = yield* Sandbox.make({ hosts: 1 })
    const child = yield* started(configFile)
    // Others on this machine have runtimes of their own.
    const mine = Effect.gen(function*() {
      const { code, out } = yield* run("ps", "--json", "--config", configFile, "--hosts", "host-1")
      assert.strictEqual(code, 0)
      const { runtimes } = yield* Schema.decode(Schema.parseJson(Ledgers.Ledgers))(out)
      const [host] = runtimes.filter(({ host }) => host === "host-1")
      const owned = runtimes.filter(({ lease, processes }) => lease === 20 && processes[0]?.command === "sleep")
      return { host: Option.fromNullable(host), owned }
    })
    // Silent for a moment where the manager had to wait for its turn.
    const { host, owned } = yield* patience.until(mine, ({ owned }) => owned.every(({ state }) => state === "held"))
    assert.deepStrictEqual(
      owned.map(({ host, processes, state }) => [host, state, processes.map(({ alive }) => alive)]),
      [["(manager)", "held", [true]], ["host-1", "held", [true]]]
    )
    assert.isTrue(Option.isSome(host) && host.value.workingDirectory.includes("/host-1/tmp/"))
    child.kill("SIGKILL")
    const states = Effect.map(
      mine,
      ({ host }) => Option.match(host, { onNone: () => "gone", onSome: ({ state }) => state })
    )
    const until = (wanted: string) =>
      Effect.map(
        patience.until(states, (state) => state === wanted, 90, 300),
        (state) => assert.strictEqual(state, wanted)
      )
    yield* until("silent")
    yield* until("gone")
  }))
