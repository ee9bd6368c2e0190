/** From nothing to a Dask cluster on two hosts, with the lines of README.md and in a home that has a key and nothing else. */
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Fleet from "../fleet/Fleet.ts"
import * as built from "../package/built.ts"
import * as Program from "./program.ts"
import * as Screen from "./screen.ts"

/** The lines of the blocks under a heading of README.md, in order. */
const linesUnder = (heading: string): ReadonlyArray<string> => {
  const readme = fs.readFileSync(path.join(built.root, "README.md"), "utf8")
  const section = readme.split(/^(?=## )/m).find((text) => text.startsWith(`## ${heading}\n`)) ?? ""
  return [...section.matchAll(/^```bash\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.split("\n"))
    .map((line) => line.replace(/ {2,}# .*$/, "").trim())
    .filter((line) => line !== "")
}

/** What a stranger types instead: the page cannot know where hosts are, and what npm has fetched for the tests is there. */
const typed = (line: string): string =>
  line.replace(/\bme@192\.0\.2\.1(\d)\b/g, "root@10.77.0.$1").replace("npm install && ", "")

describe.skipIf(!Fleet.available)("the README", () => {
  layer(Fleet.layer({ hosts: 2 }), { excludeTestServices: true, timeout: "1 minute" })("on two hosts", (it) => {
    it.scoped(
      "leads a stranger from nothing to a Dask cluster, and nothing is left",
      () =>
        Effect.gen(function*() {
          const fleet = yield* Fleet.Fleet
          const home = yield* Program.home
          const clone = yield* built.sourcesAlone
          const ssh = path.join(home, ".ssh")
          yield* Effect.sync(() => {
            fs.mkdirSync(ssh, { mode: 0o700 })
            fs.copyFileSync(path.join(path.dirname(fleet.configFile), "id_ed25519"), path.join(ssh, "id_ed25519"))
            // The way into the hosts' network, which is the stranger's own matter.
            const way = fs.readFileSync(fleet.configFile, "utf8").match(/^ *ProxyCommand .*$/m)?.[0] ?? ""
            fs.writeFileSync(path.join(ssh, "config"), `Host *\n${way}\n`, { mode: 0o600 })
          })
          const prefix = path.join(home, "npm")
          const terminal = yield* Screen.open({
            home,
            directory: clone,
            rows: 60,
            env: {
              PATH: `${prefix}/bin:${process.env["PATH"] ?? ""}`,
              npm_config_prefix: prefix,
              npm_config_update_notifier: "false"
            }
          })
          const lines = linesUnder("Your own hosts").map(typed)
          const screens: Array<string> = []
          for (const line of lines) {
            yield* terminal.fresh
            yield* terminal.type(line)
            const asked = yield* terminal.until((screen) => terminal.done(screen) || /\(y\/N\)/.test(screen.text), 120)
            if (!terminal.done(asked)) yield* terminal.key("y")
            const { text } = yield* terminal.until(terminal.done, 120)
            assert.match(text, /\n\[0\] \$$/, `${line}\n${text}`)
            screens.push(text)
          }
          const of = (words: string) => screens.filter((text) => text.startsWith(`[0] $ ${words}`)).join("\n")
          assert.match(of("lazycluster add-runtime box-1"), /^box-1 {2}active /m)
          assert.match(of("lazycluster add-runtime box-2"), /^box-2 {2}active /m)
          assert.match(of("lazycluster doctor"), /^. box-2 /m)
          assert.match(of("lazycluster up dask"), /^Sum of squares: 285$/m)
          assert.match(of("lazycluster up dask"), /^Workers: 2$/m)
          for (const host of [1, 2]) {
            yield* Program.none(
              `left on host${host}`,
              Effect.map(fleet.processes(host), (all) => all.map(({ command }) => command)).pipe(Effect.orDie),
              10
            )
          }
          yield* Program.holds("nothing runs here", Effect.map(Program.leased(home), (count) => count === 0))
          yield* Program.none("left here", Program.files(home))
        }),
      300_000
    )
  })
})
