import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import * as Sandbox from "../../src/testing/Sandbox.ts"
import { eventually } from "../patience.ts"
import { run as runCommand } from "../testing/sandboxClients.ts"
import { configOf, connect, hostOf, layerOf, run } from "./ssh2Lab.ts"

const counts = (sandbox: Sandbox.Sandbox["Type"]) => Effect.forEach(sandbox.hosts, (host) => host.connections)

/** Where the host sees that we come from: a jump host dials from a socket of its own. */
const whoAmI = "echo $HOME"

const circle = ["Host host-1", "  ProxyJump host-2", "Host host-2", "  ProxyJump host-1"]

/** How many connections each host accepted since, for us and for OpenSSH's own client on the same config. */
const both = (sandbox: Sandbox.Sandbox["Type"], file: string, target: string) =>
  Effect.gen(function*() {
    const since = (before: ReadonlyArray<number>) =>
      Effect.map(counts(sandbox), (now) => now.map((count, index) => count - (before[index] ?? 0)))
    const start = yield* counts(sandbox)
    const ours = yield* connect(target).pipe(
      Effect.flatMap((connection) => run(connection, whoAmI)),
      Effect.scoped,
      Effect.provide(layerOf(file))
    )
    const oursDialled = yield* since(start)
    const middle = yield* counts(sandbox)
    const theirs = yield* runCommand(Command.make("ssh", "-F", file, "-o", "BatchMode=yes", target, whoAmI))
    const theirsDialled = yield* since(middle)
    assert.strictEqual(ours.stdout, theirs.stdout.toString(), theirs.stderr)
    assert.strictEqual(ours.stdout, `${hostOf(sandbox, target).home}\n`)
    return { oursDialled, theirsDialled }
  })

describe("jump hosts", () => {
  it.scopedLive("one: reached over its shared connection", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 3 })
      const file = configOf(sandbox, "one", "Host host-2 host-3", "  ProxyJump host-1")
      yield* Effect.gen(function*() {
        yield* connect("host-1")
        const [two, three] = yield* Effect.all([connect("host-2"), connect("host-3")], { concurrency: 2 })
        assert.strictEqual((yield* run(two, whoAmI)).stdout, `${hostOf(sandbox, "host-2").home}\n`)
        assert.strictEqual((yield* run(three, whoAmI)).stdout, `${hostOf(sandbox, "host-3").home}\n`)
        assert.deepStrictEqual(yield* counts(sandbox), [1, 1, 1])
      }).pipe(Effect.scoped, Effect.provide(layerOf(file)))
    }), 60_000)

  it.scopedLive("a chain: each through the one before, as ssh does", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 4 })
      const file = configOf(sandbox, "chain", "Host host-4", "  ProxyJump host-1,host-2,host-3")
      const { oursDialled, theirsDialled } = yield* both(sandbox, file, "host-4")
      assert.deepStrictEqual(oursDialled, [1, 1, 1, 1])
      assert.deepStrictEqual(theirsDialled, oursDialled)
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive("of a chain, only the nearest is reached by its own jumps, as ssh does", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: ["target", "a", "b", "before-a", "before-b"] })
      const file = configOf(
        sandbox,
        "own",
        "Host target",
        "  ProxyJump a,b",
        "Host a",
        "  ProxyJump before-a",
        "Host b",
        "  ProxyJump before-b"
      )
      const { oursDialled, theirsDialled } = yield* both(sandbox, file, "target")
      assert.deepStrictEqual(oursDialled, [1, 1, 1, 1, 0])
      assert.deepStrictEqual(theirsDialled, oursDialled)
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive("a later hop's ProxyCommand does not count, as for ssh", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 3 })
      const file = configOf(
        sandbox,
        "command",
        "Host host-3",
        "  ProxyJump host-1,host-2",
        "Host host-2",
        "  ProxyCommand false"
      )
      const { oursDialled, theirsDialled } = yield* both(sandbox, file, "host-3")
      assert.deepStrictEqual([oursDialled, theirsDialled], [[1, 1, 1], [1, 1, 1]])
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive(
    "two hosts behind the same chain share its connections; all end with their last user",
    () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.make({ hosts: ["a", "b", "x", "y"] })
        const file = configOf(sandbox, "shared", "Host x y", "  ProxyJump a,b")
        yield* Effect.gen(function*() {
          yield* Effect.scoped(Effect.all([connect("x"), connect("y")], { concurrency: 2 }))
          assert.deepStrictEqual(yield* counts(sandbox), [1, 1, 1, 1])
          // Nothing was kept: the next user dials anew.
          yield* Effect.scoped(connect("x"))
          assert.deepStrictEqual(yield* counts(sandbox), [2, 2, 2, 1])
        }).pipe(Effect.provide(layerOf(file)))
      }),
    60_000
  )

  it.scopedLive(
    "a jump host that goes takes those behind it along, and the next user gets new ones",
    () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.make({ hosts: ["a", "b", "x"] })
        const file = configOf(sandbox, "gone", "Host x", "  ProxyJump a,b")
        yield* Effect.gen(function*() {
          const first = yield* connect("x")
          yield* hostOf(sandbox, "a").cut
          assert.strictEqual((yield* Effect.flip(first.lost)).reason, "LinkLost")
          const second = yield* connect("x")
          assert.strictEqual((yield* run(second, whoAmI)).stdout, `${hostOf(sandbox, "x").home}\n`)
          assert.deepStrictEqual(yield* counts(sandbox), [2, 2, 2])
        }).pipe(Effect.scoped, Effect.provide(layerOf(file)))
      }),
    60_000
  )

  it.scopedLive(
    "a host that ends behind a jump host is lost, though its jump host stands",
    () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.make({ hosts: ["a", "x"] })
        const file = configOf(sandbox, "end", "Host x", "  ProxyJump a")
        yield* Effect.gen(function*() {
          const jump = yield* connect("a")
          const behind = yield* connect("x")
          yield* hostOf(sandbox, "x").cut
          assert.strictEqual((yield* Effect.flip(behind.lost)).reason, "LinkLost")
          assert.strictEqual((yield* run(jump, whoAmI)).stdout, `${hostOf(sandbox, "a").home}\n`)
        }).pipe(Effect.scoped, Effect.provide(layerOf(file)))
      }),
    60_000
  )

  it.scopedLive("a circle is refused, not waited for", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: 2 })
      const error = yield* connect("host-1").pipe(
        Effect.scoped,
        Effect.flip,
        Effect.provide(layerOf(configOf(sandbox, "circle", ...circle)))
      )
      assert.strictEqual(error._tag, "SshConfigError")
      assert.match(error.message, /ProxyJump goes in a circle: host-1, host-2, host-1/)
      assert.deepStrictEqual(yield* counts(sandbox), [0, 0])
    }), 60_000)

  it.scopedLive("each error names the host that it is about", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: ["a", "b"] })
      const errorOf = (name: string, ...lines: ReadonlyArray<string>) =>
        connect("target").pipe(
          Effect.scoped,
          Effect.flip,
          Effect.map((error) => `${error.host} ${error.reason}`),
          Effect.provide(layerOf(configOf(sandbox, name, ...lines)))
        )
      const behind = ["Host target", "  HostName 127.0.0.1", "  Port 1", "  ProxyJump a,b"]
      assert.strictEqual(yield* errorOf("dead-target", ...behind), "target Refused")
      const dead = ["Host target", "  ProxyJump a,nobody", "Host nobody", "  HostName 127.0.0.1", "  Port 1"]
      assert.strictEqual(yield* errorOf("dead-hop", ...dead), "nobody Refused")
      const strange = `${sandbox.home}/strange`
      writeFileSync(strange, "")
      const unknown = ["Host target", "  ProxyJump a,b", "Host b", `  UserKnownHostsFile ${strange}`]
      assert.strictEqual(yield* errorOf("unknown-hop", ...unknown), "b HostKeyUnknown")
    }), 60_000)

  it.scopedLive("the deadline covers the hops", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ hosts: ["a", "b", "x"] })
      yield* hostOf(sandbox, "b").stall
      const file = configOf(sandbox, "late", "Host x", "  ProxyJump a,b", "  ConnectTimeout 5")
      const error = yield* connect("x").pipe(Effect.scoped, Effect.flip, Effect.provide(layerOf(file)))
      assert.strictEqual(`${error.host} ${error.reason}`, "x Timeout")
      assert.include(error.message, "through `a, b`")
      yield* hostOf(sandbox, "b").resume
      yield* eventually(Effect.gen(function*() {
        assert.deepStrictEqual(yield* counts(sandbox), [1, 1, 0])
      }))
    }), 60_000)
})
