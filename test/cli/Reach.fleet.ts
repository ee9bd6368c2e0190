/** `expose`, `ps`, `shell` and `clean` on real sshd, on hosts that have no way to one another. */
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Ledgers from "../../src/runtimes/Ledgers.ts"
import * as Fleet from "../fleet/Fleet.ts"
import { comesTrue, eventually } from "../patience.ts"
import { run } from "./commandLine.ts"
import { inTerminal } from "./terminal.ts"

const page = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8001/').status)"

const environment = ".cache/lazycluster/environments/0123456789abcdef-cp311"

describe.skipIf(!Fleet.available)("commands on hosts", () => {
  layer(Fleet.layer({ hosts: 2 }), { excludeTestServices: true, timeout: "1 minute" })("of the fleet", (it) => {
    it.scoped(
      "expose leads from one to the other, ps shows it while it stands, and the port is free afterwards",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const config = ["--config", fleet.configFile] as const
          yield* fleet.exec(1, ["sh", "-c", "python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 &"])
          const words = ["expose", "8000", "--from", "host1", "--to", "host2", "--at", "8001", "--lease", "90"]
          const running = yield* Effect.fork(run(...words, ...config))
          const listens = Effect.map(fleet.listening(2), (all) => all.includes("127.0.0.1:8001"))
          yield* comesTrue(listens, 60, 250)
          assert.strictEqual(yield* eventually(fleet.exec(2, ["python3", "-c", page]), 60, 250), "200\n")
          const runtimes = Effect.gen(function*() {
            const { code, out } = yield* run("ps", "--hosts", "host1,host2", "--json", ...config)
            assert.strictEqual(code, 0)
            const found = yield* Schema.decode(Schema.parseJson(Ledgers.Ledgers))(out)
            return found.runtimes.filter(({ host }) => host.startsWith("host")).map(({ host, lease, ports, state }) =>
              [host, state, lease, ports] as const
            )
          })
          const held = [["host1", "held", 90, []], ["host2", "held", 90, [8001]]]
          // Silent for a moment where the manager had to wait for its turn.
          yield* eventually(Effect.map(runtimes, (all) => assert.deepStrictEqual(all.map((one) => [...one]), held)))
          yield* fleet.cut(2)
          const { code, err } = yield* run("ps", "--hosts", "host2", ...config)
          assert.strictEqual(code, 1)
          assert.include(err, "no answer from host2\n  | host2: ")
          yield* fleet.join(2)
          yield* eventually(fleet.exec(2, ["python3", "-c", page]), 60, 250)
          yield* Fiber.interrupt(running)
          assert.isFalse(yield* listens)
          assert.deepStrictEqual(yield* runtimes, [])
        }),
      240_000
    )

    it.scoped("shell has the terminal of sshd, and clean takes what is kept there", () =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const config = ["--config", fleet.configFile] as const
        const program = ["--", "sh", "-c", "pwd; tty; stty size; exit 5"]
        const { code, shown } = yield* inTerminal([], "shell", "host1", "--cwd", "/tmp", ...config, ...program)
        assert.strictEqual(code, 5, shown)
        assert.match(shown, /\/tmp\r\n\/dev\/pts\/\d+\r\n24 80\r\n/)
        const size = yield* fleet.exec(1, [
          "sh",
          "-c",
          `mkdir -p ~/${environment} && echo 1234 > ~/${environment}/x && echo ~`
        ])
        const cleaned = yield* run("clean", "host1", "host2", "--yes", ...config)
        assert.strictEqual(cleaned.code, 0, cleaned.err)
        assert.include(cleaned.out, "unfinished environment")
        assert.include(cleaned.err, "Removed 1 environment, 5 bytes.")
        assert.strictEqual(yield* fleet.exec(1, ["ls", "-A", `${size.trim()}/.cache/lazycluster/environments`]), "")
      }), 240_000)
  })
})
