import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { eventually } from "../patience.ts"
import { configOf, connect, hostOf, layerOf, run } from "./ssh2Lab.ts"

const quietly = <A>(read: () => A, otherwise: A) => Effect.orElseSucceed(Effect.try(read), () => otherwise)

/** How many sockets and pipes this process holds open: what a connection could have opened. */
const open = Effect.suspend(() =>
  Effect.map(
    Effect.forEach(readdirSync("/proc/self/fd"), (fd) => quietly(() => readlinkSync(`/proc/self/fd/${fd}`), "")),
    (all) => all.filter((to) => /^(socket|pipe):/.test(to)).length
  )
)

/** Processes with a mark in their environment or command line. */
const marked = (mark: string) =>
  Effect.suspend(() =>
    Effect.filter(
      readdirSync("/proc").filter((name) => /^\d+$/.test(name)),
      (pid) =>
        Effect.map(
          Effect.all([
            quietly(() => readFileSync(`/proc/${pid}/cmdline`, "latin1"), ""),
            quietly(() => readFileSync(`/proc/${pid}/environ`, "latin1"), "")
          ]),
          (texts) => texts.some((text) => text.includes(mark))
        )
    )
  )

/** All that can be under way at once on a connection. */
const busy = (connection: SshConnection, home: string) =>
  Effect.all([
    run(connection, "sleep 1"),
    Effect.scoped(
      Effect.flatMap(
        connection.files,
        (files) => files.write(`${home}/written`, Stream.make(new Uint8Array(1_000_000)))
      )
    ),
    Effect.scoped(
      Effect.flatMap(connection.listen({ port: 0 }), ({ port }) => Effect.scoped(connection.dial({ port })))
    ),
    Effect.scoped(connection.dial({ port: 9 })).pipe(Effect.ignore)
  ], { concurrency: "unbounded" })

const seeds = Effect.map(Random.nextIntBetween(0, 2 ** 31), (seed) => {
  console.log(`seed of the interruptions: ${seed}`)
  return seed
})

const storm = (
  name: string,
  lines: (sandbox: Sandbox.Sandbox["Type"], mark: string) => ReadonlyArray<string>,
  target: string,
  rounds = 60
) =>
  it.scopedLive(name, () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: ["a", "b", "c"] })
      const mark = `lazycluster-test-${sandbox.home}`
      const file = configOf(sandbox, "storm", ...lines(sandbox, mark))
      const seed = yield* seeds
      const random = Random.make(seed)
      const { home } = hostOf(sandbox, target)
      const before = yield* open
      // The way is one that works.
      yield* Effect.scoped(Effect.provide(Effect.flatMap(connect(target), (it) => run(it, "true")), layerOf(file)))
      for (let round = 0; round < rounds; round++) {
        const moment = yield* random.nextIntBetween(0, 250)
        const fiber = yield* connect(target).pipe(
          Effect.flatMap((connection) => busy(connection, home)),
          Effect.scoped,
          Effect.provide(layerOf(file)),
          Effect.fork
        )
        yield* Effect.sleep(moment)
        yield* Fiber.interrupt(fiber)
        yield* eventually(Effect.gen(function*() {
          assert.deepStrictEqual(yield* marked(mark), [], `round ${round}, seed ${seed}`)
        }))
      }
      // The servers are in this process: they learn of the ends a moment later.
      yield* eventually(Effect.gen(function*() {
        assert.isAtMost(yield* open, before, `seed ${seed}`)
      }))
    }), 120_000)

describe("interrupted at a random moment, nothing is left of", () => {
  storm("a connection", () => [], "a")
  storm("one through a chain of jump hosts", () => ["Host c", "  ProxyJump a,b"], "c")
  storm("one through a ProxyCommand of several processes", (sandbox, mark) => {
    const { port } = hostOf(sandbox, "a")
    return ["Host a", `  ProxyCommand sh -c 'export MARK=${mark}; nc 127.0.0.1 ${port} | cat; :'`]
  }, "a")
  storm(
    "one whose ProxyCommand is deaf to signals",
    (sandbox, mark) => {
      const { port } = hostOf(sandbox, "a")
      const deaf = `export MARK=${mark}; trap "" TERM HUP; nc 127.0.0.1 ${port}; sleep 60`
      return ["Host c", "  ProxyJump a,b", "Host a", `  ProxyCommand sh -c '${deaf}'`]
    },
    "c",
    10
  )
})
