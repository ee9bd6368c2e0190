import { assert, describe, it } from "@effect/vitest"
import * as ClusterView from "../../src/cli/ClusterView.ts"
import * as Paint from "../../src/cli/Paint.ts"
import { ClusterStatus, HostStatus, ProcessStatus } from "../../src/clusters/ClusterStatus.ts"
import { HostUsage } from "../../src/runtimes/HostUsage.ts"

const gib = 1024 ** 3

const process = (
  id: string,
  host: string,
  state: "ready" | "restarting" | "moving" = "ready",
  restarts = 0
) => ProcessStatus.make({ process: id, role: id === "scheduler" ? "master" : "worker", host, state, pid: 7, restarts })

const view = (change: Partial<ClusterView.ClusterView> = {}): ClusterView.ClusterView => ({
  status: ClusterStatus.make({
    engine: "Dask",
    processes: [
      process("scheduler", "(manager)"),
      process("worker-1", "host-1"),
      process("worker-2", "host-2", "restarting", 2),
      process("worker-3", "host-1", "ready", 1)
    ],
    hosts: [
      HostStatus.make({ host: "(manager)", link: "up" }),
      HostStatus.make({ host: "host-1", link: "up" }),
      HostStatus.make({ host: "host-2", link: "away" })
    ]
  }),
  since: 0,
  ready: new Map([["scheduler", 0], ["worker-1", 0], ["worker-2", 0], ["worker-3", 130_000]]),
  facts: new Map([["(manager)", { cpus: 8, memory: 32 * gib }], ["host-1", { cpus: 2.5, memory: 4 * gib }]]),
  usage: new Map([
    ["(manager)", HostUsage.make({ load: [0.52, 1, 1], memoryAvailable: 24 * gib })],
    ["host-1", HostUsage.make({ load: [3.04, 1, 1], memoryAvailable: gib })],
    ["host-2", HostUsage.make({})]
  ]),
  lines: [
    {
      process: "worker-1",
      host: "host-1",
      from: "err",
      line: "Starting established connection to tcp://127.0.0.1:8786 now"
    },
    { process: "worker-3", host: "host-1", from: "err", line: "\u001b[31mred\u001b[0m\rline" }
  ],
  ...change
})

const room = (columns: number, rows: number, colours = false) => ({
  columns,
  rows,
  now: 190_000,
  paint: Paint.make(colours)
})

describe("the view of a cluster", () => {
  it("shows hosts with load, processes with state, restarts and time, and what was printed last", () =>
    assert.strictEqual(
      `\n${ClusterView.render(view(), room(100, 30)).join("\n")}\n`,
      `
Dask: 3 of 4 processes are ready, up 3 min
HOST           LOAD        MEMORY               PROCESS    STATE       RESTARTS     UP
(manager)      0.5 of 8    8.0 GiB of 32.0 GiB  scheduler  ready                 3 min
host-1         3.0 of 2.5  3.0 GiB of 4.0 GiB   worker-1   ready                 3 min
                                                worker-3   ready              1   60 s
host-2 (away)                                   worker-2   restarting         2

worker-1 | Starting established connection to tcp://127.0.0.1:8786 now
worker-3 | redline
`
    ))

  it("fits the width, the widest columns first", () => {
    const lines = ClusterView.render(view(), room(60, 30))
    assert.strictEqual(
      `\n${lines.join("\n")}\n`,
      `
Dask: 3 of 4 processes are ready, up 3 min
HOST     LOAD     MEMORY   PROCESS  STATE    RESTAR…     UP
(manag…  0.5 of…  8.0 Gi…  schedu…  ready             3 min
host-1   3.0 of…  3.0 Gi…  worker…  ready             3 min
                           worker…  ready          1   60 s
host-2…                    worker…  restar…        2

worker-1 | Starting established connection to tcp://127.0.…
worker-3 | redline
`
    )
    for (const line of lines) assert.isBelow(line.length, 60)
  })

  it("fits the height: processes before what was printed, and those first that are not ready", () => {
    const eight = ClusterView.render(view(), room(100, 9))
    assert.lengthOf(eight, 8)
    assert.include(eight.at(-1), "worker-3 | redline")
    const five = ClusterView.render(view(), room(100, 5))
    assert.lengthOf(five, 5)
    assert.match(five.join("\n"), /worker-2 +restarting/)
    assert.strictEqual(five.at(-1), "and 2 more")
  })

  it("paints what is not well", () => {
    const lines = ClusterView.render(view(), room(100, 30, true)).join("\n")
    const paint = Paint.make(true)
    assert.include(lines, paint.bad("restarting"))
    assert.include(lines, paint.good("ready"))
  })
})
