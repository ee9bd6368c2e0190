/** A line of setup: what it leaves in the environment, and what becomes of one that fails. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as programs from "../../src/internal/programs.ts"
import type { SshConnection } from "../../src/services/SshConnection.ts"
import type { Connect } from "./guardianConformance.ts"
import { begin, exists, lives, newId, run, shell, startLine, talk } from "./guardianSession.ts"

/** It makes a program, puts it into PATH, and sets what is hard to carry. */
const line = `
echo noise; echo more noise >&2
mkdir -p bin && printf '#!/bin/sh\\necho a tool\\n' >bin/lc-tool && chmod +x bin/lc-tool || exit
PATH=$PWD/bin:$PATH
ODD="a 'b' \\"c\\"
\\$d \\\\ #"
export PATH ODD
`
const odd = `a 'b' "c"\n$d \\ #`

/** As a runtime does, through `run`; gives what it printed behind the first line, which says where it is. */
const recorded = Effect.fnUntraced(function*(
  connection: SshConnection,
  state: string,
  env: ReadonlyArray<string>,
  argv: ReadonlyArray<string>
) {
  const process = yield* connection.exec({
    program: yield* programs.load("run", "sh"),
    words: ["", `${state}/sessions`, ...env, "--", ...argv]
  })
  yield* process.endInput
  const [stdout, stderr] = yield* Effect.all([
    Stream.mkString(Stream.decodeText(process.stdout)),
    Stream.mkString(Stream.decodeText(process.stderr))
  ], { concurrency: 2 })
  return { stdout: stdout.slice(stdout.indexOf("\n") + 1), stderr }
}, Effect.scoped)

export const guardianSetup = (connect: Connect): void => {
  it.scopedLive("a line of setup: commands, services and facts have what it leaves, and nothing of what it prints", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const guardian = yield* talk(connection, ["new", yield* newId, "", "30", "0", `setup=${line}`, "lc-tool", "sh"])
      const { state, workingDirectory } = yield* guardian.ready
      const tool = (yield* guardian.heard).flatMap((message) =>
        message._tag === "Fact" && message.key === "executable" ? [message.value] : []
      )
      assert.include(tool, `lc-tool ${workingDirectory}/bin/lc-tool`)

      assert.deepStrictEqual(
        yield* recorded(connection, state, [], ["sh", "-c", `printf '%s' "$ODD"; lc-tool`]),
        { stdout: `${odd}a tool\n`, stderr: "" }
      )
      // The program itself is looked for in the new PATH, and what is given wins.
      assert.deepStrictEqual(yield* recorded(connection, state, [], ["lc-tool"]), { stdout: "a tool\n", stderr: "" })
      assert.deepStrictEqual(
        yield* recorded(connection, state, ["ODD=given"], ["sh", "-c", `printf '%s' "$ODD"`]),
        { stdout: "given", stderr: "" }
      )
      yield* guardian.say(startLine("service", [], ["sh", "-c", `printf '%s' "$ODD"; exec lc-tool`]))
      assert.strictEqual(yield* guardian.exited("service"), 0)
      assert.strictEqual((yield* run(connection, ["cat", `${state}/service.out`])).stdout, `${odd}a tool\n`)
      assert.strictEqual((yield* run(connection, ["cat", `${state}/service.err`])).stdout, "")
      assert.strictEqual(yield* shell(connection, `stat -c %a "$1/environment"`, state), "600")

      // Whoever takes the runtime over finds it as it was.
      yield* guardian.hangUp
      const second = yield* talk(connection, ["resume", state.slice(state.lastIndexOf("/") + 1), "", "30", "2"])
      yield* second.ready
      assert.deepStrictEqual(yield* recorded(connection, state, [], ["lc-tool"]), { stdout: "a tool\n", stderr: "" })
      assert.include(yield* second.end(10), `removed ${workingDirectory}`)
      assert.isFalse(yield* exists(connection, state))
    }))

  it.scopedLive("a line of setup that fails is told with what it printed, and leaves nothing", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      const id = yield* newId
      const directory = yield* shell(connection, `mktemp -d`)
      yield* Effect.addFinalizer(() => Effect.ignore(shell(connection, `rm -rf -- "$1"`, directory)))
      const failing = `echo out; echo "no module	named cuda" >&2; sleep 1000 & echo $! >pid; false`
      const guardian = yield* talk(connection, ["new", id, directory, "30", "0", `setup=${failing}`])
      const refused = yield* guardian.until("refused", (message) => message._tag === "Refused" ? message : undefined)
      assert.deepStrictEqual(refused, { _tag: "Refused", reason: "setup", detail: "1\tout\tno module named cuda\t" })
      const base = yield* shell(connection, `echo "\${XDG_STATE_HOME:-$HOME/.local/state}/lazycluster"`)
      assert.isFalse(yield* exists(connection, `${base}/${id}`))
      const pid = yield* shell(connection, `cat "$1/pid"`, directory)
      assert.match(pid, /^\d+$/)
      assert.isFalse(yield* lives(connection, pid))
    }))

  it.scopedLive("a line of setup that is no shell, or exits, fails as well", () =>
    Effect.gen(function*() {
      const connection = yield* connect
      for (const [text, code] of [["if", undefined], ["exit 7", "7"]] as const) {
        const guardian = yield* talk(connection, ["new", yield* newId, "", "30", "0", `setup=${text}`])
        const { detail, reason } = yield* guardian.until(
          "refused",
          (message) => message._tag === "Refused" ? message : undefined
        )
        assert.strictEqual(reason, "setup")
        if (code === undefined) assert.notMatch(detail, /^0\t/)
        else assert.match(detail, /^7\t/)
      }
      // Without one, there is no such file.
      const plain = yield* begin(connection)
      assert.isFalse(yield* exists(connection, `${plain.state}/environment`))
      yield* plain.end(10)
    }))
}
