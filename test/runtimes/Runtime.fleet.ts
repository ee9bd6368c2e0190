/** Runtimes on real sshd: environment and setup without AcceptEnv, homes that two hosts share. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { rmSync, symlinkSync } from "node:fs"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import { Ledger } from "../../src/services/Ledger.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { tries } from "../patience.ts"

const sh = (runtime: Runtime.Runtime, line: string) =>
  Effect.flatMap(
    runtime.exec({ argv: ["sh", "-c", line] }),
    (process) => Stream.mkString(Stream.decodeText(process.stdout))
  ).pipe(Effect.scoped)

const ssh = (fleet: Fleet.Fleet["Type"]) =>
  Ssh.layer().pipe(Layer.provide(SshConfig.layer({ file: fleet.configFile })), Layer.provide(NodeContext.layer))

const fleet = (options: Fleet.Options) => Effect.provide(Fleet.make(options), NodeContext.layer)

describe.skipIf(!Fleet.available)("runtimes on the fleet", () => {
  it.scopedLive("environment and setup need nothing of sshd: it accepts no variable", () =>
    Effect.gen(function*() {
      const hosts = yield* fleet({ hosts: 1 })
      assert.strictEqual(
        (yield* hosts.exec(1, ["sh", "-c", "grep -ci '^acceptenv' /etc/ssh/sshd_config || true"])).trim(),
        "0"
      )
      yield* Effect.gen(function*() {
        const runtime = yield* Runtime.make("host1", {
          environment: { PLAIN: "a b", ODD: "'\n$x\\" },
          setup: "echo noise; MODULE=loaded; export MODULE"
        })
        const printed = yield* sh(runtime, `printf '%s|%s|%s|%s' "$PLAIN" "$ODD" "$MODULE" "$WORKING_DIR"`)
        assert.strictEqual(printed, `a b|'\n$x\\|loaded|${runtime.workingDirectory}`)
        const service = yield* runtime.start("show", { argv: ["sh", "-c", `printf '%s|%s' "$ODD" "$MODULE"`] })
        assert.strictEqual(yield* Stream.mkString(Stream.decodeText(service.output("out"))), "'\n$x\\|loaded")
      }).pipe(Effect.scoped, Effect.provide(ssh(hosts)))
    }))

  it.scopedLive("two hosts with one home leave one another's ledgers and processes alone", () =>
    Effect.gen(function*() {
      const hosts = yield* fleet({ hosts: 2 })
      // As with NFS: the second host boots with the first one's home.
      yield* hosts.kill(2)
      rmSync(`${hosts.disk(2)}/home`, { recursive: true })
      symlinkSync(`${hosts.disk(1)}/home`, `${hosts.disk(2)}/home`)
      yield* hosts.boot(2)
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        const one = yield* Scope.extend(Runtime.make("host1", { lease: "5 seconds" }), scope)
        const two = yield* Runtime.make("host2")
        const service = yield* two.start("long", { argv: ["sleep", "1000"] })
        yield* Scope.extend(one.start("long", { argv: ["sleep", "1000"] }), scope)

        const names = (runtime: Runtime.Runtime) =>
          Effect.map(
            sh(runtime, "cd ~/.local/state/lazycluster && ls -d *.json"),
            (text) => text.trim().split("\n").sort()
          )
        assert.deepStrictEqual(yield* names(one), [one.id, two.id].map((id) => `${id}.json`).sort())
        assert.deepStrictEqual(yield* names(two), yield* names(one))
        const read = (id: string) =>
          Effect.flatMap(sh(one, `cat ~/.local/state/lazycluster/${id}.json`), Schema.decode(Schema.parseJson(Ledger)))
        const ledgers = yield* Effect.all([read(one.id), read(two.id)])
        assert.deepStrictEqual(ledgers.map(({ hostname }) => hostname), ["host1", "host2"])
        assert.notStrictEqual(ledgers[0].bootId, ledgers[1].bootId)

        // Power cut and boot of the first: its next runtime sweeps what was its own, and nothing else.
        yield* hosts.kill(1)
        yield* hosts.boot(1)
        const again = yield* Runtime.make("host1").pipe(
          Effect.retry(tries(60, 500))
        )
        assert.deepStrictEqual(yield* names(again), [two.id, again.id].map((id) => `${id}.json`).sort())
        assert.strictEqual(yield* sh(two, `kill -0 ${service.pid} && echo lives`), "lives\n")
        assert.strictEqual(yield* Runtime.echo(two, "still here"), "still here")
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* sh(two, `kill -0 ${service.pid} && echo lives`), "lives\n")
      }).pipe(Effect.scoped, Effect.provide(ssh(hosts)))
    }))
})
