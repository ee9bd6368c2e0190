import { assert, expect, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import * as path from "node:path"
import * as Cli from "../../src/cli/Cli.ts"
import * as built from "../package/built.ts"
import * as Program from "./program.ts"
import * as Screen from "./screen.ts"
import { facts, inOrder, masked } from "./screenMask.ts"

interface Kept {
  readonly line: string
  /** What is kept of the screen. */
  readonly as?: (screen: string) => string
}

const asIs = (screen: string) => screen

/** What a user types, by the name of its file in screens/. */
const wide: Record<string, Kept> = {
  "version": { line: "lazycluster --version" },
  "help": { line: "lazycluster", as: asIs },
  "help-demo": { line: "lazycluster help demo", as: asIs },
  "help-up-dask": { line: "lazycluster up dask --help", as: asIs },
  "help-run": { line: "lazycluster run -h", as: asIs },
  "mistyped-command": { line: "lazycluster dmeo" },
  "mistyped-option": { line: "lazycluster demo --hsots a" },
  "no-host": { line: "lazycluster run --hosts nosuchhost -- true" },
  "list-runtimes": { line: "lazycluster list-runtimes --sandbox 2" },
  "run-on-all": { line: "lazycluster run --sandbox 2 --on-all -- 'echo out; echo err >&2; exit 3'", as: inOrder },
  "add-runtime": { line: "lazycluster add-runtime box me@192.0.2.11 --no-test; cat .ssh/config" },
  "add-runtime-again": { line: "lazycluster add-runtime box me@192.0.2.12" },
  "delete-runtime": { line: "lazycluster delete-runtime box; lazycluster delete-runtime box" },
  "get": { line: "echo hi > note; lazycluster get $PWD/note copies --sandbox 2; cat copies/*/note" },
  "logs": { line: "lazycluster run --sandbox 1 --name greet -- echo hello; lazycluster logs --task greet --list" },
  "clean": { line: "lazycluster clean --sandbox 1 --older-than 1000d --dry-run" },
  "expose": { line: "lazycluster expose 8080 --from host-1 --sandbox 2 --dry-run" },
  "shell": { line: "lazycluster shell host-1 --sandbox 1 -- 'echo hello; exit 7'" },
  "ps": { line: "lazycluster ps --sandbox 2" },
  "up-dask-plan": { line: "lazycluster up dask --sandbox 2 --plan" },
  "demo": { line: "lazycluster demo --workers 2" },
  "config": { line: "lazycluster config" },
  "info": { line: "lazycluster info", as: facts },
  // Standard output in a pipe, then standard error as the file that it went to.
  "pipe-list-runtimes": { line: "lazycluster list-runtimes --sandbox 2 2>err | cat; echo; cat err" },
  "pipe-json": { line: "lazycluster ps --sandbox 2 --json 2>/dev/null | cat" }
}

/** In 50 columns. */
const narrow: Record<string, Kept> = {
  "narrow-help": { line: "lazycluster", as: asIs },
  "narrow-config": { line: "lazycluster config" },
  "narrow-info": { line: "lazycluster info", as: facts },
  "narrow-list-runtimes": { line: "lazycluster list-runtimes --sandbox 2" }
}

const isAsKept = (name: string, text: string) =>
  Effect.promise(() =>
    expect(`${text}\n`).toMatchFileSnapshot(path.join(import.meta.dirname, "screens", `${name}.txt`))
  )

/** What is typed, or to be typed, and the path of a file are one line however narrow the terminal is. */
const tooWide = (screen: Screen.Screen) =>
  screen.wider.filter((line) => !/^( {2}\$| {2}lazycluster|\[0\] \$|nothing set by) |^ {2}\w[\w ]* {2,}.*\//.test(line))

class Terminals extends Context.Tag("lazycluster/test/Terminals")<
  Terminals,
  { readonly wide: Screen.Terminal; readonly narrow: Screen.Terminal }
>() {}

const terminals = Layer.scoped(
  Terminals,
  Effect.gen(function*() {
    const home = yield* Program.home
    const command = yield* built.command
    return { wide: yield* Screen.open({ home, command }), narrow: yield* Screen.open({ home, command, columns: 50 }) }
  })
)

// In CI a terminal is wanted: without tmux the tests fail there.
const runs = process.env["CI"] !== undefined || Either.isRight(Either.try(() => execFileSync("tmux", ["-V"])))
const name = runs ? "in a terminal" : "in a terminal (skipped: tmux is not installed)"

layer(terminals, { excludeTestServices: true, timeout: "2 minutes" })(name, (it) => {
  const on = runs ? it.effect : it.effect.skip

  for (const [name, { as = masked, line }] of Object.entries(wide)) {
    on(line, () =>
      Effect.gen(function*() {
        const screen = yield* (yield* Terminals).wide.run(line)
        yield* isAsKept(name, as(screen.text))
      }))
  }

  for (const [name, { as = masked, line }] of Object.entries(narrow)) {
    on(`${line}, in 50 columns`, () =>
      Effect.gen(function*() {
        const screen = yield* (yield* Terminals).narrow.run(line)
        assert.deepStrictEqual(tooWide(screen), [])
        yield* isAsKept(name, as(screen.text))
      }))
  }

  on("the help of every command fits 50 columns", () =>
    Effect.gen(function*() {
      const { narrow } = yield* Terminals
      const names = Cli.tree.commands.map(({ name }) => name)
      const screen = yield* narrow.run(`for name in ${names.join(" ")}; do lazycluster help $name; done`, 180)
      assert.deepStrictEqual(tooWide(screen), [])
      assert.strictEqual(screen.text.match(/^Usage$/gm)?.length, names.length)
    }))

  on("what doctor finds of a machine fits both", () =>
    Effect.gen(function*() {
      const { narrow, wide } = yield* Terminals
      for (const terminal of [wide, narrow]) {
        const screen = yield* terminal.run("lazycluster doctor --sandbox 2")
        assert.deepStrictEqual(tooWide(screen), [])
        assert.match(screen.text, /^. host-2 /m)
        assert.include(screen.text, "\nWho reaches whom without SSH\n")
      }
    }))

  on("put draws a bar for each host, and takes it away again", () =>
    Effect.gen(function*() {
      const { wide } = yield* Terminals
      yield* wide.fresh
      yield* wide.type("truncate -s 200M big && lazycluster put big data --sandbox 2")
      const bar = /^. host-(1|2) {2}put big {2}\d+\.\d s {2}\[=*> *\] +\d+% {2}\d+ MB of 210 MB/gm
      // One may begin when the other is done.
      const bars = new Map<string, Screen.Screen>()
      yield* wide.until((screen) => {
        for (const [, host = ""] of screen.text.matchAll(bar)) bars.set(host, screen)
        return bars.size === 2 || wide.done(screen)
      })
      assert.deepStrictEqual([...bars.keys()].toSorted(), ["1", "2"])
      for (const screen of bars.values()) assert.deepStrictEqual(tooWide(screen), [])
      const after = yield* wide.until(wide.done)
      assert.notInclude(after.text, "MB of")
      yield* isAsKept("put", inOrder(after.text))
    }))

  on("up shows the cluster while it is up, and what goes after Ctrl-C", () =>
    Effect.gen(function*() {
      const { wide } = yield* Terminals
      yield* wide.fresh
      yield* wide.type("lazycluster up dask --sandbox 2")
      const up = yield* wide.until(({ text }) => /^host-2 .* worker-2 +ready /m.test(text))
      assert.deepStrictEqual(tooWide(up), [])
      yield* wide.key("C-c")
      const after = yield* wide.until(wide.done)
      assert.match(after.text, /\nNothing left behind\.\n\[130\] \$$/)
      yield* isAsKept("up-dask", masked(after.text))
    }))

  on("colours are for a terminal, and not under NO_COLOR", () =>
    Effect.gen(function*() {
      const { wide } = yield* Terminals
      const coloured = yield* wide.run("lazycluster ps --help")
      assert.include(coloured.colours, "\u001b[")
      const plain = yield* wide.run("NO_COLOR=1 lazycluster ps --help")
      assert.strictEqual(plain.colours, plain.text)
      assert.strictEqual(plain.text.replace("NO_COLOR=1 ", ""), coloured.text)
    }))
})
