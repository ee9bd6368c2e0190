/** `doctor.sh` among programs that are not what they should be. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as programs from "../../src/internal/programs.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"

/** What it says, run with these programs before those of the machine. */
const said = (fakes: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const directory = yield* temporaryDirectory
    const bin = path.join(directory, "bin")
    const home = path.join(directory, "home")
    fs.mkdirSync(bin)
    fs.mkdirSync(home)
    for (const [name, text] of Object.entries(fakes)) {
      fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    }
    const { source } = yield* programs.load("doctor", "sh")
    const { status, stderr, stdout } = spawnSync("sh", ["-c", source, "lazycluster-doctor", "look"], {
      encoding: "utf8",
      env: { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: home, TMPDIR: home, SHELL: "/bin/zsh", ...env }
    })
    assert.deepStrictEqual([status, stderr], [0, ""])
    assert.deepStrictEqual(fs.readdirSync(home), [])
    const lines = stdout.split("\n")
    return (key: string) => lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  })

describe("doctor.sh", () => {
  it.scopedLive("says what there is, and leaves nothing", () =>
    Effect.gen(function*() {
      const of = yield* said({ "nvidia-smi": "echo 550.54, NVIDIA A100; echo 550.54, NVIDIA A100" })
      assert.deepStrictEqual(of("lazycluster"), ["doctor"])
      assert.deepStrictEqual(of("gpu"), ["550.54, NVIDIA A100", "550.54, NVIDIA A100"])
      assert.deepStrictEqual(of("login"), ["/bin/zsh"])
      assert.deepStrictEqual(
        ["home", "cache", "tmp"].flatMap((place) => [...of(`write.${place}`), ...of(`run.${place}`)]),
        [
          "yes",
          "yes",
          "yes",
          "yes",
          "yes",
          "yes"
        ]
      )
      assert.match(of("clock")[0] ?? "", /^\d{10}/)
      assert.match(of("free.home")[0] ?? "", /^\d+$/)
      assert.match(of("files")[0] ?? "", /^\d+$/)
      assert.match(of("python")[0] ?? "", /^3\.\d+/)
      assert.deepStrictEqual(of("end"), ["-"])
    }))

  it.scopedLive("says what fails, and goes on", () =>
    Effect.gen(function*() {
      const of = yield* said({
        "nvidia-smi": "echo NVIDIA-SMI has failed; exit 9",
        python3: "echo broken >&2; exit 127",
        df: "exit 1"
      }, { HOME: "/proc/self", TMPDIR: "/nowhere/at/all" })
      assert.deepStrictEqual(of("nvidia"), ["fails NVIDIA-SMI has failed"])
      assert.deepStrictEqual(of("pythonFails"), ["broken"])
      assert.deepStrictEqual([...of("python"), ...of("free.home"), ...of("run.home")], [])
      assert.deepStrictEqual([...of("write.home"), ...of("write.cache"), ...of("write.tmp")], ["no", "no", "missing"])
      assert.deepStrictEqual(of("end"), ["-"])
    }))
})
