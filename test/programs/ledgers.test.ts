/** What `ledgers.sh` says of state directories that a test has written. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as programs from "../../src/internal/programs.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"

const read = (file: string) => fs.readFileSync(file, "utf8").trim()

const boot = () => read("/proc/sys/kernel/random/boot_id")

const machine = () =>
  [...(fs.existsSync("/etc/machine-id") ? [read("/etc/machine-id")] : []), read("/proc/sys/kernel/hostname")].join(" ")

const numbers = () => fs.readlinkSync("/proc/self/ns/pid")

const started = (pid: number) => read(`/proc/${pid}/stat`).replace(/.*\) /, "").split(" ")[19]

const shells = [["sh"], ["dash"], ["busybox", "sh"], ["bash", "--posix"]].filter(([name = ""]) =>
  spawnSync("sh", ["-c", `command -v ${name}`]).status === 0
)

it.scoped.skipIf(!fs.existsSync("/proc/self/ns/pid"))(
  "tells where runtimes are, who watches, what lives, and changes nothing",
  () =>
    Effect.gen(function*() {
      const home = yield* temporaryDirectory
      const base = path.join(home, "lazycluster")
      const make = (id: string, files: Readonly<Record<string, string>>, ledger?: string) => {
        fs.mkdirSync(path.join(base, id), { recursive: true })
        for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(base, id, name), text)
        if (ledger !== undefined) fs.writeFileSync(path.join(base, `${id}.json`), ledger)
      }
      const here = `${boot()}\n${machine()}\n${numbers()}\n`
      const me = `${process.pid} ${started(process.pid)}`
      make(
        "held",
        { boot: here, beat: `${"1 2 30".padEnd(60)}\n`, watchdog: `${me}\n`, sessions: `1 1\n${me}\nx\n` },
        `{"a":"\u0007x","processes":[{"name":"w","pid":${process.pid},"start":"1"},{"pid":999999999,"start":"1"}]}`
      )
      make("reused", { boot: here, beat: "1 2 5\n", watchdog: `${process.pid} 1\n` })
      fs.utimesSync(path.join(base, "reused", "beat"), new Date(), new Date(Date.now() - 100_000))
      make("earlier", { boot: `other\n${machine()}\n${numbers()}\n` }, "{}")
      make(
        "elsewhere",
        { boot: `${boot()}\nanother host\n${numbers()}\n`, watchdog: `${me}\n` },
        `{"pid":${process.pid}}`
      )
      make("container", { boot: `${boot()}\n${machine()}\npid:[1]\n` })
      make("long", { boot: here }, "x".repeat(300_000))
      fs.writeFileSync(path.join(base, "bare.json"), "{}\n{}")
      fs.writeFileSync(path.join(base, ".draft.json"), "{}")
      fs.writeFileSync(path.join(base, "a b;c.json"), "{}")
      const before = execFileSync("ls", ["-lRi", "--time-style=full-iso", base], { encoding: "utf8" })
      const { source } = yield* programs.load("ledgers", "sh")
      for (const [shell = "", ...options] of shells) {
        const said = execFileSync(shell, [...options, "-c", source], {
          encoding: "utf8",
          env: { PATH: process.env["PATH"], HOME: home, XDG_STATE_HOME: home }
        })
        const lines = said.trim().split("\n")
        assert.match(lines[0] ?? "", /^host \S+$/)
        assert.deepStrictEqual(
          lines.slice(1).map((line) => line.replace(/^(runtime (?:held|reused) .* )\d+$/, "$1AGE")).sort(),
          [
            "done",
            "ledger bare {}{}",
            "ledger earlier {}",
            `ledger elsewhere {"pid":${process.pid}}`,
            `ledger held {"a":"x","processes":[{"name":"w","pid":${process.pid},"start":"1"},{"pid":999999999,"start":"1"}]}`,
            "long long 300000",
            `process held ${me}`,
            "runtime bare - down - -",
            "runtime container elsewhere down - -",
            "runtime earlier earlier down - -",
            "runtime elsewhere elsewhere down - -",
            "runtime held here up 30 AGE",
            "runtime long here down - -",
            "runtime reused here down 5 AGE",
            `session held ${me} ${read(`/proc/${process.pid}/comm`)}`
          ],
          shell
        )
        assert.match(said, /^runtime reused here down 5 (99|1\d\d)$/m, shell)
      }
      assert.strictEqual(execFileSync("ls", ["-lRi", "--time-style=full-iso", base], { encoding: "utf8" }), before)
    })
)
