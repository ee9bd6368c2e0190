import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const limits = fileURLToPath(new URL("../../programs/guardian/08-limits.sh", import.meta.url))

/** Hundredths of a core and bytes that a process in `below` may use, of four cores and no limit of memory. */
const climb = (files: Readonly<Record<string, string>>, below: string): string => {
  const top = mkdtempSync(join(tmpdir(), "limits-"))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(top, name)), { recursive: true })
    writeFileSync(join(top, name), `${text}\n`)
  }
  const script = `. "$1"; lc_cores=400 lc_memory=0; lc_climb "$2" "$3"; echo "$lc_cores $lc_memory"`
  const said = execFileSync("sh", ["-c", script, "sh", limits, top, below], { encoding: "utf8" }).trim()
  rmSync(top, { recursive: true })
  return said
}

describe("quotas of cgroups", () => {
  it("of version 2: the least one on the way up counts", () => {
    assert.strictEqual(
      climb({
        "a/cpu.max": "300000 100000",
        "a/memory.max": "1073741824",
        "a/b/cpu.max": "150000 100000",
        "a/b/memory.max": "max"
      }, "/a/b"),
      "150 1073741824"
    )
    assert.strictEqual(climb({ "a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000" }, "/a/b"), "50 0")
  })

  it("of version 1: no quota is -1, no limit nearly 2^63", () => {
    assert.strictEqual(
      climb(
        { "a/cpu.cfs_quota_us": "250000", "a/cpu.cfs_period_us": "100000", "a/memory.limit_in_bytes": "4096" },
        "/a"
      ),
      "250 4096"
    )
    assert.strictEqual(
      climb({
        "a/cpu.cfs_quota_us": "-1",
        "a/cpu.cfs_period_us": "100000",
        "a/memory.limit_in_bytes": "9223372036854771712"
      }, "/a"),
      "400 0"
    )
  })
})
