/** Random programs over files, by a seed: what each of their operations gives, and the tree that is left. */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem, OpenFlag } from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { told, tree } from "./fileCaseOf.ts"

const names = ["a", "b", "c", "a/a", "a/b", "b/a", "b/c", "a/b/c", "b/c/a", "c/a", "a/", ".", "a/../b", ""] as const
const flags: ReadonlyArray<OpenFlag> = ["r", "r+", "w", "wx", "w+", "wx+", "a", "ax", "a+", "ax+"]

interface Operation {
  readonly words: string
  readonly run: (fs: FileSystem, at: (name: string) => string) => Effect.Effect<unknown, PlatformError>
}

const bytes = (text: string) => new TextEncoder().encode(text)
const plain = (content: Uint8Array) => new TextDecoder().decode(content)

/**
 * Copies of links differ, and so do lists that go through them: a program has links or copies. Its modes are those that its
 * user can work with.
 */
const operation = (links: boolean): Effect.Effect<Operation> =>
  Effect.gen(function*() {
    const pick = <A>(of: ReadonlyArray<A>) => Effect.map(Random.nextIntBetween(0, of.length), (at) => of[at] as A)
    const [one, other, yes, flag, size] = yield* Effect.all([
      pick(names),
      pick(names),
      Random.nextBoolean,
      pick(flags),
      Random.nextIntBetween(0, 20)
    ])
    const content = "0123456789abcdefghij".slice(0, size)
    const op = (words: string, run: Operation["run"]): Operation => ({ words, run })
    return yield* pick<Operation>([
      op(`makeDirectory ${one} ${yes}`, (fs, at) => Effect.asVoid(fs.makeDirectory(at(one), { recursive: yes }))),
      op(`makeDirectory ${one} 700`, (fs, at) => fs.makeDirectory(at(one), { mode: 0o700 })),
      op(`writeFile ${one} ${content} ${flag}`, (fs, at) => fs.writeFile(at(one), bytes(content), { flag })),
      op(`writeFile ${one} ${content}`, (fs, at) => fs.writeFile(at(one), bytes(content), { mode: 0o640 })),
      op(`readFile ${one}`, (fs, at) => Effect.map(fs.readFile(at(one)), plain)),
      op(
        `readDirectory ${one} ${yes}`,
        (fs, at) => Effect.map(fs.readDirectory(at(one), { recursive: yes && !links }), (all) => all.sort())
      ),
      op(`stat ${one}`, (fs, at) =>
        Effect.map(fs.stat(at(one)), ({ mode, size, type }) =>
          `${type} ${mode} ${type === "File" ? size : ""}`)),
      op(`exists ${one}`, (fs, at) =>
        fs.exists(at(one))),
      op(`remove ${one} ${yes} ${size % 2}`, (fs, at) => fs.remove(at(one), { recursive: yes, force: size % 2 === 0 })),
      op(`rename ${one} ${other}`, (fs, at) => fs.rename(at(one), at(other))),
      op(`link ${one} ${other}`, (fs, at) => fs.link(at(one), at(other))),
      op(`truncate ${one} ${size}`, (fs, at) => fs.truncate(at(one), size)),
      op(`chmod ${one}`, (fs, at) => fs.chmod(at(one), yes ? 0o755 : 0o700)),
      // libuv removes the target where the source is a directory.
      op(`copyFile ${one} ${other}`, (fs, at) =>
        Effect.flatMap(fs.stat(at(one)), ({ type }) =>
          type === "Directory" ? Effect.void : fs.copyFile(at(one), at(other)))),
      op(`open ${one} ${flag}`, (fs, at) =>
        Effect.scoped(Effect.gen(function*() {
          const file = yield* fs.open(at(one), { flag })
          yield* file.seek(2, "start")
          yield* Effect.ignore(file.writeAll(bytes(`<${content}>`)))
          yield* file.seek(1, "start")
          return yield* Effect.match(file.readAlloc(5), {
            onFailure: () =>
              "unreadable",
            onSuccess: (read) =>
              read._tag === "None" ? "" : plain(read.value)
          })
        }))),
      ...(links
        ? [
          op(`symlink ${one} ${other}`, (fs, at) =>
            fs.symlink(one === "" ? "." : one, at(other))),
          op(`readLink ${one}`, (fs, at) => fs.readLink(at(one)))
        ]
        : [op(`copy ${one} ${other} ${yes}`, (fs, at) =>
          // Node makes what is left again by "..", and looks at both ends at once.
          other.includes("..")
            ? Effect.void
            : Effect.zipRight(fs.access(at(one)), fs.copy(at(one), at(other), { overwrite: yes })))])
    ])
  })

/** What a program gives on a file system, operation by operation. */
const outcome = (fs: FileSystem, program: ReadonlyArray<Operation>) =>
  Effect.scoped(Effect.gen(function*() {
    // A program may remove it.
    const here = yield* Effect.acquireRelease(
      fs.makeTempDirectory(),
      (here) => Effect.ignore(fs.remove(here, { recursive: true, force: true }))
    )
    const at = (name: string) => `${here}/${name}`
    const lines = yield* Effect.forEach(program, ({ run, words }) =>
      Effect.match(run(fs, at), {
        onFailure: (error) => `${words}: ${told(error, here)}`,
        onSuccess: (value) => `${words}: ${JSON.stringify(value) ?? "done"}`
      }))
    const left = yield* Effect.catchAll(tree(fs, here), (error) => Effect.succeed([told(error, here)]))
    return [...lines, ...left]
  }))

/** Programs of one seed each: the same on both. All seeds are tried; what differs first is told of each. */
export const agree = (
  reference: FileSystem,
  ours: FileSystem,
  seeds: ReadonlyArray<number>,
  length: number
): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    const differences = yield* Effect.forEach(seeds, (seed) =>
      Effect.gen(function*() {
        const program = yield* Effect.all(Array.from({ length }, () => operation(seed % 2 === 0))).pipe(
          Effect.withRandom(Random.make(seed))
        )
        const [expected, found] = yield* Effect.all([outcome(reference, program), outcome(ours, program)])
        const at = Array.from({ length: Math.max(expected.length, found.length) }).findIndex((_, index) =>
          expected[index] !== found[index]
        )
        return at === -1
          ? []
          : [[`LAZYCLUSTER_SEED=${seed}`, ...expected.slice(0, at), `expected ${expected[at]}`, `found ${found[at]}`]]
      }))
    const lines = differences.flat().map((each) =>
      seeds.length === 1 ? each.join("\n") : [each[0], ...each.slice(-2)].join(" | ")
    )
    assert.strictEqual(lines.join("\n"), "")
  })
