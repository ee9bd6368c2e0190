/** Who listens on a port, with the shells and the awks that hosts have. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import * as programs from "../../src/internal/programs.ts"

const where = (command: string) => spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).stdout.trim()
/** That of busybox takes its own ls and awk before those of the path. */
const shells = ["dash", "bash --posix"].map((shell) => shell.split(" "))
const awks = ["mawk", "gawk", "original-awk", "busybox"]

/** A port that this process listens on. */
const listening = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const at = server.address()
      resume(Effect.succeed({ port: at !== null && typeof at === "object" ? at.port : 0, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holder-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const asked = (shell: ReadonlyArray<string>, first: string, port: number) =>
  Effect.map(
    programs.load("holder", "sh"),
    ({ source }) =>
      execFileSync(shell[0] ?? "", [...shell.slice(1), "-c", source, "sh", `${port}`], {
        encoding: "utf8",
        env: { ...process.env, PATH: `${first}${delimiter}${process.env["PATH"]}`, TIME_STYLE: "full-iso" }
      }).trim()
  )

const me = `${process.pid} ${readFileSync("/proc/self/comm", "utf8").trim()}`

describe.each(shells.filter(([shell = ""]) => where(shell) !== "").map((shell) => ({ shell })))(
  "the holder of a port, asked with $shell.0",
  ({ shell }) => {
    for (const awk of awks.filter((awk) => where(awk) !== "")) {
      it.scopedLive(`and ${awk}: is named, after one look at all processes`, () =>
        Effect.gen(function*() {
          const { port } = yield* listening
          const bin = yield* folder
          symlinkSync(where(awk), join(bin, "awk"))
          const hex = port.toString(16).toUpperCase().padStart(4, "0")
          const row = readFileSync("/proc/net/tcp", "utf8").split("\n")
            .find((line) => line.includes(`:${hex} 00000000:0000 0A`))?.trim().split(/\s+/) ?? []
          // Stands first, and has a file open whose name looks like the socket, and one with an arrow in it.
          const stranger = [
            "1/fd:",
            "total 0",
            `lr-x------ 1 0 0 64 Jan  1 00:00 3 -> /tmp/a b socket:[${row[9]}]`,
            `lr-x------ 1 0 0 64 Jan  1 00:00 4 -> /tmp/a -> socket:[${row[9]}]`
          ]
          writeFileSync(
            join(bin, "ls"),
            `#!/bin/sh\necho x >>'${bin}/looks'\nprintf '%s\\n' ${
              stranger.map((line) => `'${line}'`).join(" ")
            } ''\nexec '${where("ls")}' "$@"\n`
          )
          chmodSync(join(bin, "ls"), 0o755)
          assert.strictEqual(yield* asked(shell, bin, port), me)
          assert.strictEqual(readFileSync(join(bin, "looks"), "utf8"), "x\n")
        }))
    }

    it.scopedLive("is nobody once it has gone", () =>
      Effect.gen(function*() {
        const port = yield* Effect.scoped(Effect.map(listening, ({ port }) => port))
        assert.strictEqual(yield* asked(shell, yield* folder, port), "nobody")
      }))
  }
)

describe.skipIf(where("busybox") === "")("on a host of busybox", () => {
  it.scopedLive("the holder of a port is named", () =>
    Effect.gen(function*() {
      const { port } = yield* listening
      const bin = yield* folder
      for (const name of ["ls", "awk"]) symlinkSync(where("busybox"), join(bin, name))
      assert.strictEqual(yield* asked(["busybox", "sh"], bin, port), me)
    }))
})
