/** Whose stage a transfer takes over: that of one that has ended, or ends soon. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as programs from "../../src/internal/programs.ts"
import { comesTrue } from "../patience.ts"
import { temporary } from "../services/transferTrees.ts"

const shells = ["dash", "bash --posix", "busybox sh"].map((shell) => shell.split(" "))
const there = (command: string) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0

/** A process, ended with the scope. */
const started = (command: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] })),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const statOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")

/** What is left of a transfer to this target whose process this is: half of a file. */
const left = (base: string, pid: number) => {
  const stage = join(base, ".lazycluster-transfer", `key.${pid}`)
  mkdirSync(join(stage, "big"), { recursive: true })
  mkdirSync(join(stage, "tree"))
  writeFileSync(join(stage, "big", "half"), "half")
  writeFileSync(join(stage, "owner"), `${pid} ${statOf(pid)[19]}\n`)
  return stage
}

/** A transfer to that target, and what it has staged once it has said so. */
const staging = (shell: ReadonlyArray<string>, base: string) =>
  Effect.gen(function*() {
    const { source } = yield* programs.load("transfer", "sh")
    const [command = "", ...options] = shell
    const child = yield* started(command, ...options, "-c", source, "sh", "open", "-", "", "key", "directory")
    let said = ""
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1")
    })
    child.stdin?.write(`${base}/copy\n-\nstage\n`)
    const mine = join(base, ".lazycluster-transfer", `key.${child.pid}`)
    // It has made its own stage, and looks at those of others.
    yield* comesTrue(Effect.sync(() => existsSync(join(mine, "owner"))))
    return {
      child,
      mine,
      staged: Effect.as(
        comesTrue(Effect.sync(() => said.endsWith("\0ok\0"))),
        Effect.sync(() => readdirSync(join(mine, "big")))
      ).pipe(Effect.flatten)
    }
  })

describe.each(shells.filter(([shell = ""]) => there(shell)).map((shell) => ({ shell })))(
  "a transfer with $shell.0",
  ({ shell }) => {
    it.scopedLive("goes on with what one has left that ends a moment later", () =>
      Effect.gen(function*() {
        const base = yield* temporary
        const owner = yield* started("sleep", "1000")
        const stage = left(base, owner.pid ?? 0)
        const { staged } = yield* staging(shell, base)
        owner.kill("SIGKILL")
        assert.deepStrictEqual(yield* staged, ["half"])
        assert.isFalse(existsSync(stage))
        assert.isTrue(ended(owner))
      }))

    it.scopedLive("goes on with what one has left that nobody has waited for", () =>
      Effect.gen(function*() {
        const base = yield* temporary
        // It ends once its parent has become one that waits for nobody.
        const parent = yield* started("sh", "-c", "exec 3<&0; sh -c 'read -r _ <&3' & echo $!; exec sleep 1000")
        const pid = yield* Effect.async<number>((resume) => {
          parent.stdout?.once("data", (chunk: Buffer) => resume(Effect.succeed(Number(chunk.toString()))))
        })
        yield* comesTrue(Effect.sync(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n"))
        parent.stdin?.end()
        yield* comesTrue(Effect.sync(() => statOf(pid)[0] === "Z"))
        const stage = left(base, pid)
        const { staged } = yield* staging(shell, base)
        assert.deepStrictEqual(yield* staged, ["half"])
        assert.isFalse(existsSync(stage))
      }))

    it.scopedLive("leaves what belongs to one that goes on, and both have what is theirs", () =>
      Effect.gen(function*() {
        const base = yield* temporary
        const one = yield* staging(shell, base)
        assert.deepStrictEqual(yield* one.staged, [])
        writeFileSync(join(one.mine, "big", "first"), "1")
        const two = yield* staging(shell, base)
        assert.deepStrictEqual(yield* two.staged, [])
        assert.deepStrictEqual(yield* one.staged, ["first"])
      }))
  }
)
