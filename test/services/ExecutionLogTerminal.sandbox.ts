/** What a real terminal gets: a program that logs to the console runs on a pty of its own. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

const program = `
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as ExecutionLog from "${root}src/services/ExecutionLog.ts"
Effect.runPromise(Effect.flatMap(ExecutionLog.ExecutionLog, (log) => log.open({ host: "host-1", task: "t" })).pipe(
  Effect.flatMap((log) => log.output("stdout", "\\u001b[31mred\\u001b[0m\\n")),
  Effect.scoped,
  Effect.provide(ExecutionLog.layerConsole({ directory: "/dev/null/none" })),
  Effect.provide(NodeContext.layer)
))
`

const printed = (python: string, env: Record<string, string>) =>
  Command.make("python3", "-c", python, process.execPath, "--import", "tsx", "--input-type=module", "-e", program).pipe(
    Command.workingDirectory(root),
    Command.env({ TERM: "xterm", ...env }),
    Command.string,
    Effect.map((text) => text.split(/\r?\n/).find((line) => line.includes("|")))
  )

const onTerminal = "import pty, sys; pty.spawn(sys.argv[1:])"
const onPipe = "import subprocess, sys; subprocess.run(sys.argv[1:])"

it.scopedLive("hosts have colours on a terminal, not under NO_COLOR, and not in a pipe", () =>
  Effect.gen(function*() {
    const coloured = (yield* printed(onTerminal, { NO_COLOR: "" })) ?? ""
    // In colour up to the end of its name.
    assert.isTrue(coloured.startsWith("\u001b[") && coloured.endsWith("mhost-1\u001b[0m | red"), coloured)
    assert.strictEqual(yield* printed(onTerminal, { NO_COLOR: "1" }), "host-1 | red")
    assert.strictEqual(yield* printed(onPipe, { NO_COLOR: "" }), "host-1 | red")
  }).pipe(Effect.provide(NodeContext.layer)))
