import { assert, describe, it } from "@effect/vitest"
import * as DemoReport from "../../src/cli/DemoReport.ts"
import * as FileSize from "../../src/cli/FileSize.ts"
import { HostReport } from "../../src/runtimes/Cleanup.ts"

const report = (host: string, fields: Partial<HostReport> = {}) =>
  HostReport.make({
    host,
    runtime: "abc",
    reached: true,
    ended: 0,
    killed: 0,
    left: [],
    removed: [`/tmp/${host}`],
    kept: [],
    stuck: [],
    ...fields
  })

describe("DemoReport", () => {
  it("tells what became of each host in order, what is kept, and the verdict", () => {
    const text = DemoReport.cleanup({
      reports: [report("b", { ended: 2, killed: 1 }), report("(manager)"), report("a")],
      hosts: ["(manager)", "a", "b"],
      processes: [{ host: "(manager)", name: "scheduler" }, { host: "b", name: "worker-1" }],
      environments: [
        { host: "(manager)", directory: "/c/one", size: 192_000_000 },
        { host: "a", directory: "/c/two", size: 62_400_000 },
        { host: "b", directory: "/c/two", size: 62_400_000 }
      ]
    })
    assert.strictEqual(
      text,
      [
        "Cleanup",
        "  (manager)  ended scheduler; removed /tmp/(manager)",
        "  a          removed /tmp/a",
        "  b          ended worker-1; ended 2 more, 1 by KILL; removed /tmp/b",
        "Kept on purpose, for the next time",
        "  192 MB  /c/one  (manager)",
        "  62 MB   /c/two  a, b",
        "Nothing left behind."
      ].join("\n")
    )
    assert.isUndefined(DemoReport.leftBehind([report("a")]))
  })

  it("is not content with a host that was not reached, a process that lives or a directory that stays", () => {
    const cases = [
      [report("a", { reached: false }), "a: could not be reached"],
      [report("a", { left: ["17 python"] }), "a: process 17 python lives"],
      [report("a", { stuck: ["/tmp/x"] }), "a: /tmp/x could not be removed"]
    ] as const
    for (const [bad, line] of cases) {
      assert.deepStrictEqual(DemoReport.leftBehind([report("b"), bad])?.found, [line])
      const text = DemoReport.cleanup({ reports: [bad], hosts: ["a"], processes: [], environments: [] })
      assert.notInclude(text, "Nothing left behind")
      assert.include(text, line.slice(3))
    }
  })

  it("aligns columns, numbers to the right", () => {
    assert.strictEqual(
      DemoReport.table([["", "calls"], ["worker-1", 5], ["w", 12]]),
      "            calls\n  worker-1      5\n  w            12"
    )
  })

  it("writes sizes for people", () => {
    assert.deepStrictEqual([12, 62_400_000, 2_500_000_000].map(FileSize.render), ["12 bytes", "62 MB", "2.5 GB"])
  })
})
