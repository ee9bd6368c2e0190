/** Asks real shells for completions, with the printed scripts and the command itself. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { execFile, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Program from "./program.ts"

const root = path.join(import.meta.dirname, "..", "..")

/** A home with an ssh config, and the command on the PATH: bundled, since under tsx each Tab would take seconds. */
const made = Effect.gen(function*() {
  const home = yield* Program.home
  // Packages are found from there.
  const dist = yield* Effect.acquireRelease(
    Effect.sync(() => {
      fs.mkdirSync(path.join(root, "node_modules", ".cache"), { recursive: true })
      return fs.mkdtempSync(path.join(root, "node_modules", ".cache", "lazycluster-completions-"))
    }),
    (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
  )
  yield* Effect.promise(() =>
    build({
      entryPoints: [path.join(root, "src/bin.ts")],
      outdir: dist,
      bundle: true,
      splitting: true,
      packages: "external",
      platform: "node",
      format: "esm",
      logLevel: "silent"
    })
  )
  fs.mkdirSync(path.join(home, "bin"))
  fs.writeFileSync(
    path.join(home, "bin", "lazycluster"),
    `#!/bin/sh\nexec '${process.execPath}' '${path.join(dist, "bin.js")}' "$@"\n`,
    { mode: 0o755 }
  )
  fs.mkdirSync(path.join(home, ".ssh", "conf.d"), { recursive: true })
  fs.writeFileSync(path.join(home, ".ssh", "config"), "Include conf.d/*\nHost cpu-1\n", { mode: 0o600 })
  fs.writeFileSync(path.join(home, ".ssh", "conf.d", "gpus"), "Host gpu-1 gpu-2 *.example\n", { mode: 0o600 })
  fs.writeFileSync(path.join(home, "other-config"), "Host elsewhere\n", { mode: 0o600 })
  return home
})

/** What a shell prints that runs a script in such a home. */
const printed = (home: string, shell: string, ...args: ReadonlyArray<string>) =>
  Effect.async<ReadonlyArray<string>>((resume) => {
    const child = execFile(shell, [...args], {
      cwd: home,
      env: { HOME: home, PATH: `${path.join(home, "bin")}:${process.env["PATH"]}`, TERM: "dumb" },
      timeout: 200_000
    }, (error, stdout, stderr) => {
      assert.isNull(error, stderr)
      resume(Effect.succeed(stdout.replace(/\n$/, "").split("\n")))
    })
    child.stdin?.end()
    return Effect.sync(() => child.kill())
  })

const have = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0

const bash = (lines: ReadonlyArray<string>): string =>
  `eval "$(lazycluster completions bash)"
ask() {
  COMP_LINE="$1" COMP_POINT=\${#1} COMPREPLY=()
  "$(complete -p lazycluster | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
  echo "\${COMPREPLY[*]}"
}
${lines.map((line) => `ask '${line}'\n`).join("")}`

const zsh = (lines: ReadonlyArray<string>): string =>
  `zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'PS1= RPS1=; unsetopt prompt_cr prompt_sp; autoload -Uz compinit; compinit -u -D
eval "$(lazycluster completions zsh)"
show() { print -r -- "<$BUFFER>"; BUFFER= }; zle -N show; bindkey "^X" show; print "rea""dy"'
zpty -r shell text '*ready*'
ask() { zpty -w -n shell "$1"$'\\t\\x18'; zpty -r shell text '*<*>*'; print -r -- "\${\${text##*<}%%>*}" }
${lines.map((line) => `ask '${line}'\n`).join("")}`

const fish = (lines: ReadonlyArray<string>): string =>
  `lazycluster completions fish | source
${lines.map((line) => `echo (complete -C '${line}' | string replace -r '\\t.*' '')\n`).join("")}`

describe("completions", () => {
  it.scopedLive("in bash", () =>
    Effect.gen(function*() {
      const script = bash([
        "lazycluster dem",
        "lazycluster demo --ke",
        "lazycluster demo --hosts ",
        "lazycluster demo --hosts=cpu-1,g",
        "lazycluster demo --config other-config --hosts ",
        "lazycluster demo --config oth",
        "lazycluster help dem",
        "lazycluster completions "
      ])
      assert.deepStrictEqual(yield* printed(yield* made, "bash", "--norc", "-c", script), [
        "demo",
        "--keep",
        "gpu-1 gpu-2 cpu-1",
        // Readline replaces what stands after the last =.
        "cpu-1,gpu-1 cpu-1,gpu-2",
        "elsewhere",
        "other-config",
        "demo",
        "bash zsh fish"
      ])
    }))

  it.scopedLive.skipIf(!have("zsh"))("in zsh", () =>
    Effect.gen(function*() {
      const script = zsh([
        "lazycluster dem",
        "lazycluster demo --ke",
        "lazycluster demo --hosts c",
        "lazycluster demo --hosts=cpu-1,g",
        "lazycluster demo --config oth",
        "lazycluster completions z"
      ])
      assert.deepStrictEqual(yield* printed(yield* made, "zsh", "-f", "-c", script), [
        "lazycluster demo ",
        "lazycluster demo --keep ",
        "lazycluster demo --hosts cpu-1 ",
        "lazycluster demo --hosts=cpu-1,gpu-",
        "lazycluster demo --config other-config ",
        "lazycluster completions zsh "
      ])
    }))

  it.scopedLive.skipIf(!have("fish"))("in fish", () =>
    Effect.gen(function*() {
      const script = fish([
        "lazycluster dem",
        "lazycluster demo --ke",
        "lazycluster demo --hosts ",
        "lazycluster demo --hosts cpu-1,g",
        "lazycluster demo --config oth",
        "lazycluster completions "
      ])
      assert.deepStrictEqual(yield* printed(yield* made, "fish", "--no-config", "-c", script), [
        "demo",
        "--keep",
        "cpu-1 gpu-1 gpu-2",
        "cpu-1,gpu-1 cpu-1,gpu-2",
        "other-config",
        "bash fish zsh"
      ])
    }))
})
